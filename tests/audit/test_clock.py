"""When a row is known, and what a decision knew: worked by hand, for the proof must not ask the code under audit."""

import pandas as pd
import pytest

from stockseq.audit.clock import Clock, Cut, remove_after
from stockseq.market import MarketData
from stockseq.sessions import DecisionPolicy, TradingCalendar

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-20"), pd.Timestamp("2024-12-10"))


def headline(published: str, *, seen: str | None = None, date_only: bool = False) -> pd.DataFrame:
    stamps = {"published_at": pd.to_datetime([published], utc=True), "first_seen_at": pd.to_datetime([seen], utc=True)}
    return pd.DataFrame({**stamps, "date_only": date_only})


# Worked by hand from the rule: max(published + 900 s, first seen); a bare date counts when it is over in New York.
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (headline("2024-11-27T20:45"), "2024-11-27T21:00"),
        (headline("2024-11-27T20:45", seen="2024-11-29T08:00"), "2024-11-29T08:00"),
        (headline("2024-11-27T20:45", seen="2024-11-27T20:46"), "2024-11-27T21:00"),
        (headline("2024-07-03", date_only=True), "2024-07-04T03:59:59.999999"),
        (headline("2024-11-28T02:00", date_only=True), "2024-11-28T04:59:59.999999"),
    ],
)
def test_a_headline_is_known_when_it_was_published_and_seen(rows: pd.DataFrame, expected: str) -> None:
    """The proof must not ask the aligner that it is to judge."""
    clock = Clock(CALENDAR, DecisionPolicy(), pd.Timedelta(seconds=900))
    assert clock.available(rows).iloc[0] == pd.Timestamp(expected, tz="UTC")


# The Friday after Thanksgiving 2024 closed at 13:00 New York time, 18:00 UTC; Monday opened at 14:30 UTC.
@pytest.mark.parametrize(
    ("policy", "session", "expected"),
    [
        (DecisionPolicy(), "2024-12-02", "2024-12-02T14:00"),
        (DecisionPolicy("after_close", 30), "2024-12-02", "2024-11-29T18:30"),
        (DecisionPolicy("close_minus", 15), "2024-11-29", "2024-11-29T17:45"),
    ],
)
def test_a_decision_lies_where_its_policy_puts_it(policy: DecisionPolicy, session: str, expected: str) -> None:
    """Half-days and weekends are where a clock goes wrong."""
    clock = Clock(CALENDAR, policy, pd.Timedelta(0))
    assert clock.cut(pd.Timestamp(session)).decision_at == pd.Timestamp(expected, tz="UTC")


def test_after_the_close_the_bar_of_that_session_is_just_known(market: MarketData, cut: Cut) -> None:
    """It is final half an hour after the close, which is when that decision falls: equality counts as past."""
    clock = Clock(market.calendar, DecisionPolicy("after_close", 30), pd.Timedelta(0))
    past = remove_after(market, clock.cut(cut.session), clock=clock)
    assert past.bars["session"].max() == market.calendar.previous_session(cut.session)


def test_before_the_open_nothing_of_the_session_is_known(market: MarketData, clock: Clock, cut: Cut) -> None:
    """Neither its bar, nor its split, nor a headline first seen a moment later, nor the market's truth."""
    past = remove_after(market, cut, clock=clock)
    assert past.bars["session"].max() == market.calendar.previous_session(cut.session)
    assert (past.actions["session"] < cut.session).all()
    assert (clock.available(past.headlines) <= cut.decision_at).all()
    assert len(past.headlines) == (clock.available(market.headlines) <= cut.decision_at).sum()
    assert past.now == cut.decision_at
    assert past.truth is None
