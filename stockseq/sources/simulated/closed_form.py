"""What the law of the simulated market says in closed form, given all that is known at the decision.

A ticker's return from open to close is volatility * (mean + noise). The noise has variance 1 and is multivariate
Student's t with 5 degrees of freedom; two tickers' noises correlate by `common_share`.
"""

import numpy as np
from numpy.typing import NDArray

from stockseq.sources.simulated.paths import OVERNIGHT_SHARE, RANGE_SHARE

Array = NDArray[np.float64]
# Student's t with 5 degrees of freedom times this has variance 1.
T5_SCALE = np.sqrt(3 / 5)
# Of high beyond the later of open and close, and low beyond the earlier, in volatilities times |normal|.
_REACH = RANGE_SHARE / np.sqrt(1 - OVERNIGHT_SHARE)


def probability_up(mean: Array) -> Array:
    """Return P(mean + noise > 0) for noise of unit variance and Student's t law with 5 degrees of freedom.

    Parameters
    ----------
    mean : array of any shape
        Expected move in standard deviations.

    Returns
    -------
    array of the same shape
        The distribution function of t5 at mean * sqrt(5 / 3).

    Examples
    --------
    >>> probability_up(np.array([0.0, 0.2])).round(4).tolist()
    [0.5, 0.5967]
    """
    z = np.asarray(mean) / np.sqrt(3)
    square = 1 + z**2
    return 0.5 + (z / square * (1 + 2 / (3 * square)) + np.arctan(z)) / np.pi


def expected_standing(mean: Array, volatility: Array, *, common_share: float) -> Array:
    """Return where the law expects each ticker among the returns of its session: the score that ranks best.

    The expected rank correlation of a score is the sum over tickers of the score's rank times the expected rank of the
    return, each less its mean, over a constant. By the rearrangement inequality no order makes that sum larger than the
    order of the expected ranks themselves. A rank is 1 plus the number of tickers below; so the expected one is 1 plus
    the sum over the others of P(own return > theirs), and the difference of two returns is Student's t again.

    Parameters
    ----------
    mean, volatility : array of shape (n_sessions, n_tickers)
        Expected move in volatilities, and the volatility, a positive fraction.
    common_share : float
        The correlation of two tickers' noises, below 1.

    Returns
    -------
    array of shape (n_sessions, n_tickers)
        The expected rank less the session's mean rank, over (n_tickers - 1) / sqrt(12): in standard deviations of
        evenly spread ranks, from -sqrt(3) to sqrt(3). 0 where there is but one ticker.

    References
    ----------
    Hardy, Littlewood & Pólya (1934), Inequalities, theorem 368; Kotz & Nadarajah (2004), Multivariate t Distributions.

    Examples
    --------
    >>> expected_standing(np.array([[0.2, -0.2]]), np.full((1, 2), 0.01), common_share=0.5).round(4).tolist()
    [[0.645, -0.645]]
    """
    others = max(mean.shape[1] - 1, 1)
    # Session by session: all pairs of all sessions at once would not fit in memory for hundreds of tickers.
    return np.stack([_wins(*row, common_share) / others * np.sqrt(12.0) for row in zip(mean, volatility, strict=True)])


def expected_range_variance(mean: Array, volatility: Array) -> Array:
    """Return the expected Garman-Klass variance of the session's bar, to first order in the volatility.

    It is the variance of least expected QLIKE: that loss is a Bregman loss, least at the expectation of what was
    realised. High and low stand beyond open and close by half of the whole day's deviation times |normal|, more than a
    continuous path would reach, so the figure is 1.40 times the variance of the return. What is left out is below
    1 % at a volatility of 1.5 %, which costs less than 0.0001 of QLIKE.

    Parameters
    ----------
    mean, volatility : arrays of one shape
        Expected move in volatilities, and the volatility of the return from open to close, a fraction.

    References
    ----------
    Patton (2011), Journal of Econometrics 160(1), on QLIKE; Garman & Klass (1980), Journal of Business 53(1).

    Examples
    --------
    >>> expected_range_variance(np.array([0.0]), np.array([0.01])).round(8).tolist()
    [0.00013992]
    """
    square = 1 + mean**2
    # E|mean + noise|, and the first two moments of the sum of two |normal|.
    z = mean / T5_SCALE
    move = mean * (2 * probability_up(mean) - 1) + T5_SCALE * (5 + z**2) / 2 * _density(z)
    beyond, beyond_square = 2 * np.sqrt(2 / np.pi), 2 + 4 / np.pi
    spread_square = square + 2 * _REACH * move * beyond + _REACH**2 * beyond_square
    return np.asarray(volatility**2 * (0.5 * spread_square - (2 * np.log(2.0) - 1) * square), dtype=np.float64)


def return_bounds(mean: Array, volatility: Array, *, level: float) -> tuple[Array, Array]:
    """Return the bounds between which the return lies with probability `level`, as much above as below.

    Parameters
    ----------
    mean, volatility : arrays of one shape
        Expected move in volatilities, and the volatility, a fraction.
    level : float
        Between 0 and 1.

    Examples
    --------
    >>> low, high = return_bounds(np.array([0.0]), np.array([0.01]), level=0.8)
    >>> low.round(6).tolist(), high.round(6).tolist()
    ([-0.011432], [0.011432])
    """
    from scipy.special import stdtrit

    reach = T5_SCALE * float(stdtrit(5, 0.5 + level / 2))
    return volatility * (mean - reach), volatility * (mean + reach)


def _density(z: Array) -> Array:
    """Return the density of Student's t with 5 degrees of freedom, as scipy.stats.t does, which takes long to load."""
    from scipy.special import poch

    return np.asarray(np.exp(np.log(poch(2.5, 0.5)) - 0.5 * (np.log(5) + np.log(np.pi)) - 3 * np.log1p(z * z / 5)))


def _wins(mean: Array, volatility: Array, common_share: float) -> Array:
    """Return for each ticker of one session the sum over the others of P(own return > theirs) - 1/2."""
    expected, variance = mean * volatility, volatility**2
    gap = expected[:, None] - expected
    spread = np.sqrt(variance[:, None] + variance - 2 * common_share * np.outer(volatility, volatility))
    return np.asarray((probability_up(gap / spread) - 0.5).sum(axis=1), dtype=np.float64)
