"""How Tiingo is asked: its faults, its key and its pace."""

from typing import Any

import pandas as pd
import pytest

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.archive import Chunk
from stockseq.sources.settings import TiingoSettings
from stockseq.sources.tiingo import TiingoSource
from stockseq.testing import check_source
from tests.service_server import FAULTS, Fault
from tests.service_server.faults import PASSING
from tests.sources.tiingo.scenario import AUTUMN, NOW, busy, dropped, fetch, patience, source, states
from tests.tiingo_server import API_KEY, TiingoServer, article


def test_a_question_names_one_ticker_and_days_to_spare(server: TiingoServer) -> None:
    """Its last day may end as it begins; the key goes in a header, never in the address."""
    fetch(server, "BRK-B")
    assert server.log[0].path == "/tiingo/news"
    assert server.log[0].query == {
        "tickers": "brk-b",
        "startDate": "2024-09-30",
        "endDate": "2025-01-03",
        "limit": "10",
        "offset": "0",
        "sortBy": "crawlDate",
    }
    assert server.log[0].headers["authorization"] == f"Token {API_KEY}"


@pytest.mark.parametrize("answer", [{"detail": "Error"}, None, "news", 5, {"news": []}, [None, 5], [[], []]])
def test_an_answer_of_another_shape_is_no_empty_news(server: TiingoServer, answer: Any) -> None:
    """Read as "no news" it would be believed for ever."""
    server.edit = lambda request, given: answer
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "isn't the answer that was asked for" in fetched.outcomes["KOLA"].reason


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_no_headline(server: TiingoServer, fault: Fault) -> None:
    """On the first page or on one in the middle."""
    server.articles = busy(25)
    expected = fetch(server).headlines
    for number in (1, 3):
        server.forget()
        server.faults[number] = fault
        pd.testing.assert_frame_equal(fetch(server, **patience(fault)).headlines, expected)
        assert len(server.log) == 5 or patience(fault)


ENDS_THE_RUN = ("401", "403", "reset", "no answer in time")


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "not UTF-8"])
def test_a_fault_that_lasts_fails_the_ticker_or_ends_the_run(
    server: TiingoServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """From the second page on: what came before is not taken for all; no message holds the key."""
    server.articles = busy(25)
    server.rule = lambda request: fault if request.number >= 2 else None
    with caplog.at_level("DEBUG"):
        if fault in ENDS_THE_RUN:
            with pytest.raises(SourceError) as raised:
                fetch(server, attempts=2, **patience(fault))
            said = str(raised.value)
        else:
            fetched = fetch(server, attempts=2, **patience(fault))
            said = fetched.outcomes["KOLA"].reason
            assert states(fetched) == {"KOLA": ("unknown" if fault == "404" else "failed", 0)}
            assert fetched.headlines.empty
    if fault in ("401", "403"):
        assert "check TIINGO_API_KEY in the environment; news are an add-on that is paid for" in said
        assert len(server.log) == 2
    assert "\n" not in said
    assert API_KEY not in said + caplog.text
    assert len(server.log) <= 12


def test_letters_that_are_not_utf8_cost_their_item(server: TiingoServer) -> None:
    """A title of mangled letters is no headline; the others come."""
    server.rule = lambda request: "not UTF-8"
    server.articles = busy(9)
    fetched = fetch(server)
    assert dropped(fetched)
    assert all(text.isascii() for text in fetched.headlines["text"])


def test_a_wrong_key_ends_the_run_and_a_missing_one_asks_nothing(
    server: TiingoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable, where to get a key, and none in any sentence or repr."""
    monkeypatch.setenv("TIINGO_API_KEY", "wr0ng-token")
    tiingo = source(server)
    with pytest.raises(SourceError, match=r"check TIINGO_API_KEY in the environment") as raised:
        tiingo.fetch_chunk(Chunk(("KOLA",), *AUTUMN), now=NOW)
    for text in (str(raised.value), repr(raised.value), repr(tiingo), repr(vars(tiingo)), repr(tiingo.settings)):
        assert "wr0ng-token" not in text
    server.forget()
    monkeypatch.delenv("TIINGO_API_KEY")
    with pytest.raises(SourceError, match=r"TIINGO_API_KEY isn't set in the environment; .*https://www.tiingo.com"):
        fetch(server)
    assert server.log == []


def test_nothing_that_answers_ends_the_run(server: TiingoServer) -> None:
    """Without a network each chunk would cost its patience."""
    with pytest.raises(SourceUnreachable, match="Tiingo gave no usable answer"):
        fetch(server, url="http://127.0.0.1:9", attempts=2)


def test_the_pace_is_the_settings(server: TiingoServer) -> None:
    """A request a second, on a clock that only the waits move; more than an hour allows is waited for."""
    server.articles = busy(60)
    seconds = [0.0]
    asked: list[float] = []
    server.rule = lambda request: asked.append(seconds[0])
    server.most_per_hour = 5

    def sleep(wait: float) -> None:
        seconds[0] += wait
        if wait > 10:
            server.most_per_hour = None

    tiingo = TiingoSource(TiingoSettings(url=server.url, page=10), clock=lambda: seconds[0], sleep=sleep)
    fetched = tiingo.fetch_chunk(Chunk(("KOLA",), *AUTUMN), now=NOW)
    assert states(fetched) == {"KOLA": ("updated", 60)}
    assert len(asked) == 9
    assert max(sum(first <= at < first + 1 for at in asked) for first in asked) == 1


def test_the_source_keeps_the_contract(server: TiingoServer) -> None:
    """As every source must: nothing before its time, the same when it is asked again."""
    server.articles = [
        article(1, "2025-01-13T15:00Z", "Kola opens a plant", "KOLA"),
        article(2, "2025-01-14T12:00Z", "Kola and Fern agree", "KOLA", "FERN"),
        article(3, "2025-01-14T13:00Z", "Fern sells", "FERN", crawled="2025-01-14T11:00Z"),
        article(4, "2025-01-15T11:00Z", "Kola rises", "KOLA", crawled="2025-01-15T13:00Z"),
    ]
    check_source(source(server), ["KOLA", "FERN"], NOW)


def test_chunks_are_quarters_of_one_ticker(server: TiingoServer) -> None:
    """An offset of some thousands is the largest."""
    chunks = source(server).chunks(["KOLA", "FERN"], pd.Timestamp("2024-02-15"), pd.Timestamp("2024-04-03"))
    assert [(chunk.tickers, f"{chunk.first:%m-%d}", f"{chunk.last:%m-%d}") for chunk in chunks] == [
        (("KOLA",), "02-15", "03-31"), (("KOLA",), "04-01", "04-03"),
        (("FERN",), "02-15", "03-31"), (("FERN",), "04-01", "04-03"),
    ]  # fmt: skip


def test_of_days_to_come_nothing_is_asked(server: TiingoServer) -> None:
    """Whatever the settings name as the last day."""
    fetched = fetch(server, days=(pd.Timestamp("2025-02-01"), pd.Timestamp("2025-03-31")))
    assert states(fetched) == {"KOLA": ("nothing_new", 0)}
    assert server.log == []
