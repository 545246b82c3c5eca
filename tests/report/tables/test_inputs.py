"""Tests of the tables of what went into a run."""

from stockseq.report.tables.inputs import coverage_table, dropped_table, outcome_counts, outcomes_table
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome
from tests.report.conftest import COVERAGE, texts


def test_what_was_dropped_is_added_up_by_stage_and_reason() -> None:
    """By hand: 60 + 30 rows of one reason are above 1 of another; tickers are named once."""
    dropped = [
        Dropped("bars", "X", "volume", 1),
        Dropped("features", "B", "warm-up", 60),
        Dropped("features", "A", "warm-up", 30),
    ]
    assert texts(dropped_table(dropped)) == [["features", "warm-up", "90", "A, B"], ["bars", "volume", "1", "X"]]


def test_tickers_that_failed_come_first() -> None:
    """What the reader must act on comes before what went well."""
    outcomes = [Outcome("A", "updated", 5), Outcome("B", "failed", 0, "429"), Outcome("C", "unknown")]
    assert [row[0] for row in texts(outcomes_table(outcomes))] == ["B", "C", "A"]
    assert outcome_counts(outcomes) == ["1 failed", "1 unknown or delisted", "1 updated"]


def test_coverage_shows_shares_in_percent() -> None:
    """Fractions become percent on the page and nowhere else."""
    assert texts(coverage_table(COVERAGE))[1:4] == [
        ["Bars", "45,210"],
        ["Headlines", "40,417"],
        ["Share with news", "59.1%"],
    ]
