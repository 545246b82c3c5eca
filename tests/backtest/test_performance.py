"""Figures by hand, and against ffn 1.4.1 and empyrical's definitions as vectorbt 1.2.0 has them."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.performance import compute_drawdown, summarise
from stockseq.backtest.simulator import AccountHistory
from tests.backtest import scenario


def result_of(equity, *, cost=0.0, interest=0.0, turnover=0.0, sessions=None):
    sessions = pd.bdate_range("2024-01-02", periods=len(equity)) if sessions is None else sessions
    frame = pd.DataFrame({"equity": equity, "cost": cost, "interest": interest, "turnover": turnover}, index=sessions)
    return AccountHistory(frame, pd.DataFrame(), pd.DataFrame(), pd.DataFrame())


@pytest.fixture
def walk():
    generator = np.random.default_rng(5)
    return 100_000 * np.exp(np.cumsum(0.01 * generator.standard_normal(500) + 0.0004))


def test_the_golden_drawdown_is_reached():
    """Source: EVALUATION.md 4.3."""
    assert summarise(scenario.golden()).max_drawdown == pytest.approx(-0.00020941, abs=5e-9)


def test_the_golden_fills_and_turnover_are_counted():
    """Two-way turnover of the five sessions 1.007, 0, .41433493, .17516944 and .79188107; eight fills."""
    figures = summarise(scenario.golden())
    assert figures.turnover == pytest.approx((1.007 + 0.41433493 + 0.17516944 + 0.79188107) / 5, abs=5e-9)
    assert figures.n_fills == 8


def test_ffn_agrees_on_sharpe_drawdown_and_growth(walk):
    """ffn 1.4.1, on the same 500 sessions."""
    figures = summarise(result_of(walk))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ffn

        prices = pd.Series(walk, index=pd.bdate_range("2024-01-02", periods=500))
        expected = {
            "sharpe": ffn.calc_sharpe(ffn.to_returns(prices).dropna(), nperiods=252),
            "max_drawdown": ffn.calc_max_drawdown(prices),
            "cagr": ffn.calc_cagr(prices),
        }
    assert {name: getattr(figures, name) for name in expected} == pytest.approx(expected, rel=1e-9)


def test_the_sortino_ratio_divides_by_the_root_mean_square_of_losses():
    """Returns +10 %, -10 %, +10 %, -10 %, +10 %: mean .02 over sqrt(.02 / 5), a year of 252."""
    equity = 100 * np.cumprod([1, 1.1, 0.9, 1.1, 0.9, 1.1])
    assert summarise(result_of(equity)).sortino == pytest.approx(0.02 / math.sqrt(0.004) * math.sqrt(252))


def test_the_moments_for_a_deflated_sharpe_ratio_are_per_session():
    """Returns .1, -.1, .1: mean .0333, standard deviation .11547, skew -.7071, Pearson kurtosis 1.5."""
    figures = summarise(result_of(100 * np.cumprod([1, 1.1, 0.9, 1.1])))
    names = ["sharpe_per_session", "skew", "kurtosis", "n_returns"]
    assert [getattr(figures, name) for name in names] == pytest.approx([0.2886751346, -0.7071067812, 1.5, 3])


def test_cash_interest_is_no_merit():
    """An account that only earns the cash rate has a Sharpe ratio of nothing, not of infinity."""
    equity = 100 * (1 + 0.0252 / 252) ** np.arange(4) * [1, 1, 1.01, 1]
    with_cash = summarise(result_of(equity), cash_rate=0.0252)
    without = summarise(result_of(equity))
    assert with_cash.sharpe < without.sharpe
    assert without.sharpe - with_cash.sharpe == pytest.approx(0.0252 / without.volatility)


def test_growth_is_by_calendar_years():
    """21 % over two years of 365.25 days are 10 % a year."""
    sessions = pd.DatetimeIndex(["2021-01-01", "2021-01-02", "2023-01-01"]) + pd.Timedelta(0)
    cagr = summarise(result_of([100, 110, 121], sessions=sessions)).cagr
    assert cagr == pytest.approx(1.21 ** (365.25 / 730) - 1)


def test_the_break_even_cost_is_profit_before_costs_over_turnover():
    """1 % a session before costs on a turnover of 2: 50 basis points of traded value would have eaten it."""
    equity = [100.0, 100.9, 100.9 * 1.009]
    figures = summarise(result_of(equity, cost=[0, 0.1, 0.1009], turnover=[0, 2, 2]))
    assert figures.break_even_cost_bps == pytest.approx(50)


def test_interest_on_cash_pays_for_no_trading():
    """The same, with half of the profit from interest: 25."""
    equity = [100.0, 101.0]
    figures = summarise(result_of(equity, interest=[0, 0.5], turnover=[0, 2]))
    assert figures.break_even_cost_bps == pytest.approx(25)


def test_costs_are_a_yearly_fraction_of_equity():
    """0.1 % a session is 25.2 % a year."""
    assert summarise(result_of([100.0, 100.0], cost=[0, 0.1])).cost == pytest.approx(0.252)


def test_an_account_that_never_trades_has_no_ratios():
    """Nothing divided by nothing is None, not as zero or infinity."""
    figures = summarise(result_of([100.0, 100.0, 100.0]))
    undefined = ["sharpe", "sharpe_per_session", "sortino", "skew", "kurtosis", "break_even_cost_bps"]
    assert all(getattr(figures, name) is None for name in undefined)
    assert figures.max_drawdown == 0


def test_a_ruined_account_has_lost_everything():
    """Growth is -1 and no later return is made up from a negative base."""
    figures = summarise(result_of([100.0, -50.0, -60.0]))
    assert figures.cagr == -1
    assert figures.total_return == -1.6
    assert math.isfinite(figures.volatility)


def test_the_drawdown_starts_at_zero_and_ends_at_a_new_peak():
    """100, 120, 90, 130: a quarter below the peak of 120, then none."""
    assert compute_drawdown(pd.Series([100.0, 120.0, 90.0, 130.0])).tolist() == [0, 0, -0.25, 0]
