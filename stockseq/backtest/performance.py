"""What an equity curve says: growth, risk, drawdown, turnover and what trading cost."""

import math

import numpy as np
import pandas as pd

from stockseq.backtest.sharpe import sharpe_interval
from stockseq.backtest.simulator import AccountHistory
from stockseq.results import Result

SESSIONS_PER_YEAR = 252
DAYS_PER_YEAR = 365.25


class PerformanceFigures(Result):
    """The figures of one account, fractions throughout; None where the returns don't vary or are too few.

    Parameters
    ----------
    total_return, cagr, volatility : float
        The latter two a year: of 365.25 calendar days, and of 252 sessions.
    sharpe, sortino
        A year of 252 sessions, beyond the cash rate.
    sharpe_ci : (low, high) or None
        95 %, of the same unit; returns are taken for independent of one another, not for normal.
    sharpe_per_session, skew, kurtosis, n_returns
        What a deflated Sharpe ratio is made of; Pearson's kurtosis, 3 for a normal.
    max_drawdown : float
        At most 0.
    turnover
        Mean of a session, two-way.
    cost
        Of trading, a year, over the equity before.
    break_even_cost_bps
        The cost per traded value that would have left nothing.
    n_fills : int
    """

    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_ci: tuple[float, float] | None = None
    sharpe_per_session: float | None
    sortino: float | None
    skew: float | None
    kurtosis: float | None
    n_returns: int
    max_drawdown: float
    turnover: float | None
    cost: float | None
    break_even_cost_bps: float | None
    n_fills: int


def summarise(result: AccountHistory, *, cash_rate: float = 0.0) -> PerformanceFigures:
    """Return the figures of one backtest.

    Parameters
    ----------
    result : AccountHistory of n_sessions
        The first session holds the capital untouched, so there are n_sessions - 1 returns.
    cash_rate : float, default=0.0
        Yearly rate that the Sharpe and Sortino ratios subtract; give the rate at which the account was paid interest.

    References
    ----------
    Sharpe (1994), Journal of Portfolio Management 21(1); Sortino & van der Meer (1991), ibid. 17(4).

    Examples
    --------
    >>> equity = pd.DataFrame({"equity": [100.0, 110.0, 99.0], "cost": 0.0, "interest": 0.0, "turnover": 1.0},
    ...                       index=pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02"]))
    >>> nothing = pd.DataFrame()
    >>> round(summarise(AccountHistory(equity, nothing, nothing, nothing)).max_drawdown, 4)
    -0.1
    """
    from scipy import stats

    equity = result.equity
    returns = compute_returns(equity["equity"])
    excess = returns - cash_rate / SESSIONS_PER_YEAR
    sharpe = _ratio(excess.mean(), returns.std(ddof=1))
    downside = math.sqrt(np.square(np.minimum(excess, 0.0)).mean()) if len(excess) else 0.0
    varies = returns.std(ddof=0) > 0
    return PerformanceFigures(
        total_return=float(equity["equity"].iloc[-1] / equity["equity"].iloc[0] - 1.0),
        cagr=_finite(_cagr(equity["equity"])),
        volatility=_finite(float(returns.std(ddof=1)) * math.sqrt(SESSIONS_PER_YEAR)),
        sharpe=_finite(sharpe * math.sqrt(SESSIONS_PER_YEAR)),
        sharpe_ci=_sharpe_interval(excess),
        sharpe_per_session=_finite(sharpe),
        sortino=_finite(_ratio(excess.mean(), downside) * math.sqrt(SESSIONS_PER_YEAR)),
        skew=float(stats.skew(returns)) if varies else None,
        kurtosis=float(stats.kurtosis(returns, fisher=False)) if varies else None,
        n_returns=len(returns),
        max_drawdown=float(compute_drawdown(equity["equity"]).min()),
        turnover=_finite(float(equity["turnover"].iloc[1:].mean())),
        cost=_finite(float(_over_equity_before(equity, "cost").mean()) * SESSIONS_PER_YEAR),
        break_even_cost_bps=_finite(_break_even_cost_bps(equity)),
        n_fills=len(result.fills),
    )


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


def _sharpe_interval(excess: pd.Series) -> tuple[float, float] | None:
    interval = sharpe_interval(excess.to_numpy())
    if interval is None:
        return None
    low, high = (end * math.sqrt(SESSIONS_PER_YEAR) for end in interval)
    return low, high


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


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
