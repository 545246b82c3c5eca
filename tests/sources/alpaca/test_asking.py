"""How Alpaca is asked: its faults, its keys, its limit of requests, and the loopback service itself."""

import base64
from typing import Any

import pandas as pd
import pytest
import requests

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.alpaca import AlpacaSource
from stockseq.sources.archive import Chunk
from stockseq.sources.settings import AlpacaSettings
from stockseq.testing import check_source
from tests.alpaca_server import KEY_ID, SECRET_KEY, AlpacaServer, item
from tests.service_server import FAULTS, Fault
from tests.service_server.faults import PASSING
from tests.sources.alpaca.scenario import NOVEMBER, NOW, busy, dropped, fetch, month, patience, source, states


def test_one_request_asks_for_a_month_with_days_to_spare(server: AlpacaServer) -> None:
    """What counts by its last revision may have been created before; oldest first, as many as a page may have."""
    fetch(server)
    (request,) = server.log
    assert request.path == "/v1beta1/news"
    assert request.query == {
        "symbols": "KOLA,FERN",
        "start": "2024-10-29T00:00:00.000000Z",
        "end": "2024-12-01T00:00:01.000000Z",
        "sort": "ASC",
        "limit": "50",
    }
    fetch(server, counts_from="created_at")
    assert server.log[1].query["start"] == "2024-10-31T23:59:59.000000Z"
    assert server.log[1].query["end"] == "2024-12-04T00:00:00.000000Z"


def test_nothing_of_later_than_now_is_asked_for(server: AlpacaServer) -> None:
    """And of days that are yet to come, nothing at all."""
    now = pd.Timestamp("2024-11-12T13:00Z")
    alpaca = source(server)
    assert states(alpaca.fetch_chunk(Chunk(("KOLA",), *NOVEMBER), now=now)) == {"KOLA": ("updated", 2)}
    assert server.log[0].query["end"] == "2024-11-12T13:00:00.000000Z"
    later = alpaca.fetch_chunk(Chunk(("KOLA",), *month("2024-12-01")), now=now)
    assert states(later) == {"KOLA": ("nothing_new", 0)}
    assert len(server.log) == 1


def test_a_chunk_is_a_month_of_at_most_thirty_tickers() -> None:
    """65 tickers over 2 months are 6 questions, and none is too long for an address."""
    tickers = [f"T{n}" for n in range(65)]
    chunks = AlpacaSource().chunks(tickers, pd.Timestamp("2024-01-15"), pd.Timestamp("2024-02-29"))
    assert [len(chunk.tickers) for chunk in chunks] == [30, 30, 30, 30, 5, 5]
    assert [ticker for chunk in chunks[::2] for ticker in chunk.tickers] == tickers


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_no_headline(server: AlpacaServer, fault: Fault) -> None:
    """On the first page or on one in the middle."""
    server.items = busy(120)
    expected = fetch(server, "KOLA").headlines
    for number in (1, 2):
        server.forget()
        server.faults[number] = fault
        pd.testing.assert_frame_equal(fetch(server, "KOLA", **patience(fault)).headlines, expected)
        assert len(server.log) == 4 or patience(fault)


ENDS_THE_RUN = ("401", "403", "404", "reset", "no answer in time")


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "not UTF-8"])
def test_a_fault_that_lasts_fails_the_tickers_or_ends_the_run(
    server: AlpacaServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """From the second page on: what came before is not taken for all; no message holds a key."""
    server.items = busy(120)
    server.rule = lambda request: fault if request.number >= 2 else None
    with caplog.at_level("DEBUG"):
        if fault in ENDS_THE_RUN:
            with pytest.raises(SourceError) as raised:
                fetch(server, "KOLA", attempts=2, **patience(fault))
            said = str(raised.value)
        else:
            fetched = fetch(server, "KOLA", attempts=2, **patience(fault))
            said = fetched.outcomes["KOLA"].reason
            assert states(fetched) == {"KOLA": ("failed", 0)}
            assert fetched.headlines.empty
    if fault in ("401", "403"):
        assert "APCA_API_KEY_ID and APCA_API_SECRET_KEY" in said
        assert "https://alpaca.markets" in said
        assert len(server.log) == 2
    assert "\n" not in said
    assert not any(secret in said + caplog.text for secret in (KEY_ID, SECRET_KEY))
    assert len(server.log) <= 12


def test_letters_that_are_not_utf8_cost_their_item(server: AlpacaServer) -> None:
    """A title of mangled letters is no headline; the others come."""
    server.rule = lambda request: "not UTF-8"
    server.items = busy(20)
    fetched = fetch(server, "KOLA")
    assert 17 <= states(fetched)["KOLA"][1] + sum(dropped(fetched).values()) <= 20
    assert dropped(fetched)
    assert all(text.isascii() for text in fetched.headlines["text"])


def test_a_ticker_that_alpaca_refuses_costs_the_others_nothing(server: AlpacaServer) -> None:
    """The question is halved until it is found."""
    server.unlisted = {"ODD1"}
    fetched = fetch(server, "KOLA", "ODD1", "FERN", "MOSS")
    assert states(fetched) == {
        "KOLA": ("updated", 2), "ODD1": ("unknown", 0), "FERN": ("updated", 2), "MOSS": ("nothing_new", 0),
    }  # fmt: skip
    assert "invalid symbol: ODD1" in fetched.outcomes["ODD1"].reason
    assert len(server.log) == 5
    server.unlisted = {"KOLA", "FERN"}
    assert states(fetch(server)) == {"KOLA": ("failed", 0), "FERN": ("failed", 0)}


def test_wrong_keys_end_the_run_and_missing_ones_ask_nothing(
    server: AlpacaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable, where to get a key, and none in any sentence or repr."""
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wr0ng-secret")
    alpaca = source(server)
    with pytest.raises(SourceError, match=r"check APCA_API_KEY_ID and APCA_API_SECRET_KEY") as raised:
        alpaca.fetch_chunk(Chunk(("KOLA",), *NOVEMBER), now=NOW)
    for text in (str(raised.value), repr(raised.value), repr(alpaca), repr(vars(alpaca)), repr(alpaca.settings)):
        assert KEY_ID not in text
        assert "wr0ng-secret" not in text
    server.forget()
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    with pytest.raises(SourceError, match=r"APCA_API_SECRET_KEY isn't set in the environment; an account at https"):
        fetch(server, "KOLA")
    assert server.log == []


def test_nothing_that_answers_ends_the_run(server: AlpacaServer) -> None:
    """Without a network each chunk would cost its patience."""
    with pytest.raises(SourceUnreachable, match="Alpaca gave no usable answer"):
        fetch(server, "KOLA", url="http://127.0.0.1:9", attempts=2)


def test_the_pace_keeps_within_the_limit_of_a_minute(server: AlpacaServer) -> None:
    """By the settings' own pace, on a clock that only the waits move."""
    server.items, server.most_per_page, server.most_per_minute = busy(205), 1, None
    seconds = [0.0]
    asked: list[float] = []
    server.rule = lambda request: asked.append(seconds[0])

    def sleep(wait: float) -> None:
        seconds[0] += wait

    alpaca = AlpacaSource(AlpacaSettings(url=server.url), clock=lambda: seconds[0], sleep=sleep)
    fetched = alpaca.fetch_chunk(Chunk(("KOLA",), *NOVEMBER), now=NOW)
    assert states(fetched) == {"KOLA": ("updated", 205)}
    assert len(asked) == 205
    assert max(sum(first <= at < first + 60 for at in asked) for first in asked) <= 200


def test_more_than_two_hundred_requests_a_minute_are_waited_for(server: AlpacaServer) -> None:
    """The service says 429; the source waits, and the news are whole."""
    server.items, server.most_per_page, server.most_per_minute = busy(30), 1, 20
    waits: list[float] = []

    def sleep(wait: float) -> None:
        waits.append(wait)
        if wait >= 15:
            server.log.clear()

    settings = AlpacaSettings(url=server.url, requests_per_second=1000.0)
    fetched = AlpacaSource(settings, sleep=sleep).fetch_chunk(Chunk(("KOLA",), *NOVEMBER), now=NOW)
    assert states(fetched) == {"KOLA": ("updated", 30)}
    assert [wait for wait in waits if wait >= 1] == [15.0]


@pytest.mark.parametrize(("filters", "counts_from"), [("updated_at", "updated_at"), ("created_at", "created_at")])
def test_the_source_keeps_the_contract(server: AlpacaServer, filters: Any, counts_from: str) -> None:
    """As every source must: nothing before its time, the same when it is asked again."""
    server.filters = filters
    server.items = [
        item(1, "2025-01-13T15:00Z", "Kola opens a plant", "KOLA"),
        item(2, "2025-01-14T12:00Z", "Kola and Fern agree", "KOLA", "FERN"),
        item(3, "2025-01-14T13:00Z", "Fern sells", "FERN", revised={"2025-01-14T20:00Z": "Fern sells all"}),
        item(4, "2025-01-15T11:00Z", "Kola rises", "KOLA", revised={"2025-01-15T13:00Z": "Kola rises much"}),
    ]
    check_source(source(server, counts_from=counts_from), ["KOLA", "FERN"], NOW)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"limit": "51"}, 422),
        ({"limit": "0"}, 422),
        ({"sort": "newest"}, 422),
        ({"start": "yesterday"}, 422),
        ({"start": "2024-12-05T00:00:00Z"}, 422),
        ({"page_token": "abc"}, 422),
        ({"symbols": "SAP DE"}, 422),
        ({"order": "asc"}, 422),
    ],
)
def test_the_loopback_service_refuses_what_alpaca_refuses(
    server: AlpacaServer, change: dict[str, str], status: int
) -> None:
    """Else a question that is wrong would pass here, and nowhere else."""
    query = {"symbols": "KOLA", "start": "2024-11-01T00:00:00Z", "end": "2024-12-01T00:00:00Z", "limit": "50"} | change
    headers = {"Apca-Api-Key-Id": KEY_ID, "Apca-Api-Secret-Key": SECRET_KEY}
    answer = requests.get(f"{server.url}/v1beta1/news", params=query, headers=headers, timeout=10)
    assert answer.status_code == status
    assert requests.get(f"{server.url}/v1beta1/news", params=query, timeout=10).status_code == 403


def test_the_loopback_services_pages_are_named_as_alpacas(server: AlpacaServer) -> None:
    """By the nanoseconds of the last revision and the id of the page's last item."""
    server.items = busy(3)
    headers = {"Apca-Api-Key-Id": KEY_ID, "Apca-Api-Secret-Key": SECRET_KEY}
    page = requests.get(f"{server.url}/v1beta1/news?limit=2&sort=ASC", headers=headers, timeout=10).json()
    assert [entry["id"] for entry in page["news"]] == [1, 2]
    assert base64.b64decode(page["next_page_token"]).decode() == "1730512800000000000|2"
    newest = requests.get(f"{server.url}/v1beta1/news", headers=headers, timeout=10).json()
    assert [entry["id"] for entry in newest["news"]] == [3, 2, 1]
    assert newest["next_page_token"] is None
