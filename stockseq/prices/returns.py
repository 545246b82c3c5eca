"""Close-to-close total returns: the volatility that a decision may use, and moves that no market makes."""

import numpy as np
import pandas as pd

from stockseq.prices.corporate_actions import adjustment_factors
from stockseq.prices.silence import find_stretches
from stockseq.prices.traded_bars import traded_bars
from stockseq.schemas import Actions, Bars

DECAY = 0.94
FLOOR = 1e-4
# A close that doubles or halves overnight in a listed company is a fault in the data far more often than a fact.
BOUND = 2.0


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
    return volatility_before(keys, volatility_path(bars, actions))


def volatility_path(bars: Bars, actions: Actions) -> pd.DataFrame:
    """Return the volatility that each traded bar leaves behind, by ticker and session; NaN until two closes."""
    traded = traded_bars(bars)
    squared = (close_ratios(traded, actions) - 1.0) ** 2
    # What comes after a long silence may be another company: nothing of what was before weighs on it.
    keys = [traded["ticker"], find_stretches(traded)]
    variance = squared.groupby(keys).ewm(alpha=1.0 - DECAY).mean().droplevel([0, 1]).reindex(traded.index)
    return traded[["ticker", "session"]].assign(volatility=np.sqrt(variance))


def volatility_before(keys: pd.DataFrame, path: pd.DataFrame) -> pd.Series:
    """Return, per key of ticker and session, what `volatility_path` left behind before that session."""
    return known_before(keys, path)["volatility"].clip(lower=FLOOR)


def known_before(keys: pd.DataFrame, path: pd.DataFrame) -> pd.DataFrame:
    """Return, per key of ticker and session, the newest row of `path` of that ticker from before that session.

    Parameters
    ----------
    keys, path : DataFrame with ticker, session
        What each bar of `path` left behind at its close.

    Returns
    -------
    DataFrame of shape (n_keys, n), on the index of `keys`
        The other columns of `path`; NaN where there is no bar before.

    Examples
    --------
    >>> path = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2024-11-25", "2024-11-26"]), "x": [1.0, 2.0]})
    >>> known_before(path[["ticker", "session"]], path)["x"].tolist()
    [nan, 1.0]
    """
    rows = keys[["ticker", "session"]].assign(row=np.arange(len(keys)))
    # A close of the session itself is not known when the session is decided.
    latest = pd.merge_asof(
        rows.sort_values("session", kind="stable"),
        path.astype({"session": rows["session"].dtype}).sort_values("session", kind="stable"),
        on="session",
        by="ticker",
        allow_exact_matches=False,
    ).sort_values("row")
    return latest.drop(columns=["ticker", "session", "row"]).set_axis(keys.index)


def find_jumps(bars: Bars, actions: Actions, *, bound: float = BOUND) -> pd.DataFrame:
    """Return the sessions on which a close moved by more than `bound` times, splits and dividends undone.

    There a vendor has most likely spliced two series, or forgotten a split.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.
    bound : float, default=2.0
        The ratio of two closes, either way.

    Returns
    -------
    DataFrame with ticker, session, move
        `move` is a fraction: 5.33 is +533 %. The greatest first. Nothing is repaired or left out.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2020-07-02", "2020-07-06"])
    >>> bars = pd.DataFrame({"ticker": "GE", "session": sessions, "open": 7.0, "close": [7.0, 42.0], "volume": 1.0})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> find_jumps(bars, actions)["move"].tolist()
    [5.0]
    """
    traded = traded_bars(bars)
    ratio = close_ratios(traded, actions)
    size = ratio.where(ratio >= 1, 1 / ratio)
    moves = traded[["ticker", "session"]].assign(move=ratio - 1, size=size)
    largest = moves[size > bound].sort_values("size", ascending=False, kind="stable", ignore_index=True)
    return largest.drop(columns="size")


def close_ratios(traded: pd.DataFrame, actions: Actions) -> pd.Series:
    """Return each close over the one before it, splits and dividends undone; NaN at the first bar of each stretch.

    `traded` is of `traded_bars`.
    """
    before = traded["close"].groupby([traded["ticker"], find_stretches(traded)]).shift()
    return traded["close"] * adjustment_factors(traded, actions) / before
