"""What Tiingo's items become: by which stamp they count, and what can be no headline."""

from typing import Any

import pandas as pd
import pytest

from tests.service_server.strange_values import STRANGE_VALUES
from tests.sources.tiingo.scenario import ARTICLES, NOW, OUTSIDE, busy, dropped, fetch, source, states
from tests.tiingo_server import TiingoServer, article


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
        ({"crawlDate": 1_730_000_000}, "news item whose crawlDate can't be read"),
        ({"crawlDate": "2024-11-05"}, "news item whose crawlDate can't be read"),
        ({"publishedDate": None}, "news item without publishedDate"),
        ({"publishedDate": "2024-11-05T15:00:00"}, "news item whose publishedDate can't be read"),
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
