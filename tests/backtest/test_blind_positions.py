"""Both tests of the positions find timing, and only timing."""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.blind_positions import circular_shift_test, position_matrices, random_signal_test
from stockseq.backtest.targets import as_targets

N_SESSIONS, N_TICKERS = 150, 6


def null_market(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions that last some sessions, and returns with a common factor that they know nothing of."""
    generator = np.random.default_rng(seed)
    views = np.zeros((N_SESSIONS, N_TICKERS))
    for row in range(1, N_SESSIONS):
        views[row] = 0.7 * views[row - 1] + generator.standard_normal(N_TICKERS)
    returns = generator.standard_normal((N_SESSIONS, 1)) * 0.5 + generator.standard_t(5, (N_SESSIONS, N_TICKERS))
    return np.sign(views) * (np.abs(views) > 0.5) / N_TICKERS, 0.01 * returns


def test_every_shift_is_that_of_numpy_roll() -> None:
    """By hand: the mean product of returns and positions rolled by 20 to 130 sessions, one by one."""
    weights, returns = null_market(1)
    rolled = [(np.roll(weights, k, axis=0) * returns).sum() / N_SESSIONS for k in range(20, N_SESSIONS - 19)]
    earned = (weights * returns).sum() / N_SESSIONS
    test = circular_shift_test(weights, returns)
    assert (test.n, test.earned) == (111, pytest.approx(earned))
    assert (test.null_mean, test.null_sd) == (pytest.approx(np.mean(rolled)), pytest.approx(np.std(rolled, ddof=1)))
    assert test.p == (1 + sum(value >= earned for value in rolled)) / 112


def test_positions_that_never_change_have_no_timing() -> None:
    """Each shift is the book itself, but for rounding: every draw earned as much."""
    _, returns = null_market(2)
    test = circular_shift_test(np.full((N_SESSIONS, N_TICKERS), 1 / 3), returns)
    assert test.p == 1.0
    assert random_signal_test(np.full((N_SESSIONS, N_TICKERS), 1 / 3), returns, seed=1, n=19).p == 1.0


def test_too_few_sessions_leave_no_shift() -> None:
    """A shift by 20 of 40 sessions is possible only from 41 on."""
    weights, returns = null_market(3)
    assert circular_shift_test(weights[:40], returns[:40]).to_dict() == {
        "p": None,
        "note": "40 sessions leave no room to shift the positions by 20 or more.",
    }
    test = circular_shift_test(weights[:41], returns[:41])
    assert test.n == 2


def test_on_a_null_market_both_reject_about_as_often_as_they_say() -> None:
    """200 markets at 5 %: 10 expected, give or take 3; shifts of one book hang together, so up to 9 % is allowed."""
    p_shift, p_random = [], []
    for seed in range(200):
        weights, returns = null_market(1000 + seed)
        test = circular_shift_test(weights, returns)
        p_shift.append(test.p)
        p_random.append(random_signal_test(weights, returns, seed=seed, n=39).p)
    assert 0.01 <= np.mean(np.array(p_shift) <= 0.05) <= 0.09
    assert 0.01 <= np.mean(np.array(p_random) <= 0.05) <= 0.09
    assert abs(np.mean(p_random) - 0.5) < 0.07


def test_knowledge_is_found_by_both() -> None:
    """Positions that follow the returns' own signs earn what no blind draw does."""
    _, returns = null_market(4)
    known = np.sign(returns) / N_TICKERS
    test = circular_shift_test(known, returns)
    assert test.p == 1 / 112
    assert random_signal_test(known, returns, seed=1, n=99).p == 0.01


def test_a_session_without_a_row_holds_and_earns_nothing() -> None:
    """B has no target on the second session and no return on the first."""
    days = pd.to_datetime(["2024-11-25", "2024-11-26"])
    targets = as_targets(
        pd.DataFrame({"session": [days[0], days[0], days[1]], "ticker": ["A", "B", "A"], "weight": [0.5, -0.5, 0.25]})
    )
    returns = pd.DataFrame({"session": days, "ticker": "A", "realised_return": [0.01, 0.02]})
    weights, earned = position_matrices(targets, returns)
    assert weights.tolist() == [[0.5, -0.5], [0.25, 0.0]]
    assert earned.tolist() == [[0.01, 0.0], [0.02, 0.0]]


def test_trades_that_overlap_share_the_equity_and_shift_further() -> None:
    """Of four sessions each, a position is a quarter; of 15 each, trades nearer than 30 hang together."""
    weights, returns = null_market(5)
    test = circular_shift_test(weights, returns, horizon=15)
    assert (test.n, circular_shift_test(weights, returns, horizon=10).n) == (N_SESSIONS - 59, N_SESSIONS - 39)
    assert circular_shift_test(weights[:60], returns[:60], horizon=15).note == (
        "60 sessions leave no room to shift the positions by 30 or more."
    )
    day = pd.to_datetime(["2024-11-25"])
    targets = as_targets(pd.DataFrame({"session": day, "ticker": "A", "weight": 0.5}))
    earned = pd.DataFrame({"session": day, "ticker": "A", "realised_return": 0.01})
    assert position_matrices(targets, earned, horizon=4)[0].tolist() == [[0.125]]


def test_a_ticker_listed_halfway_costs_the_blind_nothing() -> None:
    """Half of a drifting market joins in the middle: with 0 in the gaps the honest book would look like timing.

    200 blind books, nominal 5 % and standard error 1.5 %; gaps of 0 were measured to reject in 16 %.
    """
    generator = np.random.default_rng(7)
    rejected = []
    for _ in range(200):
        returns = pd.DataFrame(0.0005 + 0.01 * generator.standard_normal((160, 10))).rename_axis("session")
        returns.iloc[:80, :5] = np.nan
        rows = returns.rename_axis("ticker", axis=1).stack().rename("realised_return").reset_index().dropna()
        rows["session"] = pd.bdate_range("2020-01-01", periods=160)[rows["session"]]
        rows["ticker"] = "T" + rows["ticker"].astype(str)
        held = rows.assign(weight=np.where(generator.random(len(rows)) < 0.5, 0.1, 0.0))
        test = circular_shift_test(*position_matrices(as_targets(held), rows))
        rejected.append(test.p < 0.05)
    assert np.mean(rejected) < 0.1
