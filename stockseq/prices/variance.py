"""What a bar tells of the variance within its session: by its range, which says far more than its return squared."""

import numpy as np
import pandas as pd

from stockseq.prices.returns import close_ratios
from stockseq.prices.traded_bars import traded_bars
from stockseq.schemas import Actions, Bars

# One basis point, as for volatility: only a suspended price is stiller, and the logarithm of no variance is no number.
LEAST_VARIANCE = 1e-8


def garman_klass(bars: Bars | pd.DataFrame) -> pd.Series:
    """Return the variance from open to close of each bar's log return.

    Parameters
    ----------
    bars : Bars of n_rows
        open, high, low, close.

    Returns
    -------
    Series of shape (n_rows,), on the index of `bars`
        0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2, at least 1e-8; NaN where a price is missing.

    References
    ----------
    Garman & Klass (1980), Journal of Business 53(1).

    Examples
    --------
    >>> bars = pd.DataFrame({"open": [100.0], "high": [103.0], "low": [99.0], "close": [102.0]})
    >>> garman_klass(bars).round(12).tolist()
    [0.000632958876]
    """
    spread, move = np.log(bars["high"] / bars["low"]), np.log(bars["close"] / bars["open"])
    return (0.5 * spread**2 - (2.0 * np.log(2.0) - 1.0) * move**2).clip(lower=LEAST_VARIANCE)


def parkinson(bars: Bars | pd.DataFrame) -> pd.Series:
    """Return the variance from open to close of each bar's log return, by high and low alone: ln(H/L)^2 / (4 ln 2).

    References
    ----------
    Parkinson (1980), Journal of Business 53(1).

    Examples
    --------
    >>> parkinson(pd.DataFrame({"high": [103.0], "low": [99.0]})).round(12).tolist()
    [0.000565855227]
    """
    return (np.log(bars["high"] / bars["low"]) ** 2 / (4.0 * np.log(2.0))).clip(lower=LEAST_VARIANCE)


def session_variances(bars: Bars, actions: Actions) -> pd.DataFrame:
    """Return what each traded bar tells of the variance of the log return, within its session and since the last close.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.

    Returns
    -------
    DataFrame with ticker, session, within, whole, log_return
        `within`: Garman and Klass's from open to close; `whole`: with the squared log return from the last close to the
        open; `log_return`: from close to close, splits and dividends undone. The latter two are NaN at a first bar.

    Examples
    --------
    >>> prices = {"open": [100.0, 101.0], "high": [100.0, 102.0], "low": [100.0, 101.0], "close": [100.0, 101.0]}
    >>> bars = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2024-11-25", "2024-11-26"]), **prices})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> session_variances(bars.assign(volume=1.0), actions)["whole"].round(9).tolist()
    [nan, 0.000147543]
    """
    traded = traded_bars(bars)
    log_return = np.log(close_ratios(traded, actions))
    overnight = log_return - np.log(traded["close"] / traded["open"])
    within = garman_klass(traded)
    return traded[["ticker", "session"]].assign(within=within, whole=within + overnight**2, log_return=log_return)
