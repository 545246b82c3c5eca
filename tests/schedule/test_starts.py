"""The start lies an hour before the decision on the exchange's clock, whatever the machine's says."""

from datetime import time
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from stockseq.errors import SettingsError
from stockseq.schedule.starts import Starts, find_due, find_starts
from stockseq.sessions import DecisionPolicy, TradingCalendar

NOW = pd.Timestamp("2026-11-27T12:00:00Z")
NEW_YORK = Starts((0, 1, 2, 3, 4), time(8), "America/New_York")


def calendar_of(exchange: str) -> TradingCalendar:
    return TradingCalendar(exchange, pd.Timestamp("2025-10-01"), pd.Timestamp("2027-01-15"))


def starts_of(exchange: str, decision: str, at: str | None = None) -> str:
    return str(find_starts(calendar_of(exchange), DecisionPolicy.parse(decision), now=NOW, at=at))


@pytest.mark.parametrize(
    ("exchange", "decision", "at", "expected"),
    [
        ("XNYS", "before_open(30)", None, "Mon,Tue,Wed,Thu,Fri 08:00 America/New_York"),
        ("XNYS", "after_close(30)", None, "Mon,Tue,Wed,Thu,Fri 08:00 America/New_York"),
        ("XNYS", "before_open(30)", "08:10", "Mon,Tue,Wed,Thu,Fri 08:10 America/New_York"),
        # The evening before: Monday's session is forecast on Sunday.
        ("XNYS", "before_open(30)", "18:30", "Mon,Tue,Wed,Thu,Sun 18:30 America/New_York"),
        ("XLON", "before_open(30)", None, "Mon,Tue,Wed,Thu,Fri 06:30 Europe/London"),
        ("XSAU", "before_open(30)", None, "Mon,Tue,Wed,Thu,Sun 08:30 Asia/Riyadh"),
    ],
)
def test_the_start_is_an_hour_before_the_decision_on_the_exchanges_weekdays(exchange, decision, at, expected):
    """New York opens at 9:30, London at 8:00, Riyadh at 10:00 and from Sunday to Thursday."""
    assert starts_of(exchange, decision, at) == expected


@pytest.mark.parametrize(
    ("exchange", "at"), [("24/7", None), ("XNYS", "09:15"), ("XNYS", "16:10"), ("XNYS", "8:10"), ("XNYS", "25:00")]
)
def test_a_start_without_a_final_bar_before_it_is_refused(exchange, at):
    """A market that never closes has none; after the decision, or within half an hour of the close, is too late."""
    with pytest.raises(SettingsError, match="AT"):
        starts_of(exchange, "before_open(30)", at)


def test_another_clock_has_every_hour_that_the_year_brings():
    """Berlin and New York change to summer time two weeks apart: 8:00 is 14:00 for most of the year, 13:00 between."""
    times = NEW_YORK.on_clock(ZoneInfo("Europe/Berlin"), now=NOW)
    assert times == tuple((day, time(hour)) for day in range(5) for hour in (13, 14))
    # Tokyo has no summer time.
    assert NEW_YORK.on_clock(ZoneInfo("Asia/Tokyo"), now=NOW)[:2] == ((0, time(21)), (0, time(22)))
    # In Sydney it is the next day for a part of the year.
    assert {
        day for day, _ in Starts((0,), time(8), "America/New_York").on_clock(ZoneInfo("Australia/Sydney"), now=NOW)
    } == {0, 1}


@pytest.mark.parametrize(
    ("now", "made", "session", "is_due", "hour"),
    [
        ("2026-11-27T12:59:59Z", [], "2026-11-27", False, 13),
        ("2026-11-27T13:00:00Z", [], "2026-11-27", True, 13),
        # It was forecast already, by another start of the same morning.
        ("2026-11-27T13:00:00Z", [("m", "2026-11-27")], "2026-11-27", False, 13),
        # By hand, the evening before.
        ("2026-11-27T13:00:00Z", [("m", "2026-11-27")], "2026-11-27", True, -2),
        # By a model of another trade.
        ("2026-11-27T13:00:00Z", [("other", "2026-11-27")], "2026-11-27", True, 13),
        # Slept through: late, but the past is still scored.
        ("2026-11-27T16:00:00Z", [("m", "2026-11-25")], "2026-11-27", True, 13),
        # Thanksgiving, and a Saturday.
        ("2026-11-26T13:00:00Z", [("m", "2026-11-25")], "2026-11-27", False, 13),
        ("2026-11-28T13:00:00Z", [("m", "2026-11-27")], "2026-11-30", False, 13),
        # In summer the same hour of New York comes an hour earlier.
        ("2026-07-01T11:59:00Z", [], "2026-07-01", False, 13),
        ("2026-07-01T12:00:00Z", [], "2026-07-01", True, 13),
    ],
)
def test_a_morning_is_due_once_its_hour_has_come_and_until_it_is_forecast(now, made, session, is_due, hour):
    """So that a start too many, too early or on a holiday does nothing."""
    now = pd.Timestamp(now)
    forecasts = pd.DataFrame(made, columns=["model_id", "session"])
    forecasts["session"] = pd.to_datetime(forecasts["session"])
    forecasts["made_at"] = (forecasts["session"] + pd.Timedelta(hours=hour)).dt.tz_localize("UTC")
    due = find_due(NEW_YORK, calendar_of("XNYS"), forecasts, now=now, model_ids={"m"})
    assert (due.session, due.is_due) == (pd.Timestamp(session), is_due)
