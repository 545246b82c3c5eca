"""What the ledger refuses: tables that don't fit each other."""

import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.prints import Delisting, build_market
from stockseq.backtest.simulator import simulate, simulate_market
from stockseq.errors import DataError
from stockseq.schemas import Actions, Bars
from tests.backtest import scenario
from tests.backtest.scenario import SESSIONS


def run(weights=None, **changed):
    arguments = {
        "bars": scenario.bars(SESSIONS, scenario.OPENS, scenario.CLOSES),
        "actions": scenario.actions(scenario.SPLIT),
        "sessions": SESSIONS,
        "costs": scenario.FREE,
        "account": Account(),
        **changed,
    }
    return simulate(scenario.targets(weights or scenario.TARGETS), **arguments)


@pytest.mark.parametrize("session", ["2024-11-28", "2024-11-27", "2025-01-02"])
def test_a_target_outside_the_trading_sessions_is_refused(session):
    """A holiday, the session of the first decision, and a day after the end: none can fill an order."""
    with pytest.raises(DataError, match=f"sessions after 2024-11-27.* first AAA on {session}"):
        run({session: {"AAA": 0.5}})


def test_a_ticker_without_bars_is_refused():
    """A misspelt ticker would otherwise be a target that never fills."""
    with pytest.raises(DataError, match="needs bars; 1 of 2 have none, first ZZZ"):
        run({"2024-11-29": {"AAA": 0.5, "ZZZ": 0.5}})


def test_weights_above_the_leverage_are_refused():
    """0.7 long and 0.5 short are 1.2 of gross."""
    with pytest.raises(DataError, match=r"1 of 2 sessions exceed it, first 2024-12-02 with 1.2"):
        run({"2024-11-29": {"AAA": 1.0}, "2024-12-02": {"AAA": 0.7, "BBB": -0.5}})


def test_two_bars_of_one_session_are_refused():
    """Two vintages of a bar in one table would make the price a matter of row order."""
    bars = scenario.bars(SESSIONS, scenario.OPENS, scenario.CLOSES)
    with pytest.raises(DataError, match=r"one bar per ticker, session; 17 repeat.*one vintage"):
        run(bars=Bars(pd.concat([bars, bars])))


def test_two_splits_of_one_session_are_refused():
    """Applied twice, a split doubles the shares once too often."""
    actions = scenario.actions(scenario.SPLIT, scenario.SPLIT)
    with pytest.raises(DataError, match="one action per ticker, session, kind; 1 repeat"):
        run(actions=Actions(actions))


@pytest.mark.parametrize(
    "sessions", [SESSIONS[::-1], SESSIONS.repeat(2), SESSIONS[:1], SESSIONS.tz_localize("America/New_York")]
)
def test_sessions_must_ascend_without_a_zone(sessions):
    """Days between sessions carry interest, and an index with a zone matches no bar."""
    with pytest.raises(ValueError, match="tz-naive sessions, ascending and unique"):
        run(sessions=sessions)


def test_a_delisting_can_not_lose_more_than_everything():
    """-30 instead of -0.30 is a percentage."""
    with pytest.raises(ValueError, match="delisting return of AAA must be at least -1, received -30"):
        run(delistings={"AAA": Delisting(SESSIONS[2], -30.0)})


def test_a_market_of_more_tickers_gives_the_same_account_to_the_bit():
    """A backtest builds the market once and trades baselines and benchmarks on it, some of them of fewer tickers."""
    weights = {"2024-11-29": {"CCC": 0.4, "AAA": 0.3}, "2024-12-04": {"AAA": 0.0, "CCC": 0.2}}
    bars, actions = scenario.bars(SESSIONS, scenario.OPENS, scenario.CLOSES), scenario.actions(scenario.SPLIT)
    tickers = pd.Index(["AAA", "BBB", "CCC"], dtype="str")
    market = build_market(bars, actions, sessions=SESSIONS, tickers=tickers, delistings={}, pay_dates={})
    shared = simulate_market(scenario.targets(weights), market, costs=scenario.COSTS, account=Account())
    alone = run(weights, costs=scenario.COSTS)
    # Two entries and exits, then one.
    assert len(alone.fills) == 6
    for name in ("equity", "fills", "positions", "flags", "profits", "attribution"):
        pd.testing.assert_frame_equal(getattr(shared, name), getattr(alone, name), check_exact=True)
    with pytest.raises(DataError, match="needs bars; 1 of 1 have none, first ZZZ"):
        simulate_market(scenario.targets({"2024-11-29": {"ZZZ": 0.5}}), market, costs=scenario.FREE, account=Account())


def test_bars_in_any_order_give_the_same_account():
    """Sorted bars are known to repeat none without being compared; others are compared and looked up alike."""
    bars = scenario.bars(SESSIONS, scenario.OPENS, scenario.CLOSES)
    mixed = Bars(bars.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(run(bars=mixed).equity, run(bars=bars).equity, check_exact=True)
    with pytest.raises(DataError, match=r"one bar per ticker, session; 17 repeat"):
        run(bars=Bars(pd.concat([mixed, bars])))
