"""The proof's own parts: when a row is known, what is removed, what poison may be, and what counts as moved."""

import numpy as np
import pandas as pd
import pytest

from stockseq.evaluate.lookahead import Artefact, Clock, Cut, Tables, compare, differs, poison_after, remove_after
from stockseq.prices import adjust_forward, adjustment_factors
from stockseq.schemas import bar_faults
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.simulated import SimulatedMarket

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-20"), pd.Timestamp("2024-12-10"))
MARKET = SimulatedMarket(n_sessions=60, n_tickers=3, seed=5)
TABLES = Tables(MARKET.bars, MARKET.actions, MARKET.headlines)
CLOCK = Clock(MARKET.calendar, DecisionPolicy(), pd.Timedelta(minutes=15))
CUT = CLOCK.cut(MARKET.sessions[40])


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


def test_after_the_close_the_sessions_own_bar_is_just_known() -> None:
    """It is final half an hour after the close, which is when that decision falls: equality counts as known."""
    clock = Clock(MARKET.calendar, DecisionPolicy("after_close", 30), pd.Timedelta(0))
    known = remove_after(TABLES, clock.cut(MARKET.sessions[40]), clock=clock)
    assert known.bars["session"].max() == MARKET.sessions[39]


def test_before_the_open_nothing_of_the_session_is_known() -> None:
    """Neither its bar, nor its split, nor a headline first seen a moment later."""
    known = remove_after(TABLES, CUT, clock=CLOCK)
    assert known.bars["session"].max() == MARKET.sessions[39]
    assert (known.actions["session"] < CUT.session).all()
    assert (CLOCK.available(known.headlines) <= CUT.decision_at).all()
    assert len(known.headlines) == (CLOCK.available(TABLES.headlines) <= CUT.decision_at).sum()


@pytest.mark.parametrize("seed", range(5))
def test_poison_is_valid_and_violent_and_leaves_the_past_alone(seed: int) -> None:
    """Values that the schemas or the dividend rule refuse would cost a ticker its rows and prove nothing."""
    known, poisoned = remove_after(TABLES, CUT, clock=CLOCK), poison_after(TABLES, CUT, clock=CLOCK, seed=seed)
    assert bar_faults(poisoned.bars).isna().all()
    past = remove_after(poisoned, CUT, clock=CLOCK)
    for name in ("bars", "actions", "headlines"):
        pd.testing.assert_frame_equal(getattr(past, name), getattr(known, name))
    assert len(poisoned.headlines) - len(known.headlines) > 3 * (len(TABLES.headlines) - len(known.headlines))
    assert np.isfinite(adjustment_factors(poisoned.bars, poisoned.actions)).all()
    for ticker, bars in poisoned.bars.groupby("ticker"):
        adjust_forward(bars, poisoned.actions[poisoned.actions["ticker"] == ticker])
    both = poisoned.bars.merge(TABLES.bars, on=["ticker", "session"])
    later = both[both["session"] >= CUT.session]
    assert (np.log(later["close_x"] / later["close_y"]).abs() > 0.5).mean() > 0.9


def test_one_ticker_ends_at_the_cut_and_each_other_splits_there() -> None:
    """A universe chosen in hindsight, and a factor applied a session early, show nowhere else so surely."""
    poisoned = poison_after(TABLES, CUT, clock=CLOCK, seed=0)
    later = poisoned.bars[poisoned.bars["session"] >= CUT.session]
    assert later["ticker"].nunique() == 2
    first = poisoned.actions[poisoned.actions["session"] == CUT.session]
    assert set(first["ticker"]) == set(later["ticker"])
    assert (first["kind"] == "split").all()


def test_the_same_seed_poisons_the_same() -> None:
    """A finding must be there again when it is looked for."""
    one, other = (poison_after(TABLES, CUT, clock=CLOCK, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.headlines, other.headlines)
    pd.testing.assert_frame_equal(one.bars, other.bars)


ROWS = pd.DataFrame({"ticker": ["A", "A"], "session": pd.to_datetime(["2024-11-27", "2024-11-29"]), "rsi": [0.5, 0.25]})
AT = pd.Series(pd.to_datetime(["2024-11-27 14:00", "2024-11-29 14:00"], utc=True))


@pytest.mark.parametrize(
    ("rebuilt", "cut_at", "found"),
    [
        (ROWS.assign(rsi=[0.5, 0.75]), 1, ["`rsi` of A on 2024-11-29 is 0.25, and 0.75"]),
        (ROWS.assign(rsi=[0.5, 0.75]), 0, []),
        (ROWS.assign(rsi=[0.5, np.nan]), 1, ["`rsi` of A on 2024-11-29 is 0.25, and nan"]),
        (ROWS.assign(rsi=[0.5, 0.25 * (1 + 1e-10)]), 1, []),
        (ROWS.iloc[:1], 1, ["`row` of A on 2024-11-29 is gone"]),
        (ROWS.assign(ticker=["A", "B"]), 1, ["`row` of A on 2024-11-29 is gone", "`row` of B on 2024-11-29 appears"]),
    ],
)
def test_only_what_was_fixed_at_the_cut_is_compared(rebuilt: pd.DataFrame, cut_at: int, found: list[str]) -> None:
    """What comes after a cut must change; what was there, and what wasn't, must not."""
    key, cut = ("ticker", "session"), Cut(ROWS["session"][cut_at], AT[cut_at])
    reference = Artefact("features", ROWS, key, AT, "why", 1e-9)
    given = Artefact("features", rebuilt, key, AT[rebuilt.index], "why", 1e-9)
    sentences = [finding.sentence for finding in compare(reference, given, cut, "removed").findings]
    assert len(sentences) == len(found)
    assert all(part in sentence for part, sentence in zip(found, sentences, strict=True))


def test_without_a_tolerance_one_bit_is_a_difference() -> None:
    """Forecasts are the same to the bit, or something else was known."""
    one = pd.Series([0.5])
    assert differs(one, np.nextafter(one, 1.0), tolerance=0.0).all()
    assert not differs(one, np.nextafter(one, 1.0), tolerance=1e-9).any()
