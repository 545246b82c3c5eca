"""Whether a score could be luck: tests that know that the tickers of one session move together."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from stockseq.evaluate.rows import require_rows
from stockseq.results import Result

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

# A p-value below this counts as shown.
SIZE = 0.05


class Significance(Result):
    """An estimate, its error, t and p, the degrees of freedom of the p (None: normal), and the rows `n` behind it."""

    estimate: float
    standard_error: float
    t: float
    p: float
    degrees_of_freedom: int | None
    n: int


def number_sessions(sessions: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the place of each row's session among all sessions in order, and their count, at least two.

    Examples
    --------
    >>> number_sessions(np.array(["Tue", "Mon", "Tue"]))
    (array([1, 0, 1]), 2)
    """
    places, names = pd.factorize(sessions, sort=True)
    if len(names) < 2:
        raise ValueError(
            f"Tickers of one session move together, so at least 2 sessions are needed; received {len(names)}."
        )
    return places, len(names)


def clustered_mean(values: Numbers, sessions: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the mean of `values` and its standard error, clustered by session.

    Parameters
    ----------
    values : array of shape (n,)
    sessions : array of shape (n,)
        What marks the clusters; at least two.

    Returns
    -------
    (mean, standard error)
        The error squared is G/(G-1) * sum over sessions of (sum of deviations)^2 / n^2 for G sessions.

    Raises
    ------
    TypeError, ValueError
        If the columns don't match, a value is not finite, or there are fewer than two sessions.

    References
    ----------
    Cameron & Miller (2015), Journal of Human Resources 50(2). Equal to statsmodels 0.15.0 `OLS` on a constant with
    `cov_type="cluster"`.

    Examples
    --------
    >>> clustered_mean(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 1, 2, 2]))
    (0.5, 0.5)
    """
    require_rows(numbers={"values": values}, labels={"sessions": sessions})
    groups, n_groups = number_sessions(sessions)
    mean = float(values.mean())
    sums = np.bincount(groups, values - mean, n_groups)
    return mean, math.sqrt(n_groups / (n_groups - 1) * float((sums**2).sum())) / len(values)


def clustered_interval(values: Numbers, sessions: npt.NDArray[Any], *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of `values`, with Student's t of one degree less than there are sessions.

    Examples
    --------
    >>> low, high = clustered_interval(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 1, 2, 2]))
    >>> round(high - 0.5, 4)
    6.3531
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` must be a fraction between 0 and 1, received {level}.")
    mean, error = clustered_mean(values, sessions)
    reach = float(stats.t.ppf(0.5 + level / 2, number_sessions(sessions)[1] - 1)) * error
    return mean - reach, mean + reach


def pesaran_timmermann(up: Flags, forecast_up: Flags) -> Significance | None:
    """Test, one-sided, that the direction is named more often than by chance, taking rows for independent.

    Rows of one session are not: this is the textbook's figure, `pesaran_timmermann_clustered` the one to believe.

    Returns
    -------
    Significance, or None where outcomes or forecasts never change
        `estimate` is the accuracy beyond chance; p is normal.

    References
    ----------
    Pesaran & Timmermann (1992), Journal of Business & Economic Statistics 10(4). t^2 (n - 1) / n is the chi-square
    of scipy 1.17.1 `chi2_contingency(correction=False)`, and statsmodels 0.15.0 `pesaran_timmermann` its root.

    Examples
    --------
    >>> up = np.array([True, True, False, False] * 5)
    >>> round(pesaran_timmermann(up, np.roll(up, 1)).t, 4)
    0.0
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up})
    n = len(up)
    p_up, p_forecast = float(up.mean()), float(forecast_up.mean())
    spread_up, spread_forecast = p_up * (1 - p_up), p_forecast * (1 - p_forecast)
    if spread_up == 0 or spread_forecast == 0:
        return None
    chance = p_up * p_forecast + (1 - p_up) * (1 - p_forecast)
    of_hits = chance * (1 - chance) / n
    of_chance = (
        (2 * p_up - 1) ** 2 * spread_forecast
        + (2 * p_forecast - 1) ** 2 * spread_up
        + 4 * spread_up * spread_forecast / n
    ) / n
    if of_hits <= of_chance:
        return None
    error = math.sqrt(of_hits - of_chance)
    edge = float((up == forecast_up).mean()) - chance
    return Significance(
        estimate=edge,
        standard_error=error,
        t=edge / error,
        p=float(stats.norm.sf(edge / error)),
        degrees_of_freedom=None,
        n=n,
    )


def pesaran_timmermann_clustered(up: Flags, forecast_up: Flags, sessions: npt.NDArray[Any]) -> Significance | None:
    """Test, one-sided, that the direction is named more often than by chance, with sessions as clusters.

    The slope of a regression of the outcome on the forecast direction and a constant, with the CR1 variance clustered
    by session. It alone keeps its size when all tickers are forecast alike, and when the market drifts. Sessions count
    as independent of one another: where outcomes and forecasts both come in runs, `pesaran_timmermann_serial` holds.

    Parameters
    ----------
    up, forecast_up : bool arrays of shape (n,)
    sessions : array of shape (n,)

    Returns
    -------
    Significance, or None where outcomes or forecasts never change, or no spread is left between sessions
        `estimate` is the slope: how much more often a row rose that was forecast to. Times twice the variance of the
        forecast direction it is the accuracy beyond chance. p is of Student's t, one degree less than sessions.

    References
    ----------
    Pesaran & Timmermann (1992); Cameron & Miller (2015), Journal of Human Resources 50(2). Equal to the slope of
    statsmodels 0.15.0 `OLS.fit(cov_type="cluster", use_t=True)`.

    Examples
    --------
    >>> up = np.array([True, True, False, False, True, False])
    >>> test = pesaran_timmermann_clustered(up, np.array([True, False] * 3), np.array([1, 1, 2, 2, 3, 3]))
    >>> round(test.estimate, 4)
    0.3333
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up}, labels={"sessions": sessions})
    groups, n_groups = number_sessions(sessions)
    n = len(up)
    regressor = forecast_up - forecast_up.mean()
    weight = float((regressor**2).sum())
    if n < 3 or up.all() or not up.any() or forecast_up.all() or not forecast_up.any():
        return None
    slope = float((regressor * up).sum()) / weight
    residuals = up - up.mean() - slope * regressor
    sums = np.bincount(groups, regressor * residuals, n_groups)
    correction = n_groups / (n_groups - 1) * (n - 1) / (n - 2)
    error = math.sqrt(correction * float((sums**2).sum())) / weight
    # Forecasts without a mistake leave rounding, not noise.
    if error < 1e-12:
        return None
    t = slope / error
    return Significance(
        estimate=slope,
        standard_error=error,
        t=t,
        p=float(stats.t.sf(t, n_groups - 1)),
        degrees_of_freedom=n_groups - 1,
        n=n,
    )


def newey_west_mean(values: Numbers, *, lag: int | None = None) -> Significance | None:
    """Test, two-sided, that a mean over time is 0, allowing for weak autocorrelation.

    Of 250 daily information coefficients without skill it rejects 5 to 6 % at 5 %, but 9 % of the profits of views that
    last for weeks in a market that trends: there the default lag is too short.

    Parameters
    ----------
    values : array of shape (n_sessions,)
        One value per session, in order.
    lag : int, optional
        Sessions of autocorrelation allowed for; floor(4 (T/100)^(2/9)) by default.

    Returns
    -------
    Significance, or None for fewer than two values or no spread

    References
    ----------
    Newey & West (1987), Econometrica 55(3), with Bartlett's weights. Equal to statsmodels 0.15.0
    `OLS.fit(cov_type="HAC")` on a constant.

    Examples
    --------
    >>> round(newey_west_mean(np.array([1.0, -1.0, 2.0, 0.0]), lag=0).t, 4)
    0.8944
    """
    require_rows(numbers={"values": values})
    if lag is not None and lag < 0:
        raise ValueError(f"`lag` must be at least 0 sessions, received {lag}.")
    n = len(values)
    reach = math.floor(4 * (n / 100) ** (2 / 9)) if lag is None else lag
    weights = 1.0 - np.arange(1, reach + 1) / (reach + 1)
    return _mean_test(values, weights, scale=1.0, degrees_of_freedom=None)


def diebold_mariano(loss_differences: Numbers, *, horizon: int = 1) -> Significance | None:
    """Test, two-sided, that two models lose alike, with the correction for small samples.

    Parameters
    ----------
    loss_differences : array of shape (n_sessions,)
        Mean loss of model A less that of model B, one value per session, in order.
    horizon : int, default=1
        Sessions that a forecast spans; autocovariances below it are counted in.

    Returns
    -------
    Significance, or None for fewer than two values or no spread
        Positive t: A loses more. p is of Student's t.

    References
    ----------
    Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997); R `forecast::dm.test`.

    Examples
    --------
    >>> test = diebold_mariano(np.array([1.0, 2.0, -1.0, 3.0, 0.0, 1.0]))
    >>> round(test.t, 10), round(test.p, 10)
    (1.7320508076, 0.1438108087)
    """
    require_rows(numbers={"loss_differences": loss_differences})
    n = len(loss_differences)
    if not 1 <= horizon < max(n, 2):
        raise ValueError(f"`horizon` must be at least 1 and below the number of sessions {n}, received {horizon}.")
    small = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    return _mean_test(loss_differences, np.ones(horizon - 1), scale=small, degrees_of_freedom=n - 1)


def _mean_test(
    values: Numbers, weights: Numbers, *, scale: float, degrees_of_freedom: int | None
) -> Significance | None:
    """Test a mean whose long-run variance is gamma_0 + 2 sum of weighted autocovariances; t is scaled."""
    n = len(values)
    # A spread of rounding errors would be taken for noise, and its mean for a certainty.
    if n < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return None
    deviations = values - values.mean()
    covariances = [float((deviations[k:] * deviations[: n - k]).sum()) / n for k in range(min(len(weights), n - 1) + 1)]
    variance = covariances[0] + 2 * sum(w * c for w, c in zip(weights, covariances[1:], strict=False))
    if variance <= 0:
        return None
    error = math.sqrt(variance / n) / scale
    t = float(values.mean()) / error
    two_sided = stats.norm.sf(abs(t)) if degrees_of_freedom is None else stats.t.sf(abs(t), degrees_of_freedom)
    return Significance(
        estimate=float(values.mean()),
        standard_error=error,
        t=t,
        p=2 * float(two_sided),
        degrees_of_freedom=degrees_of_freedom,
        n=n,
    )
