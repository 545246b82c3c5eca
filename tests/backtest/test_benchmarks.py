"""What has to be beaten runs through the same ledger and means what its name says."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.benchmarks import buy_and_hold, equal_weight, random_same_turnover, run_benchmarks
from stockseq.backtest.policy import PolicySettings, target_weights
from stockseq.backtest.simulator import simulate
from stockseq.backtest.targets import as_targets
from stockseq.schemas import Bars, Forecasts
from tests.backtest import scenario

TICKERS = [f"T{number:02}" for number in range(30)]


def flat_bars(sessions, tickers=("AAA", "BBB")):
    columns = {ticker: [10.0] * len(sessions) for ticker in tickers}
    return scenario.bars(sessions, columns, columns)


def strategy(n_sessions=300, seed=3):
    """A top-5 book of slowly changing forecasts on 30 tickers."""
    generator = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-02", periods=n_sessions)
    views = np.zeros((n_sessions, len(TICKERS)))
    for row in range(1, n_sessions):
        views[row] = 0.7 * views[row - 1] + generator.standard_normal(len(TICKERS))
    forecasts = pd.DataFrame(
        {
            "session": np.repeat(sessions, len(TICKERS)),
            "ticker": np.tile(TICKERS, n_sessions),
            "probability_up": 1 / (1 + np.exp(-views.ravel())),
        }
    )
    targets = target_weights(Forecasts(forecasts[forecasts["session"] > sessions[0]]), settings=PolicySettings())
    return sessions, targets


def turnover_of(targets, *, lag=1):
    """Mean two-way change from the weights that are replaced, those of `lag` sessions before."""
    weights = targets.pivot_table(index="session", columns="ticker", values="weight")
    return weights.diff(lag).abs().sum(axis=1)[lag:].mean()


def test_buy_and_hold_buys_what_traded_at_the_first_decision():
    """CCC is listed a session later, so nobody could have chosen it."""
    sessions = pd.bdate_range("2024-01-02", periods=3)
    columns = {"AAA": [10, 10, 10], "BBB": [10, 10, 10], "CCC": [None, 10, 10]}
    targets = buy_and_hold(
        scenario.bars(sessions, columns, columns), sessions=sessions, universe=pd.Index(["AAA", "BBB", "CCC"])
    )
    assert targets["ticker"].tolist() == ["AAA", "BBB"]
    assert targets["weight"].tolist() == [0.5, 0.5]
    assert set(targets["session"]) == {sessions[1]}


def test_equal_weight_starts_at_once_and_rebalances_on_the_first_session_of_a_month():
    """From 30 January: bought on the 31st, evened out on 1 February and 1 March."""
    sessions = pd.bdate_range("2024-01-30", "2024-03-05")
    targets = equal_weight(flat_bars(sessions), sessions=sessions, universe=pd.Index(["AAA", "BBB"]))
    assert targets["session"].drop_duplicates().dt.strftime("%m-%d").tolist() == ["01-31", "02-01", "03-01"]


def test_the_shuffled_book_keeps_turnover_and_gross():
    """It must pay the same costs to be a fair opponent; shuffling all runs would halve its trading."""
    _, targets = strategy()
    shuffled = random_same_turnover(targets, seed=1)
    assert shuffled["weight"].abs().sum() == pytest.approx(targets["weight"].abs().sum())
    assert turnover_of(shuffled) == pytest.approx(turnover_of(targets), rel=0.01)


def test_the_shuffled_book_of_overlapping_trades_replaces_as_much():
    """Each session's trades take the place of those five sessions before, so those are what its costs come from."""
    _, targets = strategy()
    shuffled = random_same_turnover(targets, seed=1, horizon=5)
    assert shuffled["weight"].abs().sum() == pytest.approx(targets["weight"].abs().sum())
    assert turnover_of(shuffled, lag=5) == pytest.approx(turnover_of(targets, lag=5), rel=0.02)


def test_the_shuffled_book_keeps_how_often_each_ticker_is_long_flat_and_short():
    """Runs move, their sum of lengths stays."""
    _, targets = strategy()
    shuffled = random_same_turnover(targets, seed=1)

    def counts(book):
        return book.assign(sign=np.sign(book["weight"])).groupby(["ticker", "sign"]).size()

    assert counts(shuffled).equals(counts(targets))


def test_the_shuffled_book_is_blind():
    """Over many seeds the overlap with the strategy's own signs is that of independent books."""
    _, targets = strategy(n_sessions=120)
    overlaps = [
        (np.sign(targets["weight"]) * np.sign(random_same_turnover(targets, seed=seed)["weight"])).mean()
        for seed in range(12)
    ]
    assert abs(np.mean(overlaps)) < 0.02


def test_one_seed_gives_one_shuffle():
    """A report must be reproducible."""
    _, targets = strategy(n_sessions=60)
    assert random_same_turnover(targets, seed=4).equals(random_same_turnover(targets, seed=4))
    assert not random_same_turnover(targets, seed=4).equals(random_same_turnover(targets, seed=5))


def test_a_book_without_positions_stays_empty():
    """Nothing to shuffle, nothing to scale."""
    targets = as_targets(pd.DataFrame({"session": ["2024-01-03", "2024-01-04"], "ticker": "AAA", "weight": 0.0}))
    assert random_same_turnover(targets, seed=1)["weight"].tolist() == [0, 0]


def test_benchmarks_run_through_the_ledger_of_the_strategy():
    """Frictionless and on flat prices all three keep the capital, on the strategy's own sessions."""
    sessions, targets = strategy(n_sessions=40)
    bars = Bars(flat_bars(sessions, TICKERS))
    run = partial(
        simulate,
        bars=bars,
        actions=scenario.actions(),
        sessions=sessions,
        costs=scenario.FREE,
    )
    results = run_benchmarks(targets, bars, sessions=sessions, account=Account(), horizon=0, seed=1, run=run)
    assert list(results) == ["buy_and_hold", "equal_weight", "random_same_turnover"]
    for result in results.values():
        assert result.equity["equity"].to_numpy() == pytest.approx(100_000)
        assert result.equity.index.equals(sessions.astype("datetime64[us]").rename("session"))
    assert len(results["buy_and_hold"].fills) == len(TICKERS)
