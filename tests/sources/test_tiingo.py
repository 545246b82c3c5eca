"""Headlines by Tiingo: two stamps, and pages by offset that shift, against a loopback service that does the same."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.archive import Chunk
from stockseq.sources.settings import TiingoSettings
from stockseq.sources.source import FetchedHeadlines
from stockseq.sources.tiingo import TiingoSource
from stockseq.testing import check_source
from tests.service_server import FAULTS, Fault, Request
from tests.service_server.faults import PASSING
from tests.service_server.strange_values import STRANGE_VALUES
from tests.tiingo_server import API_KEY, Article, TiingoServer, article, set_key

NOW = pd.Timestamp("2025-01-15T12:00Z")
AUTUMN = pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31")
OUTSIDE = "news item outside of the days asked for"
ARTICLES = (
    article(1, "2024-11-05T15:00Z", "Kola opens a plant", "KOLA", description="A &quot;big&quot;\n one", url="https://n.example/1"),
    article(2, "2024-11-12T12:00Z", "Kola &amp; Fern agree", "kola", "fern", crawled="2024-11-12T13:30:00.25Z"),
    article(3, "2024-11-20T10:00Z", "Fern sells land", "fern"),
    article(4, "2024-11-22T16:30Z", "Berk buys", "brk-b"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, in the environment alone."""
    set_key(monkeypatch)


@pytest.fixture
def server() -> Iterator[TiingoServer]:
    with TiingoServer(ARTICLES) as running:
        running.hang_s = 0.7
        yield running


def source(server: TiingoServer, **changes: object) -> TiingoSource:
    """Return a source whose waits take no time, with pages of ten, of which one overlaps."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 10.0, "retry_wait_s": 0.0, "page": 10}
    return TiingoSource(TiingoSettings.model_validate({**settings, **changes}), sleep=lambda seconds: None)


def fetch(
    server: TiingoServer, *tickers: str, days: tuple[pd.Timestamp, pd.Timestamp] = AUTUMN, **changes: object
) -> FetchedHeadlines:
    return source(server, **changes).fetch_chunk(Chunk(tickers or ("KOLA",), *days), now=NOW)


def patience(fault: Fault) -> dict[str, float]:
    """Return a short timeout for the faults that run into one; on a busy machine any other may need its time."""
    return {"timeout_s": 0.25} if fault in ("no answer in time", "drips") else {}


def dropped(fetched: FetchedHeadlines) -> dict[str, int]:
    return {drop.reason: drop.n_rows for drop in fetched.dropped}


def states(fetched: FetchedHeadlines) -> dict[str, tuple[str, int]]:
    return {ticker: (outcome.status, outcome.n_rows) for ticker, outcome in fetched.outcomes.items()}


def busy(n: int, *, first: int = 1) -> list[Article]:
    """Return an article an hour from the 2nd of November on."""
    begin = pd.Timestamp("2024-11-02T00:00Z")
    numbers = range(first, first + n)
    return [article(n, str(begin + pd.Timedelta(hours=n)), f"Kola story {n}", "KOLA") for n in numbers]


def test_an_item_carries_both_stamps(server: TiingoServer) -> None:
    """Published by its publisher's clock, first seen by the crawler's; texts are decoded and on one line."""
    fetched = fetch(server)
    rows = fetched.headlines
    assert states(fetched) == {"KOLA": ("updated", 2)}
    assert fetched.dropped == ()
    assert rows["text"].tolist() == ["Kola opens a plant", "Kola & Fern agree"]
    assert rows["published_at"].tolist() == [pd.Timestamp("2024-11-05T15:00Z"), pd.Timestamp("2024-11-12T12:00Z")]
    assert rows["first_seen_at"].tolist() == [
        pd.Timestamp("2024-11-05T15:01Z"), pd.Timestamp("2024-11-12T13:30:00.25Z"),
    ]  # fmt: skip
    assert rows["created_at"].isna().all()
    assert rows.iloc[0][["summary", "url", "publisher", "source", "known_by"]].tolist() == [
        'A "big" one', "https://n.example/1", "wire.example", "tiingo", "crawled",
    ]  # fmt: skip


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


def test_the_last_day_of_a_chunk_is_whole(server: TiingoServer) -> None:
    """Though Tiingo's range ends as its last day begins."""
    server.articles = [
        article(1, "2024-12-31T23:59:59Z", "Kola rises", "KOLA"),
        article(2, "2025-01-01T00:00:00Z", "Kola falls", "KOLA"),
        article(3, "2024-10-01T00:00:00Z", "Kola begins", "KOLA"),
        article(4, "2024-09-30T23:59:59Z", "Kola ends", "KOLA"),
    ]
    fetched = fetch(server)
    assert fetched.headlines["text"].tolist() == ["Kola begins", "Kola rises"]
    assert fetched.dropped == ()


@pytest.mark.parametrize(
    ("crawled", "known_by", "first_seen"),
    [
        ("2024-11-05T15:00:00Z", "crawled", "2024-11-05T15:00:00Z"),
        ("2024-11-05T10:30:00-05:00", "crawled", "2024-11-05T15:30:00Z"),
        ("2024-11-05T14:59:59.9Z", "vendor", None),
        ("2019-01-01T00:00:00Z", "vendor", None),
        ("2025-01-14T00:00:00Z", "crawled", "2025-01-14T00:00:00Z"),
        (None, "vendor", None),
        ("", "vendor", None),
    ],
)
def test_a_crawler_that_can_not_have_seen_it_is_not_believed(
    server: TiingoServer, crawled: str | None, known_by: str, first_seen: str | None
) -> None:
    """Of two clocks that contradict each other the later counts; an archive that was added later counts from then."""
    server.articles = [ARTICLES[0]]
    server.edit = lambda request, answer: [{**entry, "crawlDate": crawled} for entry in answer]
    row = fetch(server).headlines.iloc[0]
    assert row["known_by"] == known_by
    assert row["published_at"] == pd.Timestamp("2024-11-05T15:00Z")
    assert (None if pd.isna(row["first_seen_at"]) else row["first_seen_at"]) == (
        first_seen and pd.Timestamp(first_seen)
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"crawlDate": "2025-01-15T12:00:01Z"}, "news item dated in the future"),
        ({"publishedDate": "2025-02-01T00:00:00Z"}, "news item dated in the future"),
        ({"crawlDate": 1_730_000_000}, "news item with a crawlDate that can't be read"),
        ({"crawlDate": "2024-11-05"}, "news item with a crawlDate that can't be read"),
        ({"publishedDate": None}, "news item without publishedDate"),
        ({"publishedDate": "2024-11-05T15:00:00"}, "news item with a publishedDate that can't be read"),
        ({"publishedDate": "2019-11-05T15:00:00Z", "crawlDate": "2019-11-05T15:00:00Z"}, OUTSIDE),
        ({"title": None}, "news item without a title"),
        ({"title": "&nbsp;"}, "news item without a title"),
        ({"id": None}, "news item without an id"),
        ({"id": {}}, "news item without an id"),
        ({"tickers": ["fern"]}, "news item of other tickers"),
        ({"tickers": None}, "news item without a list of tickers"),
    ],
)
def test_an_item_that_can_be_no_headline_is_counted(server: TiingoServer, change: dict[str, Any], reason: str) -> None:
    """By reason; the others come."""
    server.edit = lambda request, answer: [{**entry, **change} if entry["id"] == 1 else entry for entry in answer]
    fetched = fetch(server)
    assert dropped(fetched) == {reason: 1}
    assert states(fetched) == {"KOLA": ("updated", 1)}


@pytest.mark.parametrize("stranger", [None, 5, "news", [], {}])
def test_what_is_no_item_is_counted_once(server: TiingoServer, stranger: Any) -> None:
    """Beside items that are."""
    server.edit = lambda request, answer: [*answer, stranger]
    fetched = fetch(server)
    assert len(fetched.headlines) == 2
    assert sum(dropped(fetched).values()) == 1


def test_all_pages_are_read_once(server: TiingoServer) -> None:
    """Each begins with the last item of the one before, and the last holds nothing else."""
    server.articles = busy(25)
    assert states(fetch(server)) == {"KOLA": ("updated", 25)}
    assert [request.query["offset"] for request in server.log] == ["0", "9", "18", "24"]


@pytest.mark.parametrize("most", [3, 5, 9])
def test_a_service_that_gives_shorter_pages_is_read_to_the_end(server: TiingoServer, most: int) -> None:
    """A page that isn't full is no proof that it was the last."""
    server.articles = busy(25)
    server.edit = lambda request, answer: answer[:most]
    assert states(fetch(server)) == {"KOLA": ("updated", 25)}


@pytest.mark.parametrize("n_new", [1, 4, 9, 10, 30])
def test_items_that_arrive_meanwhile_push_none_out(server: TiingoServer, n_new: int) -> None:
    """They come before all others: what was to come moves down the list, and is met there."""
    server.articles = busy(25)

    def arrive(request: Request) -> None:
        if request.number == 2:
            server.articles += busy(n_new, first=26)

    server.before = arrive
    texts = set(fetch(server).headlines["text"])
    assert {entry.title for entry in busy(25)} <= texts


@pytest.mark.parametrize("n_gone", [1, 4, 9, 12])
def test_items_that_are_taken_away_meanwhile_pull_none_past(server: TiingoServer, n_gone: int) -> None:
    """The next page doesn't begin with what was had, so what lies before it is asked for again."""
    server.articles = busy(40)

    def leave(request: Request) -> None:
        if request.number == 2:
            server.articles = server.articles[: 40 - n_gone]

    server.before = leave
    fetched = fetch(server)
    assert {entry.title for entry in busy(40 - n_gone)} <= set(fetched.headlines["text"])
    # The first page had ten of the newest before they were taken away.
    assert states(fetched) == {"KOLA": ("updated", 40 - max(0, n_gone - 10))}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_goes_between_pages_what_stays_is_there(server: TiingoServer, seed: int) -> None:
    """Or the ticker fails with a reason: never is it short of an item without a word."""
    random = np.random.default_rng(seed)
    server.articles = busy(int(random.integers(15, 60)))
    first = set(server.articles)

    def change(request: Request) -> None:
        n_gone = int(random.integers(0, 8)) if random.random() < 0.5 else 0
        gone = set(random.choice(len(server.articles), size=min(n_gone, len(server.articles)), replace=False))
        server.articles = [each for number, each in enumerate(server.articles) if number not in gone]
        if random.random() < 0.3:
            server.articles += busy(int(random.integers(1, 15)), first=100 * request.number)

    server.before = change
    fetched = fetch(server)
    stayed = {each.title for each in first & set(server.articles)}
    if states(fetched)["KOLA"][0] == "failed":
        assert "don't join" in fetched.outcomes["KOLA"].reason
    else:
        assert stayed <= set(fetched.headlines["text"])


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("stale", ["empty", "repeated"])
def test_a_page_that_is_empty_or_repeated_once_costs_nothing(server: TiingoServer, stale: str, number: int) -> None:
    """It is no end: the end is a page that holds the last item and nothing else."""
    server.articles = busy(35)
    first: list[Any] = []

    def edit(request: Request, answer: list[Any]) -> list[Any]:
        first.extend(answer if request.number == 1 else [])
        return answer if request.number != number else [] if stale == "empty" else first

    server.edit = edit
    assert states(fetch(server)) == {"KOLA": ("updated", 35)}


@pytest.mark.parametrize("stale", ["empty", "repeated"])
def test_pages_that_stay_empty_or_repeated_fail_the_ticker(server: TiingoServer, stale: str) -> None:
    """Ten items of more would be taken for all of them."""
    server.articles = busy(35)
    first: list[Any] = []

    def edit(request: Request, answer: list[Any]) -> list[Any]:
        first.extend(answer if request.number == 1 else [])
        return first if request.number == 1 or stale == "repeated" else []

    server.edit = edit
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "pages of KOLA's news don't join" in fetched.outcomes["KOLA"].reason
    assert len(server.log) <= 8


def test_a_range_that_is_ignored_is_refused_in_a_sentence(server: TiingoServer) -> None:
    """The newest hundred came, whatever was asked for."""
    server.articles, server.filters = busy(35), None
    fetched = fetch(server, days=(pd.Timestamp("2023-01-01"), pd.Timestamp("2023-03-31")))
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "10 of 10 items are of other tickers or days than those asked for (2023-01-01 to 2023-03-31)" in (
        fetched.outcomes["KOLA"].reason
    )
    assert len(server.log) == 4


def test_a_range_by_the_other_stamp_loses_nothing_unsaid(server: TiingoServer) -> None:
    """By the crawler's, what was published in an earlier quarter is counted there."""
    server.filters = "crawlDate"
    server.articles = [
        *busy(3),
        article(50, "2024-05-02T10:00Z", "Kola of May", "KOLA", crawled="2024-11-20T10:00Z"),
        article(51, "2024-09-30T22:00Z", "Kola of September", "KOLA", crawled="2024-10-01T22:00Z"),
    ]
    autumn = fetch(server)
    assert states(autumn) == {"KOLA": ("updated", 3)}
    assert dropped(autumn) == {OUTSIDE: 1}
    summer = fetch(server, days=(pd.Timestamp("2024-07-01"), pd.Timestamp("2024-09-30")))
    assert summer.headlines["text"].tolist() == ["Kola of September"]
    assert summer.dropped == ()


@pytest.mark.parametrize("answer", [{"detail": "Error"}, None, "news", 5, {"news": []}, [None, 5], [[], []]])
def test_an_answer_of_another_shape_is_no_empty_news(server: TiingoServer, answer: Any) -> None:
    """Read as "no news" it would be believed for ever."""
    server.edit = lambda request, given: answer
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "isn't the answer that was asked for" in fetched.outcomes["KOLA"].reason


@pytest.mark.parametrize(
    "name", ["id", "title", "description", "url", "source", "publishedDate", "crawlDate", "tickers"]
)
def test_no_value_of_a_field_ends_a_fetch(server: TiingoServer, name: str) -> None:
    """Each item that isn't a headline is counted, and all others come."""
    server.edit = lambda request, answer: [
        *answer,
        *({**answer[0], "id": 100 + n, name: value} for n, value in enumerate(STRANGE_VALUES)),
    ]
    fetched = fetch(server, "KOLA", page=1000)
    n_rows, n_dropped = len(fetched.headlines), sum(drop.n_rows for drop in fetched.dropped)
    assert len(STRANGE_VALUES) - 4 <= n_rows + n_dropped <= 2 + len(STRANGE_VALUES)
    assert all(text.isprintable() for text in fetched.headlines["text"])
    assert (fetched.headlines["published_at"] <= NOW).all()
    assert states(fetched)["KOLA"][1] == n_rows >= 2


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


def test_a_morning_sees_what_is_new_first_now(server: TiingoServer) -> None:
    """Our own clock counts then, and no crawler's."""
    server.articles = [
        article(1, "2025-01-05T15:00Z", "Kola opens a plant", "KOLA"),
        article(2, "2025-01-14T12:00Z", "Kola rises", "KOLA"),
    ]
    fetched = source(server).fetch_headlines(["KOLA", "MOSS"], since=pd.Timestamp("2025-01-14T11:00Z"), now=NOW)
    assert fetched.headlines["text"].tolist() == ["Kola rises"]
    assert fetched.headlines["first_seen_at"].tolist() == [NOW]
    assert fetched.headlines["known_by"].tolist() == ["first_seen"]
    assert states(fetched) == {"KOLA": ("updated", 1), "MOSS": ("nothing_new", 0)}


def test_what_the_crawler_found_late_reaches_the_next_morning(server: TiingoServer) -> None:
    """Asked by its publication alone, it lies before the last morning, and would be lost."""
    server.articles = [article(1, "2025-01-10T15:00Z", "Kola opens a plant", "KOLA", crawled="2025-01-14T20:00Z")]
    tiingo = source(server)
    before, since = pd.Timestamp("2025-01-14T12:00Z"), pd.Timestamp("2025-01-13T12:00Z")
    assert tiingo.fetch_headlines(["KOLA"], since=since, now=before).headlines.empty
    later = tiingo.fetch_headlines(["KOLA"], since=before, now=NOW).headlines
    assert later["first_seen_at"].tolist() == [NOW]


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
