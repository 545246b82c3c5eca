"""Losses of forecasts of the size of a move: of the variance, of a quantile, and of the whole distribution."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def qlike(realised_variance: Any, variance: Any) -> Numbers:
    """Return rv/s2 - ln(rv/s2) - 1: 0 for a perfect forecast, and dearer for one too small than for one too large.

    Parameters
    ----------
    realised_variance, variance : array of shape (n,)
        Both positive. The order of forecasts by its mean is right even where the realised variance is a noisy, unbiased
        measure of the true one.

    References
    ----------
    Patton (2011), Journal of Econometrics 160(1).

    Examples
    --------
    >>> qlike(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0])).round(10).tolist()
    [0.0, 0.1931471806, 0.3068528194]
    """
    realised, forecast = np.asarray(realised_variance, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    if not ((realised > 0).all() and (forecast > 0).all()):
        raise ValueError("`realised_variance` and `variance` must be positive in every row.")
    ratio = realised / forecast
    return np.asarray(ratio - np.log(ratio) - 1.0)


def pinball(outcome: Any, quantile: Any, level: float) -> Numbers:
    """Return level (y - q) above the quantile and (1 - level) (q - y) below it.

    References
    ----------
    Koenker & Bassett (1978), Econometrica 46(1).

    Examples
    --------
    >>> pinball(np.array([1.0, -1.0]), 0.0, 0.9).round(10).tolist()
    [0.9, 0.1]
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` must be a fraction between 0 and 1, received {level}.")
    above = np.asarray(outcome, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    return np.asarray(np.maximum(level * above, (level - 1.0) * above))


def crps_normal(outcome: Any, mean: Any, deviation: Any) -> Numbers:
    """Return the continuous ranked probability score of a normal forecast, in the outcome's unit; lower is better.

    Parameters
    ----------
    outcome, mean, deviation : array of shape (n,)
        The deviation is positive.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102.

    Examples
    --------
    >>> crps_normal(np.array([0.0, 1.0]), 0.0, 1.0).round(10).tolist()
    [0.2336949773, 0.6024413576]
    """
    from scipy import stats

    spread = _positive(deviation)
    z = (np.asarray(outcome, dtype=np.float64) - mean) / spread
    return np.asarray(spread * (z * (2.0 * stats.norm.cdf(z) - 1.0) + 2.0 * stats.norm.pdf(z) - np.pi**-0.5))


def _positive(values: Any) -> Numbers:
    spread = np.asarray(values, dtype=np.float64)
    if not (spread > 0).all():
        raise ValueError("The scale of a forecast distribution must be positive in every row.")
    return spread
