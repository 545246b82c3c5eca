"""Headlines by Alpaca: its clock, its pages and its symbols, against a loopback service that speaks its protocol."""

import base64
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import requests

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.alpaca import AlpacaSource
from stockseq.sources.archive import Chunk
from stockseq.sources.settings import AlpacaSettings
from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
from stockseq.sources.source import FetchedHeadlines
from stockseq.testing import check_source
from tests.alpaca_server import KEY_ID, SECRET_KEY, AlpacaServer, item, items_of, set_keys
from tests.service_server import FAULTS, Fault, Request
from tests.service_server.faults import PASSING
from tests.service_server.strange_values import STRANGE_VALUES

NOW = pd.Timestamp("2025-01-15T12:00Z")
NOVEMBER = pd.Timestamp("2024-11-01"), pd.Timestamp("2024-11-30")
ITEMS = (
    item(1, "2024-11-05T15:00Z", "Kola opens a plant", "KOLA", summary="A &quot;big&quot;\n one", url="https://n.example/1"),
    item(2, "2024-11-12T12:00Z", "Kola &amp; Fern agree", "KOLA", "FERN", "AAPL"),
    item(3, "2024-11-20T10:00Z", "Fern sells land", "FERN", revised={"2024-11-21T11:00Z": "Fern sells all land"}),
    item(4, "2024-11-22T16:30Z", "Berk buys", "BRK.B"),
)  # fmt: skip
OUTSIDE = "news item outside of the days asked for"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys, in the environment alone."""
    set_keys(monkeypatch)


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer(ITEMS) as running:
        running.hang_s = 0.7
        yield running


def source(server: AlpacaServer, **changes: object) -> AlpacaSource:
    """Return a source whose waits take no time."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 10.0, "retry_wait_s": 0.0}
    return AlpacaSource(AlpacaSettings.model_validate({**settings, **changes}), sleep=lambda seconds: None)


def fetch(
    server: AlpacaServer, *tickers: str, days: tuple[pd.Timestamp, pd.Timestamp] = NOVEMBER, **changes: object
) -> FetchedHeadlines:
    return source(server, **changes).fetch_chunk(Chunk(tickers or ("KOLA", "FERN"), *days), now=NOW)


def patience(fault: Fault) -> dict[str, float]:
    """Return a short timeout for the faults that run into one; on a busy machine any other may need its time."""
    return {"timeout_s": 0.25} if fault in ("no answer in time", "drips") else {}


def month(text: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    first = pd.Timestamp(text)
    return first, first + pd.offsets.MonthEnd(0)


def texts(fetched: FetchedHeadlines) -> list[tuple[str, str]]:
    return list(zip(fetched.headlines["ticker"], fetched.headlines["text"], strict=True))


def dropped(fetched: FetchedHeadlines) -> dict[tuple[str, str], int]:
    return {(drop.ticker, drop.reason): drop.n_rows for drop in fetched.dropped}


def states(fetched: FetchedHeadlines) -> dict[str, tuple[str, int]]:
    return {ticker: (outcome.status, outcome.n_rows) for ticker, outcome in fetched.outcomes.items()}


def busy(n: int, *, ticker: str = "KOLA") -> list[Any]:
    """Return an item an hour from the 2nd of November on."""
    begin = pd.Timestamp("2024-11-02T00:00Z")
    return [item(n, str(begin + pd.Timedelta(hours=n)), f"{ticker} story {n}", ticker) for n in range(1, n + 1)]


def test_an_item_becomes_a_row_for_each_asked_ticker_that_it_names(server: AlpacaServer) -> None:
    """Entities decoded, texts on one line, and the instant of the last revision."""
    fetched = fetch(server)
    assert texts(fetched) == [
        ("FERN", "Kola & Fern agree"),
        ("FERN", "Fern sells all land"),
        ("KOLA", "Kola opens a plant"),
        ("KOLA", "Kola & Fern agree"),
    ]
    assert states(fetched) == {"KOLA": ("updated", 2), "FERN": ("updated", 2)}
    assert fetched.dropped == ()
    row = fetched.headlines.iloc[2]
    assert row[["summary", "url", "publisher", "source", "known_by", "date_only"]].tolist() == [
        'A "big" one', "https://n.example/1", "benzinga", "alpaca", "updated", False,
    ]  # fmt: skip
    assert fetched.headlines["first_seen_at"].isna().all()
    revised = fetched.headlines.iloc[1]
    assert revised["published_at"] == pd.Timestamp("2024-11-21T11:00Z")
    assert revised["created_at"] == pd.Timestamp("2024-11-20T10:00Z")


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


def test_a_class_of_shares_is_asked_for_in_alpacas_spelling(server: AlpacaServer) -> None:
    """Yahoo's BRK-B is its BRK.B; what has no name there isn't asked for."""
    fetched = fetch(server, "BRK-B", "^GSPC", "SAP.DE")
    assert server.log[0].query["symbols"] == "BRK.B"
    assert texts(fetched) == [("BRK-B", "Berk buys")]
    assert states(fetched) == {"BRK-B": ("updated", 1), "^GSPC": ("unknown", 0), "SAP.DE": ("unknown", 0)}
    assert "no name for SAP.DE" in fetched.outcomes["SAP.DE"].reason


@pytest.mark.parametrize("filters", ["updated_at", "created_at"])
@pytest.mark.parametrize(
    ("counts_from", "november", "december"),
    [("updated_at", [], ["Kola, revised"]), ("created_at", ["Kola, revised"], [])],
)
def test_a_revision_over_the_end_of_a_month_counts_once(
    server: AlpacaServer, filters: Any, counts_from: str, november: list[str], december: list[str]
) -> None:
    """In the month of the instant that counts, by whichever stamp the service chooses."""
    server.filters = filters
    server.items = [item(1, "2024-11-30T23:00Z", "Kola, first", "KOLA", revised={"2024-12-01T05:00Z": "Kola, revised"})]
    for days, expected in ((NOVEMBER, november), (month("2024-12-01"), december)):
        fetched = fetch(server, "KOLA", days=days, counts_from=counts_from)
        assert fetched.headlines["text"].tolist() == expected
        assert fetched.dropped == ()


def test_created_at_is_the_vendors_stamp_when_it_is_trusted(server: AlpacaServer) -> None:
    """The text may be that of the revision: whoever says so takes that upon themselves."""
    rows = fetch(server, "FERN", counts_from="created_at").headlines
    assert rows["published_at"].tolist() == [pd.Timestamp("2024-11-12T12:00Z"), pd.Timestamp("2024-11-20T10:00Z")]
    assert rows["known_by"].tolist() == ["vendor"] * 2
    assert rows["created_at"].isna().all()


@pytest.mark.parametrize(("filters", "counts_from"), [("created_at", "updated_at"), ("updated_at", "created_at")])
def test_a_revision_that_no_month_would_hold_is_counted(server: AlpacaServer, filters: Any, counts_from: str) -> None:
    """Where the service chooses by the other stamp, one of weeks later comes with days that it doesn't count for;
    one of two days later comes with both."""
    server.filters = filters
    server.items = [
        *ITEMS[:2],
        item(8, "2024-11-29T10:00Z", "Kola, first", "KOLA", revised={"2024-12-01T09:00Z": "Kola, two days"}),
        item(9, "2024-11-10T10:00Z", "Kola, first", "KOLA", revised={"2024-12-20T10:00Z": "Kola, revised"}),
    ]
    days = NOVEMBER if filters == "created_at" else month("2024-12-01")
    fetched = fetch(server, "KOLA", days=days, counts_from=counts_from)
    assert "Kola, revised" not in fetched.headlines["text"].tolist()
    assert dropped(fetched) == {("KOLA", OUTSIDE): 1}
    other = fetch(server, "KOLA", days=month("2024-12-01") if days == NOVEMBER else NOVEMBER, counts_from=counts_from)
    assert "Kola, two days" in other.headlines["text"].tolist()
    assert other.dropped == ()


def test_words_that_are_revised_elsewhere_stay_one_headline(server: AlpacaServer) -> None:
    """Its identity is Alpaca's and the text's, so what the store has first stays; other words are another."""
    first, again, other = (
        item(1, "2024-11-05T15:00Z", "Kola rises", "KOLA", revised=revised)
        for revised in ({}, {"2024-11-06T15:00Z": "Kola rises"}, {"2024-11-06T15:00Z": "Kola falls"})
    )
    identities = []
    for entry in (first, again, other):
        server.items = [entry]
        identities.append(fetch(server, "KOLA").headlines["headline_id"].item())
    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize("revised_text", ["KOLA story 3", "KOLA story 3, revised"])
def test_an_item_that_is_revised_between_two_pages_is_not_lost(server: AlpacaServer, revised_text: str) -> None:
    """It moves to the end: the same words count from when they were first seen, other words are a second headline."""
    items = busy(120)
    items[2] = item(3, "2024-11-02T03:00Z", "KOLA story 3", "KOLA", revised={"2024-11-28T00:00Z": revised_text})
    server.items = items
    server.now = pd.Timestamp("2024-11-27T00:00Z")

    def revise(request: Request, answer: Any) -> Any:
        server.now = pd.Timestamp("2024-11-29T00:00Z")
        return answer

    server.edit = revise
    rows = fetch(server, "KOLA").headlines
    third = rows[rows["text"].str.startswith("KOLA story 3") & ~rows["text"].str.match(r"KOLA story 3\d")]
    expected = {"KOLA story 3": "2024-11-02T03:00Z"} | (
        {revised_text: "2024-11-28T00:00Z"} if revised_text != "KOLA story 3" else {}
    )
    assert dict(zip(third["text"], third["published_at"], strict=True)) == {
        text: pd.Timestamp(at) for text, at in expected.items()
    }
    assert len(rows) == 119 + len(expected)


def test_all_pages_are_read_once(server: AlpacaServer) -> None:
    """120 items are three pages of 50."""
    server.items = busy(120)
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 120)}
    assert len(server.log) == 3


def test_stamps_at_one_instant_split_over_two_pages_lose_nothing(server: AlpacaServer) -> None:
    """The page's token holds the id besides the instant."""
    server.items = [item(n, "2024-11-05T15:00Z", f"Kola story {n}", "KOLA") for n in range(1, 76)]
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 75)}


def only_once(change: Any) -> Any:
    """Return an edit of the second answer alone."""
    return lambda request, answer: change(answer) if request.number == 2 else answer


@pytest.mark.parametrize(
    ("edit", "n_requests"),
    [
        (only_once(lambda answer: {**answer, "next_page_token": answer["next_page_token"] + "="}), None),
        (only_once(lambda answer: {**answer, "next_page_token": ""}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": 17}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": ["a"]}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": "a b\n"}), 4),
        (only_once(lambda answer: {"news": answer["news"]}), 4),
        (only_once(lambda answer: {**answer, "news": None}), 4),
        (only_once(lambda answer: {**answer, "news": {"1": "a"}}), 4),
        (only_once(lambda answer: [answer]), 4),
        (only_once(lambda answer: {**answer, "news": [None] * 50}), 4),
        (lambda request, answer: {**answer, "news": answer["news"][:5] + answer["news"]}, 3),
    ],
    ids=["foreign", "empty", "number", "list", "blank", "missing", "null news", "no list", "a list", "nulls", "twice"],
)
def test_a_page_that_is_broken_once_costs_nothing(server: AlpacaServer, edit: Any, n_requests: int | None) -> None:
    """It is asked for again; a token that Alpaca itself doesn't take is a refusal that is told."""
    server.items = busy(120)
    server.edit = edit
    fetched = fetch(server, "KOLA")
    if n_requests is None:
        assert states(fetched) == {"KOLA": ("failed", 0)}
        assert "invalid page_token" in fetched.outcomes["KOLA"].reason
    else:
        assert states(fetched) == {"KOLA": ("updated", 120)}
        assert len(server.log) == n_requests


# Positions that Alpaca takes: after the first item, and before all.
AFTER_FIRST, BEFORE_ALL = "MTczMDUwOTIwMDAwMDAwMDAwMHwx", "MHww"
YEARS_AGO = {"created_at": "2015-01-02T10:00:00Z", "updated_at": "2015-01-02T10:00:00Z"}


def each(**change: Any) -> Any:
    """Return an edit of every item."""
    return lambda request, answer: {**answer, "news": [{**entry, **change} for entry in answer["news"]]}


def answer_of(**change: Any) -> Any:
    """Return an edit of every answer."""
    return lambda request, answer: {**answer, **change}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(answer_of(next_page_token=AFTER_FIRST), "one that was had before", id="loop"),
        pytest.param(
            lambda request, answer: {**answer, "next_page_token": answer["next_page_token"] or AFTER_FIRST},
            "one that was had before",
            id="loop at the end",
        ),
        pytest.param(answer_of(next_page_token=5), "is a number that can't be one", id="number"),
        pytest.param(answer_of(next_page_token=""), "is a text that can't be one", id="no text"),
        pytest.param(
            lambda request, answer: {"news": answer["news"]},
            "doesn't say whether there is a next page",
            id="without a token",
        ),
        pytest.param(lambda request, answer: {"news": []}, "doesn't say whether", id="empty, without a token"),
        pytest.param(lambda request, answer: {"next_page_token": None}, "it holds no list of news", id="no news"),
        pytest.param(answer_of(news="none"), "it holds no list of news", id="text for news"),
        pytest.param(answer_of(news=["a", 5, None]), "none of its 3 items can be read", id="unreadable"),
        pytest.param(each(symbols=["AAPL"]), "ignores the question", id="other tickers"),
        pytest.param(each(**YEARS_AGO), "ignores the question", id="other days"),
    ],
)
def test_pages_that_stay_broken_fail_the_tickers_with_a_sentence(server: AlpacaServer, edit: Any, words: str) -> None:
    """Half of a month's news would be taken for all of it; the run goes on to other chunks."""
    server.items = [*busy(60), *busy(60, ticker="FERN")]
    server.edit = edit
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0), "FERN": ("failed", 0)}
    reason = fetched.outcomes["KOLA"].reason
    assert words in reason
    assert "\n" not in reason
    assert len(server.log) <= 12


def test_an_empty_page_with_a_token_is_passed_over(server: AlpacaServer) -> None:
    """What its token leads to is the page that was wanted."""
    server.items = busy(120)

    def edit(request: Request, answer: Any) -> Any:
        return {"news": [], "next_page_token": BEFORE_ALL} if request.number == 1 else answer

    server.edit = edit
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 120)}
    assert len(server.log) == 4


@pytest.mark.parametrize("news", ["empty", "repeated"])
def test_pages_that_never_end_are_given_up(server: AlpacaServer, news: str) -> None:
    """Each names another: after five that held nothing new the tickers fail, and nothing is taken for all."""
    server.items = busy(60)
    first: list[Any] = []

    def edit(request: Request, answer: Any) -> Any:
        first.append(answer["news"])
        # A position one nanosecond on: Alpaca takes each.
        token = base64.b64encode(f"{request.number}|0".encode()).decode()
        return {"news": [] if news == "empty" else first[0], "next_page_token": token}

    server.edit = edit
    fetched = fetch(server, "KOLA")
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "5 of them in a row held nothing new" in fetched.outcomes["KOLA"].reason
    assert len(server.log) <= 6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"headline": None}, "news item without a title"),
        ({"headline": " \x07 "}, "news item without a title"),
        ({"headline": 5}, "news item without a title"),
        ({"headline": ["a"]}, "news item without a title"),
        ({"id": None}, "news item without an id"),
        ({"id": True}, "news item without an id"),
        ({"id": 1.5}, "news item without an id"),
        ({"id": "a" * 101}, "news item with an id that can't be read"),
        ({"updated_at": None}, "news item without updated_at"),
        ({"updated_at": 1_730_000_000}, "news item with a updated_at that can't be read"),
        ({"created_at": "2024-11-05T15:00:00"}, "news item with a created_at that can't be read"),
        ({"created_at": "11/05/2024"}, "news item with a created_at that can't be read"),
        ({"created_at": "1970-01-01T00:00:00Z"}, "news item with a created_at that can't be read"),
        ({"updated_at": "2025-01-15T12:00:01Z"}, "news item dated in the future"),
        ({"created_at": "2031-01-01T00:00:00Z"}, "news item dated in the future"),
    ],
)
def test_an_item_that_can_be_no_headline_is_counted(server: AlpacaServer, change: dict[str, Any], reason: str) -> None:
    """By reason and ticker; the others come."""
    server.edit = lambda request, answer: {
        **answer, "news": [{**entry, **change} if entry["id"] == 1 else entry for entry in answer["news"]]
    }  # fmt: skip
    fetched = fetch(server)
    assert dropped(fetched) == {("KOLA", reason): 1}
    assert states(fetched) == {"KOLA": ("updated", 1), "FERN": ("updated", 2)}


@pytest.mark.parametrize("news", [None, 5, [], {"id": 7}, {"id": 7, "symbols": "KOLA"}, {"id": 7, "symbols": [5]}])
def test_what_names_no_ticker_is_counted_once(server: AlpacaServer, news: Any) -> None:
    """It belongs to none of those that were asked for."""
    server.edit = lambda request, answer: {**answer, "news": [*answer["news"], news]}
    fetched = fetch(server)
    assert len(fetched.headlines) == 4
    assert [(drop.ticker, drop.n_rows) for drop in fetched.dropped] == [("?", 1)]


@pytest.mark.parametrize(
    ("created", "updated", "published"),
    [
        ("2024-11-05T15:00:00Z", "2024-11-04T15:00:00Z", "2024-11-05T15:00:00Z"),
        ("2024-11-05T10:00:00-05:00", "2024-11-05T15:00:01Z", "2024-11-05T15:00:01Z"),
        ("2024-11-05T15:00:00Z", "2024-11-05T10:00:30.5-05:00", "2024-11-05T15:00:30.5Z"),
    ],
)
def test_the_later_of_two_stamps_counts(server: AlpacaServer, created: str, updated: str, published: str) -> None:
    """One of a revision before the creation is wrong, and which of both isn't known."""
    server.edit = lambda request, answer: {
        **answer, "news": [{**entry, "created_at": created, "updated_at": updated} for entry in answer["news"][:1]]
    }  # fmt: skip
    fetched = fetch(server, "KOLA")
    assert fetched.headlines["published_at"].tolist() == [pd.Timestamp(published)]


def test_texts_of_any_size_are_cut(server: AlpacaServer) -> None:
    """A megabyte in each field of an item costs no seconds, and what isn't UTF-8 is left out."""
    server.items = [item(1, "2024-11-05T15:00Z", "Kola " + "x" * 10**6, "KOLA", summary="y" * 10**6, url="u" * 10**6)]
    row = fetch(server, "KOLA").headlines.iloc[0]
    assert [len(row[name]) for name in ("text", "summary", "url")] == [1000, 4000, 5000]


@pytest.mark.parametrize("name", ["id", "headline", "summary", "url", "source", "created_at", "updated_at", "symbols"])
def test_no_value_of_a_field_ends_a_fetch(server: AlpacaServer, name: str) -> None:
    """Each item that isn't a headline is counted, and all others come."""
    server.edit = lambda request, answer: {
        **answer,
        "news": [
            *answer["news"],
            *({**answer["news"][0], "id": 100 + n, name: value} for n, value in enumerate(STRANGE_VALUES)),
        ],
    }
    fetched = fetch(server, "KOLA")
    n_rows, n_dropped = len(fetched.headlines), sum(drop.n_rows for drop in fetched.dropped)
    assert len(STRANGE_VALUES) - 4 <= n_rows + n_dropped <= 2 + len(STRANGE_VALUES)
    assert all(text.isprintable() for text in fetched.headlines["text"])
    assert (fetched.headlines["published_at"] <= NOW).all()
    assert states(fetched)["KOLA"][1] == n_rows >= 2


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


def test_a_morning_asks_for_what_is_new_and_sees_it_first_now(server: AlpacaServer) -> None:
    """Our own clock counts then, and the stamp of creation stays."""
    server.items = [
        item(1, "2025-01-13T15:00Z", "Kola opens a plant", "KOLA"),
        item(2, "2025-01-14T12:00Z", "Kola rises", "KOLA", revised={"2025-01-15T10:00Z": "Kola rises much"}),
    ]
    fetched = source(server).fetch_headlines(["KOLA"], since=pd.Timestamp("2025-01-14T11:00Z"), now=NOW)
    row = fetched.headlines.iloc[0]
    assert fetched.headlines["text"].tolist() == ["Kola rises much"]
    assert (row["first_seen_at"], row["known_by"]) == (NOW, "first_seen")
    assert row["created_at"] == pd.Timestamp("2025-01-14T12:00Z")


@pytest.mark.parametrize("filters", ["updated_at", "created_at"])
def test_a_markets_headlines_come_once_over_all_months(server: AlpacaServer, filters: Any) -> None:
    """A share names two tickers, a share is revised, and each counts for each ticker in one month."""
    market = SimulatedSource(SimulatedSettings(n_sessions=120, n_tickers=6))
    headlines = market.fetch_headlines(market.tickers, since=None, now=market.default_now).headlines
    items = items_of(headlines)
    assert items == items_of(headlines)
    server.items, server.filters = items, filters
    alpaca = source(server)
    first, last = (headlines["published_at"].iloc[[0, -1]].dt.tz_localize(None).dt.normalize()).sort_values()
    chunks = alpaca.chunks(market.tickers, min(first, pd.Timestamp("2017-12-01")), last + pd.Timedelta(days=60))
    parts = [alpaca.fetch_chunk(chunk, now=NOW) for chunk in chunks]
    rows = pd.concat([part.headlines for part in parts])
    expected = {
        (name, entry.versions[-1].headline, entry.versions[-1].updated_at) for entry in items for name in entry.symbols
    }
    came = set(zip(rows["ticker"], rows["text"], rows["published_at"], strict=True))
    assert came == expected
    assert not any(part.dropped for part in parts)
    assert rows["headline_id"].is_unique
    assert 0.05 < sum(len(entry.symbols) > 1 for entry in items) / len(items) < 0.15
    assert 0.1 < sum(len(entry.versions) > 1 for entry in items) / len(items) < 0.3


def test_what_comes_later_is_not_there_yet(server: AlpacaServer) -> None:
    """The server's own instant: a version of the evening can't be read at noon."""
    server.now = pd.Timestamp("2024-11-20T12:00Z")
    assert texts(fetch(server, "FERN")) == [("FERN", "Kola & Fern agree"), ("FERN", "Fern sells land")]
    server.now = None
    assert texts(fetch(server, "FERN"))[-1] == ("FERN", "Fern sells all land")


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
