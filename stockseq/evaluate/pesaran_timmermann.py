"""Whether the direction is forecast better than by chance: Pesaran and Timmermann's test, three times.

With rows taken for independent (1992), with sessions as clusters (the headline), and with what persists of outcomes and
forecasts partialled out (2009).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.significance import Flags, Numbers, Significance, fit_clustered, number_sessions, session_law

# The least sum of squares that is more than rounding: one row among ten million that differs leaves about 1.
LEAST_SQUARES = 1e-6
# Columns of the past that differ by less say the same.
SAME = 1e-12
# A variance of the slope below is rounding: no panel has the rows for an error of a ten-millionth.
LEAST_VARIANCE = 1e-14


def pesaran_timmermann(up: Flags, forecast_up: Flags) -> Significance | None:
    """Test, one-sided, that the direction is named more often than by chance, taking rows for independent.

    Rows of one session are not: this is the textbook's figure, `pesaran_timmermann_clustered` the one to believe.

    Returns
    -------
    Significance, or None where outcomes or forecasts never change
        `estimate` is the accuracy beyond chance; p is normal.

    References
    ----------
    Pesaran & Timmermann (1992), Journal of Business & Economic Statistics 10(4): statsmodels 0.15.0
    `pesaran_timmermann`, with the term in 1/n^2 that it leaves out. t^2 (n - 1) / n is the chi-square of the 2x2 table
    without correction.

    Examples
    --------
    >>> up = np.array([True, True, False, False] * 5)
    >>> round(pesaran_timmermann(up, np.roll(up, 1)).t, 4)
    0.0
    """
    from scipy import stats
    from statsmodels.stats import diagnostic

    require_rows(flags={"up": up, "forecast_up": forecast_up})
    if not (_changes(up) and _changes(forecast_up)):
        return None
    n = len(up)
    theirs = diagnostic.pesaran_timmermann(np.where(up, 1, -1), np.where(forecast_up, 1, -1)).res_store
    edge = float(theirs.p_hat - theirs.p_ind)
    # The variance of chance has a term in 1/n^2; with it the difference of both variances is this part of theirs.
    error = math.sqrt((theirs.v_hat - theirs.w_hat) * (n - 1) / n)
    return Significance(
        estimate=edge,
        standard_error=error,
        t=edge / error,
        p=float(stats.norm.sf(edge / error)),
        degrees_of_freedom=None,
        n=n,
    )


def pesaran_timmermann_clustered(
    up: Flags, forecast_up: Flags, sessions: npt.NDArray[Any], *, horizon: int = 0
) -> Significance | None:
    """Test, one-sided, that the direction is named more often than by chance, with sessions as clusters.

    The slope of a regression of the outcome on the forecast direction and a constant, with the CR1 variance clustered
    by session. It alone keeps its size when all tickers are forecast alike, and when the market drifts. Sessions count
    as independent of one another: where outcomes and forecasts both come in runs, `pesaran_timmermann_serial` holds.

    Parameters
    ----------
    up, forecast_up : bool arrays of shape (n,)
    sessions : array of shape (n,)
    horizon : int, default=0
        Sessions from entry to exit of a trade. From two on they overlap: the variance is Driscoll and Kraay's, and the
        law that of `mean_over_time`.

    Returns
    -------
    Significance, or None where outcomes or forecasts never change, or no spread is left between sessions
        `estimate` is the slope: how much more often a row rose that was forecast to. Times twice the variance of the
        forecast direction it is the accuracy beyond chance. p is of Student's t, one degree less than sessions.

    References
    ----------
    Pesaran & Timmermann (1992); Cameron & Miller (2015), Journal of Human Resources 50(2). By statsmodels 0.15.0
    `OLS.fit(cov_type="cluster", use_t=True)`.

    Examples
    --------
    >>> up = np.array([True, True, False, False, True, False])
    >>> test = pesaran_timmermann_clustered(up, np.array([True, False] * 3), np.array([1, 1, 2, 2, 3, 3]))
    >>> round(test.estimate, 4)
    0.3333
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up}, labels={"sessions": sessions})
    return _test_slope(up, forecast_up, np.ones((len(up), 1)), number_sessions(sessions)[0], horizon)


def pesaran_timmermann_serial(
    up: Flags,
    forecast_up: Flags,
    sessions: npt.NDArray[Any],
    tickers: npt.NDArray[Any],
    *,
    lags: int = 1,
    horizon: int = 0,
) -> Significance | None:
    """Test, one-sided, that the direction is named beyond what persists of outcomes and forecasts.

    Where outcomes come in runs and forecasts do too, the runs agree or disagree by luck for long, and a test that takes
    sessions for independent cries wolf. Here each row's outcome is regressed on its forecast, a constant, and the last
    `lags` outcomes and forecasts of its ticker whose trades had ended by then; the t is the forecast's, with the CR1
    variance clustered by session.

    Parameters
    ----------
    up, forecast_up : bool arrays of shape (n,)
    sessions, tickers : arrays of shape (n,)
        Sortable, each pair once, in any order. A lag is the session before among these sessions: a row whose ticker
        lacks one of the last `lags` of them is left out, so that no gap is bridged.
    lags : int, default=1
        Sessions of the past that are partialled out; 0 gives `pesaran_timmermann_clustered`.
    horizon : int, default=0
        As there.

    Returns
    -------
    Significance, or None where the past leaves nothing to test
        `estimate` is the slope: how much more often a row rose that was forecast to, the past being equal; `n` counts
        the rows that have a past. p is of Student's t, one degree less than sessions. None where fewer than two
        sessions have a past, outcomes or forecasts never change, or the past explains either wholly.

    Raises
    ------
    TypeError, ValueError
        If the columns don't match, a pair repeats, there is one session, or `lags` is below 0.

    References
    ----------
    Pesaran & Timmermann (2009), Journal of the American Statistical Association 104: the dynamically augmented
    regression, here over a panel; Cameron & Miller (2015), Journal of Human Resources 50(2), for the clusters. By
    statsmodels 0.15.0 `OLS.fit(cov_type="cluster", use_t=True)`.

    Examples
    --------
    >>> up = np.random.default_rng(4).random(200) < 0.5
    >>> forecast_up = np.where(np.arange(200) % 4 == 0, ~up, up)
    >>> test = pesaran_timmermann_serial(up, forecast_up, np.arange(200), np.repeat("AAA", 200))
    >>> test.estimate > 0.4, test.p < 0.001, test.n
    (True, True, 199)
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up}, labels={"sessions": sessions, "tickers": tickers})
    codes, _ = number_sessions(sessions)
    rows, past = _past(up, forecast_up, codes, pd.factorize(tickers)[0], range(1 + horizon, 1 + horizon + lags))
    return _test_slope(up[rows], forecast_up[rows], past, np.unique(codes[rows], return_inverse=True)[1], horizon)


def _changes(flags: Flags) -> bool:
    return bool(flags.any() and not flags.all())


def _test_slope(
    up: Flags, forecast_up: Flags, controls: Numbers, sessions: npt.NDArray[np.int64], horizon: int
) -> Significance | None:
    """Test the slope of the outcome on the forecast with a constant and other controls; None without noise in it."""
    from scipy import stats
    from statsmodels.regression.linear_model import OLS

    n, n_sessions = len(up), len(np.unique(sessions))
    controls = _independent(controls)
    if n_sessions < 2 or n <= 1 + controls.shape[1] or not (_changes(up) and _changes(forecast_up)):
        return None
    outcome, forecast = up.astype(np.float64), forecast_up.astype(np.float64)
    # Nothing is left to test of what the controls explain wholly.
    if min(OLS(column, controls).fit().ssr for column in (outcome, forecast)) < LEAST_SQUARES:
        return None
    fitted = fit_clustered(outcome, np.column_stack([forecast, controls]), sessions, horizon=horizon)
    slope, variance = float(fitted.params[0]), float(fitted.cov_params()[0, 0])
    # Forecasts without a mistake leave rounding, not noise.
    if variance < LEAST_VARIANCE:
        return None
    law = session_law(n_sessions, horizon)
    error = math.sqrt(variance) / law.bias
    return Significance(
        estimate=slope,
        standard_error=error,
        t=slope / error,
        p=float(stats.t.sf(slope / error, law.degrees)),
        degrees_of_freedom=law.degrees,
        n=n,
    )


def _past(
    up: Flags, forecast_up: Flags, sessions: npt.NDArray[np.int64], tickers: npt.NDArray[np.int64], lags: range
) -> tuple[npt.NDArray[np.int64], Numbers]:
    """Return the rows whose sessions back to the last lag are there, and a constant with what the lags held, per row.

    A trade of `horizon` sessions that was entered later than the first lag is not over when the next one is decided.
    """
    if lags.stop < lags.start:
        raise ValueError(f"`lags` must be at least 0 sessions, received {lags.stop - lags.start}.")
    reach = lags[-1] if lags else 0
    order = np.lexsort((sessions, tickers))
    session, ticker = sessions[order], tickers[order]
    repeated = (np.diff(session) == 0) & (np.diff(ticker) == 0)
    if repeated.any():
        raise ValueError(
            f"Each ticker needs one row a session, or it has no last outcome; {int(repeated.sum())} rows repeat."
        )
    before = slice(0, max(len(order) - reach, 0))
    # Sessions of one ticker never repeat, so a distance of `reach` means that all between are there.
    whole = (ticker[reach:] == ticker[before]) & (session[reach:] - session[before] == reach)
    now = reach + np.flatnonzero(whole)
    columns = [column[order][now - lag].astype(np.float64) for column in (up, forecast_up) for lag in lags]
    return order[now], np.column_stack([np.ones(len(now)), *columns])


def _independent(columns: Numbers) -> Numbers:
    """Return the columns without those that the columns before them explain, which cost no degree of freedom."""
    products = columns.T @ columns
    chosen: list[int] = []
    for column in range(columns.shape[1]):
        tried = [*chosen, column]
        if np.linalg.matrix_rank(products[np.ix_(tried, tried)], rtol=SAME, hermitian=True) == len(tried):
            chosen = tried
    return columns[:, chosen]
