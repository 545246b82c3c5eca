"""Whether a score could be luck: tests that know that the tickers of one session move together."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

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
    degrees_of_freedom: int | float | None
    n: int


def number_sessions(sessions: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the number of each row's session among all sessions in order, and their count, at least two.

    Examples
    --------
    >>> number_sessions(np.array(["Tue", "Mon", "Tue"]))
    (array([1, 0, 1]), 2)
    """
    numbers, names = pd.factorize(sessions, sort=True)
    if len(names) < 2:
        raise ValueError(
            f"Tickers of one session move together, so at least 2 sessions are needed; received {len(names)}."
        )
    return numbers, len(names)


def clustered_mean(values: Numbers, sessions: npt.NDArray[Any], *, horizon: int = 0) -> tuple[float, float]:
    """Return the mean of `values` and its standard error, clustered by session.

    Parameters
    ----------
    values : array of shape (n,)
    sessions : array of shape (n,)
        What marks the clusters, in their order; at least two.
    horizon : int, default=0
        Sessions from entry to exit of the trades behind the values; from two on they overlap.

    Returns
    -------
    (mean, standard error)
        The error squared is G/(G-1) * sum over sessions of (sum of deviations)^2 / n^2 for G sessions. Of trades that
        overlap it is Driscoll and Kraay's, whose own bias is taken out.

    Raises
    ------
    TypeError, ValueError
        If the columns don't match, a value is not finite, or there are fewer than two sessions.

    References
    ----------
    Cameron & Miller (2015), Journal of Human Resources 50(2); Driscoll & Kraay (1998), Review of Economics and
    Statistics 80(4). By statsmodels 0.15.0 `OLS` on a constant with `cov_type="cluster"` or "hac-groupsum".

    Examples
    --------
    >>> clustered_mean(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 1, 2, 2]))
    (0.5, 0.5)
    """
    require_rows(numbers={"values": values}, labels={"sessions": sessions})
    numbers, n_sessions = number_sessions(sessions)
    fitted = fit_clustered(values, np.ones(len(values)), numbers, horizon=horizon)
    return float(values.mean()), float(fitted.bse[0]) / session_law(n_sessions, horizon).bias


def fit_clustered(outcome: Numbers, regressors: Numbers, sessions: npt.NDArray[np.int64], *, horizon: int = 0) -> Any:
    """Return statsmodels' least squares with the CR1 variance clustered by session and Student's t.

    From a horizon of two sessions on the variance is Driscoll and Kraay's, with the lag of `overlap_lag`.

    Examples
    --------
    >>> fit_clustered(np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4), np.array([0, 0, 1, 1])).bse
    array([0.5])
    """
    from statsmodels.regression.linear_model import OLS

    if horizon < 2:
        return OLS(outcome, regressors).fit(cov_type="cluster", cov_kwds={"groups": sessions}, use_t=True)
    lag = overlap_lag(len(np.unique(sessions)), horizon)
    options = {"time": sessions, "maxlags": lag, "use_correction": False, "df_correction": False}
    return OLS(outcome, regressors).fit(cov_type="hac-groupsum", cov_kwds=options, use_t=True)


class SessionLaw(NamedTuple):
    """Student's t by which a test clustered by session is judged: its degrees of freedom, and the bias of its error."""

    degrees: float
    bias: float


def session_law(n_sessions: int, horizon: int) -> SessionLaw:
    """Return the law of a test over sessions; see `mean_over_time` for trades that overlap.

    Examples
    --------
    >>> session_law(250, 1)
    SessionLaw(degrees=249, bias=1.0)
    """
    return (
        SessionLaw(n_sessions - 1, 1.0) if horizon < 2 else _law(overlap_lag(n_sessions, horizon), n_sessions, horizon)
    )


def _law(lag: int, n_sessions: int, horizon: int) -> SessionLaw:
    share = (lag + 1) / n_sessions
    return SessionLaw(1.5 / share, math.sqrt((1.0 - share + share**2 / 3.0) * _share_counted(lag, horizon)))


def clustered_interval(
    values: Numbers, sessions: npt.NDArray[Any], *, level: float = 0.95, horizon: int = 0
) -> tuple[float, float]:
    """Return the interval of the mean of `values`, with Student's t of one degree less than there are sessions.

    Of trades that overlap, with the law of `mean_over_time`.

    Examples
    --------
    >>> low, high = clustered_interval(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 1, 2, 2]))
    >>> round(high - 0.5, 4)
    6.3531
    """
    from scipy import stats

    if not 0 < level < 1:
        raise ValueError(f"`level` must be a fraction between 0 and 1, received {level}.")
    mean, error = clustered_mean(values, sessions, horizon=horizon)
    degrees = session_law(number_sessions(sessions)[1], horizon).degrees
    reach = float(stats.t.ppf(0.5 + level / 2, degrees)) * error
    return mean - reach, mean + reach


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
    Newey & West (1987), Econometrica 55(3), with Bartlett's weights. By statsmodels 0.15.0
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
    reach = overlap_lag(n, 0) if lag is None else lag
    return _mean_test(values, lag=reach, kernel="bartlett", scale=1.0, degrees_of_freedom=None)


class MeanOverTime(Result):
    """A mean over sessions whose trades overlap, tested against 0.

    Parameters
    ----------
    mean, t : float
        t is Newey and West's of `lag` sessions.
    ci : (low, high)
        95 %.
    p, p_above : float
        Two-sided, and one-sided for a mean above 0.
    lag, n : int
        Sessions of autocorrelation allowed for, and all sessions.
    """

    mean: float
    t: float
    ci: tuple[float, float]
    p: float
    p_above: float
    lag: int
    n: int


def overlap_lag(n_sessions: int, horizon: int) -> int:
    """Return the lag of Newey and West's test of a mean over sessions whose trades last `horizon` sessions.

    Returns
    -------
    int
        The greater of floor(4 (T/100)^(2/9)) and 2 (h - 1), and less than T.

    Examples
    --------
    >>> overlap_lag(250, 0), overlap_lag(250, 5)
    (4, 8)
    """
    if horizon < 0:
        raise ValueError(f"`horizon` must be at least 0 sessions, received {horizon}.")
    lag = max(math.floor(4 * (n_sessions / 100) ** (2 / 9)), 2 * (horizon - 1))
    return max(min(lag, n_sessions - 1), 0)


def mean_over_time(values: Numbers, *, horizon: int, lag: int | None = None) -> MeanOverTime | None:
    """Test that the mean of one value per session is 0, where the trades behind the values may overlap.

    The longer the lag, the noisier is the error, and the normal law finds too much: of 250 sessions without skill it
    rejects 8 % at 5 % for scores that last and trades of 10 sessions, 10 % of 21. So the law is Student's t with
    3/2 T/(lag + 1) degrees of freedom, of t shrunk by what the error lacks: by estimation, and because Bartlett's
    weights leave out a part of the variance of trades that overlap. It rejects 3.4 to 5.8 % at every horizon up to 21.

    Parameters
    ----------
    values : array of shape (n_sessions,)
        In order.
    horizon : int
        Sessions from entry to exit of a trade.
    lag : int, optional
        That of `overlap_lag` by default.

    Returns
    -------
    MeanOverTime, or None for fewer than two values or no spread

    References
    ----------
    Newey & West (1987), Econometrica 55(3); Kiefer & Vogelsang (2005), Econometric Theory 21(6), for the law with a
    lag in proportion to T; Sun (2014), Journal of Econometrics 178, for its approximation by Student's t.

    Examples
    --------
    >>> values = np.array([0.03, -0.01, 0.02, 0.05, -0.02, 0.01, 0.04, 0.0, 0.02, -0.01])
    >>> test = mean_over_time(values, horizon=1)
    >>> test.lag, round(test.t, 4), round(test.p_above, 4)
    (2, 4.0068, 0.0094)
    """
    from scipy import stats

    n = len(values)
    lag = overlap_lag(n, horizon) if lag is None else min(lag, max(n - 1, 0))
    test = newey_west_mean(values, lag=lag)
    if test is None:
        return None
    degrees, bias = _law(lag, n, horizon)
    reach = float(stats.t.ppf(0.975, degrees)) * test.standard_error / bias
    above = float(stats.t.sf(test.t * bias, degrees))
    return MeanOverTime(
        mean=test.estimate,
        t=test.t,
        ci=(test.estimate - reach, test.estimate + reach),
        p=2.0 * min(above, 1.0 - above),
        p_above=above,
        lag=lag,
        n=n,
    )


def _share_counted(lag: int, horizon: int) -> float:
    """Return the share of the long-run variance of sums of `horizon` sessions that Bartlett's weights count."""
    if horizon < 2:
        return 1.0
    ahead = np.arange(1, min(horizon, lag + 1))
    return float(1.0 + 2.0 * ((1.0 - ahead / horizon) * (1.0 - ahead / (lag + 1))).sum()) / horizon


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
    return _mean_test(loss_differences, lag=horizon - 1, kernel="uniform", scale=small, degrees_of_freedom=n - 1)


def _mean_test(
    values: Numbers, *, lag: int, kernel: str, scale: float, degrees_of_freedom: int | None
) -> Significance | None:
    """Test a mean by its long-run variance, whose autocovariances up to `lag` are weighted by the kernel."""
    from scipy import stats
    from statsmodels.regression.linear_model import OLS

    n = len(values)
    # A spread of rounding errors would be taken for noise, and its mean for a certainty.
    if n < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return None
    fitted = OLS(values, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": lag, "kernel": kernel})
    variance = float(fitted.cov_params()[0, 0])
    # The uniform kernel may leave none.
    if variance <= 0:
        return None
    mean, error = float(values.mean()), math.sqrt(variance) / scale
    t = mean / error
    two_sided = stats.norm.sf(abs(t)) if degrees_of_freedom is None else stats.t.sf(abs(t), degrees_of_freedom)
    return Significance(
        estimate=mean,
        standard_error=error,
        t=t,
        p=2 * float(two_sided),
        degrees_of_freedom=degrees_of_freedom,
        n=n,
    )
