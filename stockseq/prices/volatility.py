"""The volatility of a ticker as it is known when a session is decided."""

import numpy as np
import pandas as pd

from stockseq.prices.total_return import step_factors, traded_bars
from stockseq.schemas import Actions, Bars

DECAY = 0.94
FLOOR = 1e-4


def compute_volatility(keys: pd.DataFrame, bars: Bars, actions: Actions) -> pd.Series:
    """Return the volatility per session from the closes before each key's session.

    Parameters
    ----------
    keys : DataFrame of n_rows with ticker, session
        The traded sessions that are asked about; they may lie after the last bar.
    bars, actions : Bars, Actions
        As traded; one vintage.

    Returns
    -------
    Series of shape (n_rows,), on the index of `keys`
        Square root of the mean of squared close-to-close total returns, weighted by 0.94 to the power of their age in
        bars; a fraction, at least 1e-4. NaN where fewer than two closes came before.

    References
    ----------
    J.P. Morgan/Reuters (1996), RiskMetrics Technical Document.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, "open": 1.0, "close": [100, 102, 90.0], "volume": 1.0})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> compute_volatility(bars[["ticker", "session"]], bars, actions).round(6).tolist()
    [nan, nan, 0.02]
    """
    traded = traded_bars(bars)
    by_ticker = traded["ticker"]
    close_before = traded.groupby(by_ticker)["close"].shift()
    squared = (traded["close"] * step_factors(traded, actions) / close_before - 1.0) ** 2
    variance = squared.groupby(by_ticker).ewm(alpha=1.0 - DECAY).mean().droplevel(0).reindex(traded.index)
    known = pd.DataFrame({"ticker": by_ticker, "session": traded["session"], "volatility": np.sqrt(variance)})
    asked = keys[["ticker", "session"]].assign(row=np.arange(len(keys)))
    # A close of the session itself is not known when the session is decided.
    found = pd.merge_asof(
        asked.sort_values("session", kind="stable"),
        known.astype({"session": asked["session"].dtype}).sort_values("session", kind="stable"),
        on="session",
        by="ticker",
        allow_exact_matches=False,
    ).sort_values("row")
    return pd.Series(found["volatility"].clip(lower=FLOOR).to_numpy(), index=keys.index, name="volatility")
