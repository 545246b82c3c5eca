"""What Alpaca's items become: by which stamp they count, whose they are, and what can be no headline."""

from typing import Any

import pandas as pd
import pytest

from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
from tests.alpaca_server import AlpacaServer, item, items_of
from tests.service_server.strange_values import STRANGE_VALUES
from tests.sources.alpaca.scenario import ITEMS, NOVEMBER, NOW, OUTSIDE, dropped, fetch, month, source, states, texts


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
        ({"updated_at": 1_730_000_000}, "news item whose updated_at can't be read"),
        ({"created_at": "2024-11-05T15:00:00"}, "news item whose created_at can't be read"),
        ({"created_at": "11/05/2024"}, "news item whose created_at can't be read"),
        ({"created_at": "1970-01-01T00:00:00Z"}, "news item whose created_at can't be read"),
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
    server.items = [
        item(1, "2024-11-05T15:00Z", "Kola " + "x" * 10**6, "KOLA", summary="y" * 10**6, url="https://" + "u" * 10**6)
    ]
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
