"""What a bar tells of the variance within its session: by its range, which says far more than its return squared."""

import numpy as np
import pandas as pd

from stockseq.schemas import Bars

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
