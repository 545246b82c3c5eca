"""Bars that are no sessions' are refused by what they are."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files.frequency import require_daily


def keys(dates, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"ticker": "KOLA", "date": dates, **columns})


@pytest.mark.parametrize(
    ("frequency", "words"),
    [("W-MON", "weekly"), ("W-FRI", "weekly"), ("MS", "monthly"), ("ME", "monthly"), ("QS", "quarterly")],
)
def test_long_bars_are_named(frequency, words):
    """Most of them fall on no session, and "not a session" would be the wrong reason."""
    with pytest.raises(SourceError, match=f"holds {words} bars"):
        require_daily(keys(pd.date_range("2023-01-02", periods=12, freq=frequency)), path="bars.csv")


def test_intraday_bars_are_named():
    """By the clock of their dates, by a column of times, or by the period that Stooq writes."""
    hours = pd.to_datetime(["2024-06-03 09:30", "2024-06-03 10:30", "2024-06-04 09:30", "2024-06-04 10:30"])
    with pytest.raises(SourceError, match=r"intraday bars .KOLA has 2 on 2024-06-03."):
        require_daily(keys(hours), path="bars.csv")
    with pytest.raises(SourceError, match="intraday bars"):
        require_daily(keys(hours.normalize(), time=["09:30", "10:30"] * 2), path="bars.csv")
    with pytest.raises(SourceError, match="bars of the period 60 where D is a session"):
        require_daily(keys(hours.normalize(), period="60"), path="bars.csv")


def test_daily_bars_with_halts_and_a_time_of_the_close_pass():
    """A bar stamped 16:00 is of its day, and a fortnight without one is a halt."""
    days = pd.bdate_range("2024-01-02", periods=40).delete(slice(10, 20)) + pd.Timedelta(hours=16)
    require_daily(keys(days, period="D"), path="bars.csv")
