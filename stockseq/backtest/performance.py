"""What an equity curve says: growth, risk, drawdown, turnover and what trading cost."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from stockseq.backtest.simulator import LedgerResult

SESSIONS_PER_YEAR = 252
DAYS_PER_YEAR = 365.25


def summarise(result: LedgerResult, *, cash_rate: float = 0.0) -> dict[str, float]:
    """Return the figures of one backtest.

    Parameters
    ----------
    result : LedgerResult of n_sessions
        The first session holds the capital untouched, so there are n_sessions - 1 returns.
    cash_rate : float, default=0.0
        Yearly rate that the Sharpe and Sortino ratios subtract; give the rate at which the ledger paid interest.

    Returns
    -------
    dict
        Fractions, NaN where the returns don't vary. total_return; cagr over calendar years of 365.25 days; volatility
        (yearly); sharpe and sortino (yearly, of 252 sessions); sharpe_per_session, skew, kurtosis (Pearson, 3 for a
        normal) and n_returns, which a deflated Sharpe ratio is made of; max_drawdown (at most 0); turnover (mean of a
        session, two-way); cost (of trading, a year, over the equity before); break_even_cost_bps (the cost per traded
        value that would have left nothing); n_fills.

    References
    ----------
    Sharpe (1994), Journal of Portfolio Management 21(1); Sortino & van der Meer (1991), ibid. 17(4).

    Examples
    --------
    >>> equity = pd.DataFrame({"equity": [100.0, 110.0, 99.0], "cost": 0.0, "interest": 0.0, "turnover": 1.0},
    ...                       index=pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02"]))
    >>> nothing = pd.DataFrame()
    >>> round(summarise(LedgerResult(equity, nothing, nothing, nothing))["max_drawdown"], 4)
    -0.1
    """
    equity = result.equity
    returns = compute_returns(equity["equity"])
    excess = returns - cash_rate / SESSIONS_PER_YEAR
    sharpe = _ratio(excess.mean(), returns.std(ddof=1))
    downside = math.sqrt(np.square(np.minimum(excess, 0.0)).mean()) if len(excess) else 0.0
    varies = returns.std(ddof=0) > 0
    return {
        "total_return": float(equity["equity"].iloc[-1] / equity["equity"].iloc[0] - 1.0),
        "cagr": _cagr(equity["equity"]),
        "volatility": float(returns.std(ddof=1)) * math.sqrt(SESSIONS_PER_YEAR),
        "sharpe": sharpe * math.sqrt(SESSIONS_PER_YEAR),
        "sharpe_per_session": sharpe,
        "sortino": _ratio(excess.mean(), downside) * math.sqrt(SESSIONS_PER_YEAR),
        "skew": float(stats.skew(returns)) if varies else math.nan,
        "kurtosis": float(stats.kurtosis(returns, fisher=False)) if varies else math.nan,
        "n_returns": len(returns),
        "max_drawdown": float(compute_drawdown(equity["equity"]).min()),
        "turnover": float(equity["turnover"].iloc[1:].mean()),
        "cost": float(_over_equity_before(equity, "cost").mean()) * SESSIONS_PER_YEAR,
        "break_even_cost_bps": _break_even_cost_bps(equity),
        "n_fills": len(result.fills),
    }


def compute_returns(equity: pd.Series) -> pd.Series:
    """Return the simple return of each session after the first; 0 from the session after equity is gone.

    Examples
    --------
    >>> compute_returns(pd.Series([100.0, 110.0, 0.0, 0.0])).round(6).tolist()
    [0.1, -1.0, 0.0]
    """
    before = equity.shift()
    return ((equity - before) / before.where(before > 0)).iloc[1:].fillna(0.0)


def compute_drawdown(equity: pd.Series) -> pd.Series:
    """Return the fraction below the running peak, at most 0, of every session.

    Examples
    --------
    >>> compute_drawdown(pd.Series([100.0, 80.0, 120.0])).round(6).tolist()
    [0.0, -0.2, 0.0]
    """
    return equity / equity.cummax() - 1.0


def _cagr(equity: pd.Series) -> float:
    days = (equity.index[-1] - equity.index[0]).days
    if equity.iloc[-1] <= 0:
        return -1.0
    return float((equity.iloc[-1] / equity.iloc[0]) ** (DAYS_PER_YEAR / days) - 1.0) if days else math.nan


def _break_even_cost_bps(equity: pd.DataFrame) -> float:
    """Return the sum of returns before trading costs and interest, over the sum of turnover."""
    gross = compute_returns(equity["equity"]) + _over_equity_before(equity, "cost")
    gross -= _over_equity_before(equity, "interest")
    return _ratio(float(gross.sum()), float(equity["turnover"].iloc[1:].sum())) * 1e4


def _over_equity_before(equity: pd.DataFrame, name: str) -> pd.Series:
    before = equity["equity"].shift()
    return (equity[name] / before.where(before > 0)).iloc[1:].fillna(0.0)


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator) / float(denominator) if denominator > 0 else math.nan
