"""Years of headlines come chunk by chunk, go on where they ended, and are topped up each morning."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.ingestion.asked_days import read_coverage
from stockseq.ingestion.backfill import backfill
from stockseq.ingestion.top_up import top_up
from stockseq.store import Store
from stockseq.testing import check_source
from tests.ingestion.gazette import Gazette

NOW = pd.Timestamp("2024-03-05T13:00Z")
FIRST = pd.Timestamp("2022-06-01")
PRINTED = [
    ("KOLA", "2021-01-04T12:00Z", "before the days asked for"),
    ("KOLA", "2022-06-01T00:00Z", "on the first instant"),
    ("KOLA", "2023-12-31T23:59:59Z", "on the last instant of a year"),
    ("MOSS", "2024-01-01T00:00Z", "on the first of the next"),
    ("MOSS", "2024-03-04T23:59:59Z", "yesterday"),
    ("MOSS", "2024-03-05T12:00Z", "this morning"),
]
TICKERS = ("KOLA", "MOSS")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def test_every_day_until_yesterday_comes_once(store: Store) -> None:
    """Six chunks, a ticker and year each; the second run asks for nothing and commits nothing."""
    gazette = Gazette(PRINTED)
    found = backfill(store, gazette, TICKERS, first=FIRST, now=NOW)
    assert (found.n_chunks, found.n_headlines, dict(found.by_year)) == (6, 4, {2022: 1, 2023: 1, 2024: 2})
    stored = store.headlines()
    assert stored["text"].tolist() == [
        "on the first instant", "on the last instant of a year", "on the first of the next", "yesterday"
    ]  # fmt: skip
    assert stored["first_seen_at"].isna().all()
    assert stored["known_by"].tolist() == ["vendor"] * 4
    versions = store.versions()
    again = backfill(store, gazette, TICKERS, first=FIRST, now=NOW + pd.Timedelta(hours=5))
    assert (again.n_chunks, store.versions()) == (0, versions)
    assert len(gazette.asked) == 6


def test_a_later_day_an_earlier_one_and_a_further_ticker_ask_for_what_is_missing_alone(store: Store) -> None:
    """A run two days later asks for two days, one from 2021 on for the year before, another ticker for its own."""
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW)
    gazette = Gazette(PRINTED)
    backfill(store, gazette, TICKERS, first=FIRST, now=NOW + pd.Timedelta(days=2))
    assert gazette.asked == [(("KOLA",), "2024-03-05", "2024-03-06"), (("MOSS",), "2024-03-05", "2024-03-06")]
    gazette.asked.clear()
    backfill(store, gazette, ("KOLA", "FERN"), first=pd.Timestamp("2021-12-31"), now=NOW + pd.Timedelta(days=2))
    assert gazette.asked == [
        (("KOLA",), "2021-12-31", "2021-12-31"), (("KOLA",), "2022-01-01", "2022-05-31"),
        (("FERN",), "2021-12-31", "2021-12-31"), (("FERN",), "2022-01-01", "2022-12-31"),
        (("FERN",), "2023-01-01", "2023-12-31"), (("FERN",), "2024-01-01", "2024-03-06"),
    ]  # fmt: skip
    assert "before the days asked for" not in store.headlines()["text"].tolist()


def test_days_before_the_archive_begins_are_passed_over(store: Store) -> None:
    """It has nothing of 2019, and is not asked for it."""
    gazette = Gazette(PRINTED, earliest=pd.Timestamp("2024-02-01"))
    backfill(store, gazette, ("KOLA",), first=pd.Timestamp("2010-01-01"), now=NOW)
    assert gazette.asked == [(("KOLA",), "2024-02-01", "2024-03-04")]
    assert backfill(store, gazette, ("KOLA",), first=pd.Timestamp("2024-03-05"), now=NOW).n_chunks == 0


def test_a_key_that_is_refused_midway_keeps_what_came(store: Store) -> None:
    """The sentence counts it, and the next run goes on from there."""
    with pytest.raises(SourceError, match=r"doesn't take the key.* The 2 chunks before it are kept; the same command"):
        backfill(store, Gazette(PRINTED, refuses_after=2), TICKERS, first=FIRST, now=NOW)
    assert len(store.headlines()) == 2
    gazette = Gazette(PRINTED)
    backfill(store, gazette, TICKERS, first=FIRST, now=NOW)
    assert len(gazette.asked) == 4
    assert len(store.headlines()) == 4


def test_a_ticker_that_fails_is_told_and_asked_for_again(store: Store) -> None:
    """Others come; a service of which nothing comes is given up after three chunks."""
    found = backfill(store, Gazette(PRINTED, broken={"MOSS": "cut short"}), ("KOLA", "MOSS"), first=FIRST, now=NOW)
    assert (found.n_headlines, dict(found.failures)) == (2, {"MOSS": "cut short"})
    assert list(read_coverage(store, "gazette", as_of=NOW)) == ["KOLA"]
    gazette = Gazette(PRINTED, broken=dict.fromkeys(TICKERS, "down"))
    found = backfill(store, gazette, ("MOSS",), first=pd.Timestamp("2015-01-01"), now=NOW)
    assert len(gazette.asked) == 3
    assert "3 chunks in a row failed" in found.stopped
    backfill(store, Gazette(PRINTED), ("MOSS",), first=FIRST, now=NOW)
    assert len(store.headlines(["MOSS"])) == 2


def test_a_morning_tops_up_from_the_last_day_that_was_asked_for(store: Store) -> None:
    """Its rows are first seen then, whatever their stamp, and the same morning again adds nothing."""
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW - pd.Timedelta(days=2))
    gazette = Gazette(PRINTED)
    found = top_up(store, [gazette], TICKERS, now=NOW)
    assert gazette.asked == [(("KOLA",), "2024-03-02", "2024-03-05"), (("MOSS",), "2024-03-02", "2024-03-05")]
    assert found.headlines["text"].tolist() == ["yesterday", "this morning"]
    assert found.headlines["first_seen_at"].tolist() == [NOW, NOW]
    assert found.headlines["known_by"].tolist() == ["first_seen"] * 2
    store.append("headlines", found.headlines)
    found.note(store, at=NOW)
    assert read_coverage(store, "gazette", as_of=NOW)["MOSS"][-1][1] == pd.Timestamp("2024-03-04")
    versions = store.versions()
    again = top_up(store, [Gazette(PRINTED)], TICKERS, now=NOW)
    store.append("headlines", again.headlines)
    again.note(store, at=NOW)
    assert store.versions() == versions


def test_weeks_that_nobody_asked_for_are_told_with_the_command_that_asks(store: Store) -> None:
    """A morning asks for a week at most: what it sees for the first time is no news of a month ago."""
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW - pd.Timedelta(days=30))
    gazette = Gazette(PRINTED)
    found = top_up(store, [gazette], TICKERS, now=NOW)
    assert gazette.asked[0][1] == "2024-02-27"
    assert found.doubts == (
        "gazette wasn't asked for headlines of KOLA and MOSS from 2024-02-04 to 2024-02-26; "
        "make news HEADLINES=gazette FROM=2024-02-04 asks for them.",
    )


def test_a_ticker_that_always_fails_blocks_none_behind_it(store: Store) -> None:
    """Its three years fail one after the other; the next ticker is asked all the same."""
    gazette = Gazette(PRINTED, broken={"AAAA": "cut short"})
    found = backfill(store, gazette, ("AAAA", "KOLA", "MOSS"), first=FIRST, now=NOW)
    assert (found.stopped, found.n_headlines, dict(found.failures)) == ("", 4, {"AAAA": "cut short"})


def test_days_that_a_clock_ahead_noted_are_asked_for_again(store: Store) -> None:
    """A run of next year said that it had asked for all of this one."""
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW + pd.Timedelta(days=365))
    gazette = Gazette(PRINTED)
    found = top_up(store, [gazette], TICKERS, now=NOW)
    assert gazette.asked
    assert len(found.headlines) == 2
    assert backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW).n_chunks == 6


def test_a_gap_is_told_each_morning_until_it_is_asked_for(store: Store) -> None:
    """The morning that found it isn't the last to tell."""
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW - pd.Timedelta(days=30))
    for days in range(2):
        found = top_up(store, [Gazette(PRINTED)], TICKERS, now=NOW + pd.Timedelta(days=days))
        found.note(store, at=NOW + pd.Timedelta(days=days))
        assert "from 2024-02-04 to 2024-02-26" in found.doubts[0]
    backfill(store, Gazette(PRINTED), TICKERS, first=FIRST, now=NOW + pd.Timedelta(days=2))
    assert top_up(store, [Gazette(PRINTED)], TICKERS, now=NOW + pd.Timedelta(days=2)).doubts == ()


def test_headlines_that_the_source_gives_later_than_they_stand_in_the_store_are_told(store: Store) -> None:
    """Stored rows stay; who backfilled by a wrong clock must hear of it when the source mends it."""
    early = Gazette([("KOLA", "2024-02-01T10:00Z", "Kola rises")])
    backfill(store, early, ("KOLA",), first=FIRST, now=NOW)
    stored = store.headlines()
    mended = Gazette([("KOLA", "2024-02-01T10:00Z", "Kola rises")], name="gazette", later=pd.Timedelta(hours=4))
    found = backfill(store, mended, ("KOLA",), first=pd.Timestamp("2024-01-01"), now=NOW)
    assert found.n_chunks == 0
    mended.noted_under = "gazette:mended"
    found = backfill(store, mended, ("KOLA",), first=pd.Timestamp("2024-01-01"), now=NOW)
    assert dict(found.n_earlier) == {"KOLA": 1}
    pd.testing.assert_frame_equal(store.headlines(), stored)


def test_a_source_that_fails_costs_no_other_its_headlines(store: Store) -> None:
    """Both are told by name."""
    dead = Gazette(PRINTED, name="herald", refuses_after=0)
    broken = Gazette(PRINTED, name="courier", broken={"MOSS": "cut short"})
    found = top_up(store, [dead, broken, Gazette(PRINTED)], TICKERS, now=NOW)
    assert found.failures["MOSS"] == "herald: gazette doesn't take the key (HTTP 401).; courier: cut short"
    assert found.failures["KOLA"].startswith("herald: ")
    assert set(found.headlines["source"]) == {"gazette"}


def test_an_archive_keeps_the_contract_of_a_source() -> None:
    """Without bars; each answer as of an instant is what was printed by then."""
    check_source(Gazette([("KOLA", "2024-03-04T12:00Z", "one"), ("KOLA", "2024-03-05T09:00Z", "two")]), ["KOLA"], NOW)
