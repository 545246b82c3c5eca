"""Instants map to the first decision that may use them, on real exchange hours."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.errors import SettingsError
from stockseq.sessions import DecisionPolicy, TradingCalendar

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2026-12-31"))
CLOSE_MINUS, AFTER_CLOSE, BEFORE_OPEN = map(
    DecisionPolicy.parse, ("close_minus(15)", "after_close(30)", "before_open(30)")
)

# Source: worked by hand from the exchange's hours, and run on exchange_calendars 4.13.
GOLDEN = [
    ("2024-11-27T20:44:59Z", "2024-11-27", "2024-11-27", "2024-11-29", "a second before close-15"),
    ("2024-11-27T20:45:00Z", "2024-11-27", "2024-11-27", "2024-11-29", "exactly close-15 counts as known"),
    ("2024-11-27T20:45:01Z", "2024-11-29", "2024-11-27", "2024-11-29", "a second late"),
    ("2024-11-27T21:00:00Z", "2024-11-29", "2024-11-27", "2024-11-29", "at the close"),
    ("2024-11-27T21:05:00Z", "2024-11-29", "2024-11-27", "2024-11-29", "after the close"),
    ("2024-11-28T15:00:00Z", "2024-11-29", "2024-11-29", "2024-11-29", "Thanksgiving"),
    ("2024-11-29T14:00:00Z", "2024-11-29", "2024-11-29", "2024-11-29", "exactly open-30"),
    ("2024-11-29T14:00:01Z", "2024-11-29", "2024-11-29", "2024-12-02", "a second after open-30"),
    ("2024-11-29T17:44:00Z", "2024-11-29", "2024-11-29", "2024-12-02", "half-day, before its close-15"),
    ("2024-11-29T17:46:00Z", "2024-12-02", "2024-11-29", "2024-12-02", "half-day, after its close-15"),
    ("2024-11-29T18:30:00Z", "2024-12-02", "2024-11-29", "2024-12-02", "half-day, market closed"),
    ("2024-11-30T12:00:00Z", "2024-12-02", "2024-12-02", "2024-12-02", "Saturday"),
    ("2024-12-02T00:30:00Z", "2024-12-02", "2024-12-02", "2024-12-02", "Sunday in New York, Monday in UTC"),
    ("2024-03-08T20:50:00Z", "2024-03-11", "2024-03-08", "2024-03-11", "15:50 EST, Friday before summer time"),
    ("2024-03-11T19:50:00Z", "2024-03-12", "2024-03-11", "2024-03-12", "15:50 EDT, Monday after"),
    ("2024-03-11T20:50:00Z", "2024-03-12", "2024-03-12", "2024-03-12", "16:50 EDT, 15:50 if EST were assumed"),
    ("2024-11-01T19:44:00Z", "2024-11-01", "2024-11-01", "2024-11-04", "15:44 EDT, Friday before winter time"),
    ("2024-11-04T19:44:00Z", "2024-11-04", "2024-11-04", "2024-11-05", "14:44 EST, Monday after"),
    ("2025-01-09T15:00:00Z", "2025-01-10", "2025-01-10", "2025-01-10", "day of mourning, closed"),
    ("2024-12-31T22:00:00Z", "2025-01-02", "2025-01-02", "2025-01-02", "New Year's Eve after hours"),
]


def _instants(*stamps: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(stamps), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


@pytest.mark.parametrize(("stamp", "close_minus", "after_close", "before_open", "case"), GOLDEN, ids=lambda v: str(v))
def test_an_instant_is_decided_by_the_first_decision_that_may_use_it(
    stamp: str, close_minus: str, after_close: str, before_open: str, case: str
) -> None:
    """Half-days, holidays, weekends and both clock changes, for all three policies."""
    policies = (CLOSE_MINUS, AFTER_CLOSE, BEFORE_OPEN)
    decided = [CALENDAR.decided_session(_instants(stamp), policy).iloc[0] for policy in policies]
    assert [session.date().isoformat() for session in decided] == [close_minus, after_close, before_open], case


def test_early_closes_are_those_the_exchange_published() -> None:
    """A naive 16:00 close would let three hours of the future in."""
    close = CALENDAR.schedule["close"].dt.tz_convert("America/New_York")
    early = close.index[close.dt.hour < 16].strftime("%Y-%m-%d").tolist()
    # Source: NYSE holidays and trading hours.
    assert early == [
        *("2024-07-03", "2024-11-29", "2024-12-24"),
        *("2025-07-03", "2025-11-28", "2025-12-24"),
        *("2026-11-27", "2026-12-24"),
    ]
    assert (close[early].dt.hour == 13).all()


@pytest.mark.parametrize("policy", [CLOSE_MINUS, AFTER_CLOSE, BEFORE_OPEN], ids=str)
def test_instants_outside_the_calendar_are_not_clipped_to_it(policy: DecisionPolicy) -> None:
    """A clipped headline would inform a session that it has nothing to do with."""
    instants = _instants("1999-01-01T00:00Z", "2023-12-29T15:00Z", "2024-01-02T12:00Z", "2027-01-04T22:00Z")
    assert CALENDAR.decided_session(instants, policy).isna().all()
    missing = pd.Series(pd.to_datetime([None], utc=True)).astype("datetime64[us, UTC]")
    assert CALENDAR.decided_session(missing, policy).isna().all()


FIRST, LAST = int(pd.Timestamp("2024-01-02").timestamp()), int(pd.Timestamp("2026-12-31").timestamp())


@given(
    seconds=st.lists(st.integers(FIRST, LAST), min_size=1, max_size=50),
    policy=st.sampled_from([CLOSE_MINUS, AFTER_CLOSE, BEFORE_OPEN]),
)
def test_every_instant_lies_in_the_window_of_its_decision(seconds: list[int], policy: DecisionPolicy) -> None:
    """D(k-1) < instant <= D(k), and a later instant is never decided earlier."""
    instants = pd.Series(pd.to_datetime(sorted(seconds), unit="s", utc=True)).astype("datetime64[us, UTC]")
    decided = CALENDAR.decided_session(instants, policy)
    decisions = CALENDAR.decision_at(policy)
    inside = decided.notna().to_numpy()
    assert inside.tolist() == ((instants > decisions.iloc[0]) & (instants <= decisions.iloc[-1])).tolist()
    own = decisions.reindex(pd.DatetimeIndex(decided[inside])).to_numpy()
    before = decisions.shift(1).reindex(pd.DatetimeIndex(decided[inside])).to_numpy()
    stamps = instants[inside].to_numpy()
    assert (before < stamps).all()
    assert (stamps <= own).all()
    assert decided[inside].is_monotonic_increasing


def test_the_unit_of_the_stamps_does_not_matter() -> None:
    """pandas 3 parses to microseconds, other sources to nanoseconds or seconds."""
    stamp = _instants("2024-11-27T20:45:01Z")
    decided = {
        unit: CALENDAR.decided_session(stamp.dt.as_unit(unit), CLOSE_MINUS).iloc[0] for unit in ("s", "ms", "us", "ns")
    }
    assert set(decided.values()) == {pd.Timestamp("2024-11-29")}


def test_a_stamp_in_another_zone_means_the_same_instant() -> None:
    """Sources write their stamps in their own zone."""
    tokyo = _instants("2024-11-27T20:45:01Z").dt.tz_convert("Asia/Tokyo")
    assert CALENDAR.decided_session(tokyo, CLOSE_MINUS).iloc[0] == pd.Timestamp("2024-11-29")


def test_a_bar_is_final_half_an_hour_after_its_close() -> None:
    """Vendors return today's unfinished bar, which must never be stored."""
    at = pd.Timestamp("2024-11-29 18:30", tz="UTC")
    assert CALENDAR.last_final_session(at) == pd.Timestamp("2024-11-29")
    assert CALENDAR.last_final_session(at - pd.Timedelta(microseconds=1)) == pd.Timestamp("2024-11-27")


def test_next_and_previous_sessions_skip_closed_days() -> None:
    """Horizons are counted in sessions, not in days."""
    thanksgiving = pd.Timestamp("2024-11-28")
    assert CALENDAR.next_session(thanksgiving) == pd.Timestamp("2024-11-29")
    assert CALENDAR.previous_session(thanksgiving) == pd.Timestamp("2024-11-27")
    assert CALENDAR.next_sessions(pd.Series([pd.Timestamp("2024-11-27")])).tolist() == [pd.Timestamp("2024-11-29")]
    assert len(CALENDAR.between(pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-01"))) == 4


def test_a_session_beyond_the_calendar_is_an_error() -> None:
    """A silent clip at the end would give the last session a wrong neighbour."""
    with pytest.raises(ValueError, match="leads outside it"):
        CALENDAR.next_session(pd.Timestamp("2026-12-31"))
    with pytest.raises(ValueError, match="leads outside it"):
        CALENDAR.previous_session(pd.Timestamp("2024-01-02"))
    with pytest.raises(ValueError, match="extend it beyond"):
        CALENDAR.next_sessions(pd.Series([pd.Timestamp("2026-12-31")]))


def test_the_calendar_until_now_does_not_depend_on_the_wall_clock() -> None:
    """exchange_calendars' own bounds move with the day on which they are asked."""
    calendar = TradingCalendar.until(pd.Timestamp("2024-11-27 12:00", tz="UTC"), first=pd.Timestamp("2024-01-02"))
    assert calendar.sessions[-1] == pd.Timestamp("2025-03-07")
    assert np.array_equal(calendar.sessions, CALENDAR.between(calendar.sessions[0], calendar.sessions[-1]))


@pytest.mark.parametrize("text", ["before_open", "at_noon(5)", "close_minus(-1)", "before_open(30) or so", ""])
def test_an_unreadable_policy_is_refused_with_the_forms_that_are_read(text: str) -> None:
    """Settings are typed by hand."""
    with pytest.raises(SettingsError, match=r"before_open\(30\)"):
        DecisionPolicy.parse(text)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("close_minus(14)", "at least 15 minutes, or orders miss"),
        ("before_open(29)", "at least 30 minutes, or orders miss"),
        ("after_close(29)", "at least 30 minutes, or the session's bar is not final"),
    ],
)
def test_a_decision_too_close_to_the_auction_is_refused(text: str, match: str) -> None:
    """Orders for an auction have a cut-off, and a close is not known until its bar is final."""
    with pytest.raises(SettingsError, match=match):
        DecisionPolicy.parse(text)


def test_an_unknown_exchange_is_refused_in_words() -> None:
    """The library's own error names no remedy."""
    with pytest.raises(SettingsError, match="a code of exchange_calendars such as XNYS"):
        _ = TradingCalendar("WALL", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-01")).sessions


@pytest.mark.parametrize("exchange", ["XTKS", "XBOM", "XSHG", "XSAU", "XSES"])
def test_a_calendar_with_a_beginning_or_an_end_is_as_long_as_it_is_known(exchange: str) -> None:
    """Some exchanges publish a year's holidays in the year before: the calendar ends where knowledge does."""
    calendar = TradingCalendar.until(pd.Timestamp("2026-12-05T12:00Z"), exchange=exchange)
    assert calendar.sessions[0] >= pd.Timestamp("1980-01-02")
    assert calendar.sessions[-1] >= pd.Timestamp("2026-12-30")


def test_an_instant_beyond_what_is_known_of_an_exchange_is_refused() -> None:
    """The last session of XBOM that exchange_calendars 4.13.2 knows is that of 2026-12-31."""
    with pytest.raises(SettingsError, match="known from 1997-01-01 to 2026-12-31 only"):
        TradingCalendar.until(pd.Timestamp("2027-02-01T12:00Z"), exchange="XBOM")


def test_a_date_before_the_calendar_is_said_to_be_that() -> None:
    """The Tokyo calendar begins in 1997; a bar of 1995 is not on a holiday."""
    calendar = TradingCalendar.until(pd.Timestamp("2024-12-05T12:00Z"), exchange="XTKS")
    dates = pd.to_datetime(pd.Series(["1995-03-01", "2024-01-01", "2024-01-04"]))
    faults = calendar.date_faults(dates)
    assert faults[:2].tolist() == ["before 1997, where the calendar of XTKS begins", "not a session of XTKS"]
    assert pd.isna(faults[2])
