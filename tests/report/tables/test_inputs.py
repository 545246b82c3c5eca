"""Tests of the tables of what went into a run."""

import pandas as pd

from stockseq.evaluate.news_timing import Revisions, SourceTiming, ToneReturn
from stockseq.report.tables.inputs import (
    coverage_table,
    dropped_table,
    news_table,
    outcome_counts,
    outcomes_table,
    timing_table,
)
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


def test_the_news_of_a_year_stand_by_source_with_the_share_of_its_sessions() -> None:
    """Of 2024, 5 headlines of one source and 2 of the other; KOLA's 250 sessions count once, and 100 + 50 have news."""
    rows = [
        ("KOLA", 2024, "alpaca", 4, 250, 100),
        ("KOLA", 2024, "edgar", 2, 250, 100),
        ("LIMO", 2024, "alpaca", 1, 250, 50),
        ("LIMO", 2023, "", 0, 10, 0),
    ]
    coverage = pd.DataFrame(rows, columns=["ticker", "year", "source", "n_headlines", "n_sessions", "n_with_news"])
    by_year = news_table(coverage, by="year")
    assert by_year is not None
    assert by_year.heads == ["Year", "alpaca", "edgar", "Sessions", "With news"]
    assert texts(by_year) == [["2023", "0", "0", "10", "0.0%"], ["2024", "5", "2", "500", "30.0%"]]
    assert texts(news_table(coverage, by="ticker"))[0] == ["KOLA", "4", "2", "250", "40.0%"]
    assert news_table(coverage.assign(n_headlines=0), by="year") is None
    assert news_table(None, by="year") is None


def test_the_clock_of_a_source_stands_with_what_is_missing() -> None:
    """A source of bare dates has no correlation; a delay reads in the unit that fits it."""
    lag = ToneReturn(n=100, n_sessions=90, correlation=0.123, ci=(0.05, 0.2), low=0.04)
    late = Revisions(n=10, median_s=90.0, percentile_90_s=7200.0, share_over_a_day=0.05)
    timings = [
        SourceTiming(source="alpaca", n=1200, lag_0=lag, share_in_session=0.5, share_expected=0.19, revisions=late),
        SourceTiming(source="files", n=0),
    ]
    first, second = texts(timing_table(timings))
    assert first[:5] == ["alpaca", "1,200", "+0.12", "+0.05 to +0.20", "\u2013"]
    assert first[6:] == ["50.0%", "19.0%", "1.5 min", "2.0 h", "5.0%"]
    assert set(second[2:]) == {"\u2013"}
    assert timing_table([]) is None
