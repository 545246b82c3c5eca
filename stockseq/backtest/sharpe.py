"""Whether a Sharpe ratio is more than the luckiest of many trials: PSR and DSR."""

import math

import numpy as np
import numpy.typing as npt

from stockseq.evaluate.rows import require_rows

EULER = 0.5772156649015329


def probabilistic_sharpe(
    sharpe: float, n_sessions: int, *, skewness: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float | None:
    """Return the chance that the true Sharpe ratio exceeds `benchmark`.

    Parameters
    ----------
    sharpe, benchmark : float
        Per session, not annualised.
    n_sessions : int
        Returns that `sharpe` was computed from; at least 2.
    skewness, kurtosis : float
        Of the returns; Pearson's kurtosis, 3 for the normal.

    Returns
    -------
    float in [0, 1], or None where the moments contradict one another

    References
    ----------
    Bailey & Lopez de Prado (2012), Journal of Risk 15(2).

    Examples
    --------
    >>> round(probabilistic_sharpe(0.458, 24, skewness=-2.448, kurtosis=10.164), 4)
    0.9134
    """
    from scipy.stats import norm

    if n_sessions < 2:
        raise ValueError(f"`n_sessions` must be at least 2, received {n_sessions}.")
    _require_finite(sharpe=sharpe, skewness=skewness, kurtosis=kurtosis, benchmark=benchmark)
    variance = _variance(sharpe, skewness, kurtosis)
    if variance <= 0:
        return None
    return float(norm.cdf((sharpe - benchmark) * math.sqrt((n_sessions - 1) / variance)))


def sharpe_interval(returns: npt.NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float] | None:
    """Return the interval of the Sharpe ratio of independent returns that need not be normal.

    Parameters
    ----------
    returns : array of shape (n_sessions,)
        Excess return per session, a fraction.
    level : float, default=0.95

    Returns
    -------
    (low, high) per session, or None for fewer than two returns or no spread

    References
    ----------
    Lo (2002), Financial Analysts Journal 58(4); Mertens (2002) for skew and kurtosis: the variance of
    `probabilistic_sharpe`.

    Examples
    --------
    >>> low, high = sharpe_interval(np.array([0.01, -0.01, 0.02, 0.0]))
    >>> round(low, 4), round(high, 4)
    (-0.7578, 1.5324)
    """
    from scipy.stats import kurtosis, norm, skew

    require_rows(numbers={"returns": returns})
    if not 0 < level < 1:
        raise ValueError(f"`level` must be a fraction between 0 and 1, received {level}.")
    if len(returns) < 2 or np.ptp(returns) == 0:
        return None
    sharpe = float(returns.mean() / returns.std(ddof=1))
    variance = _variance(sharpe, float(skew(returns)), float(kurtosis(returns, fisher=False)))
    if variance <= 0:
        return None
    reach = float(norm.ppf(0.5 + level / 2)) * math.sqrt(variance / (len(returns) - 1))
    return sharpe - reach, sharpe + reach


def expected_best_sharpe(n_trials: int, trial_variance: float) -> float:
    """Return the Sharpe ratio to expect of the best of `n_trials` without skill, whose ratios vary so much.

    References
    ----------
    Bailey & Lopez de Prado (2014), Journal of Portfolio Management 40(5).

    Examples
    --------
    >>> round(expected_best_sharpe(100, 1.0), 4)
    2.5306
    """
    from scipy.stats import norm

    _require_finite(trial_variance=trial_variance)
    if n_trials < 1 or trial_variance < 0:
        raise ValueError(f"Trials number at least 1 and vary by at least 0, received {n_trials} and {trial_variance}.")
    if n_trials == 1:
        return 0.0
    best = (1 - EULER) * norm.isf(1 / n_trials) + EULER * norm.isf(1 / (n_trials * math.e))
    return float(math.sqrt(trial_variance) * best)


def deflated_sharpe(
    returns: npt.NDArray[np.float64], *, n_trials: int, trial_variance: float | None = None
) -> float | None:
    """Return the chance that the Sharpe ratio of `returns` exceeds what the best of `n_trials` shows by luck.

    Parameters
    ----------
    returns : array of shape (n_sessions,)
        Excess return per session, a fraction.
    n_trials : int
        Every configuration ever scored, this one included.
    trial_variance : float, optional
        Variance of the per-session Sharpe ratios of the trials; 1/(n_sessions - 1), that of ratios without skill, by
        default.

    Returns
    -------
    float in [0, 1], or None without spread or for fewer than two returns

    Raises
    ------
    TypeError, ValueError
        If a return is not a finite number, or there is no trial.

    References
    ----------
    Bailey & Lopez de Prado (2014), Journal of Portfolio Management 40(5).

    Examples
    --------
    >>> deflated_sharpe(np.array([0.01, -0.01] * 50), n_trials=1)
    0.5
    """
    from scipy.stats import kurtosis, skew

    require_rows(numbers={"returns": returns})
    # A spread of rounding errors is none; the Sharpe ratio would be astronomical.
    if len(returns) < 2 or np.ptp(returns) <= 1e-12 * np.abs(returns).max():
        return None
    # The ratio has no unit; in units of the largest return no square vanishes or overflows.
    scaled = returns / np.abs(returns).max()
    sharpe = float(scaled.mean() / scaled.std(ddof=1))
    variance = 1 / (len(returns) - 1) if trial_variance is None else trial_variance
    return probabilistic_sharpe(
        sharpe,
        len(returns),
        skewness=float(skew(scaled)),
        kurtosis=float(kurtosis(scaled, fisher=False)),
        benchmark=expected_best_sharpe(n_trials, variance),
    )


def _variance(sharpe: float, skewness: float, kurtosis: float) -> float:
    return 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2


def _require_finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"`{name}` must be finite, received {value}.")
