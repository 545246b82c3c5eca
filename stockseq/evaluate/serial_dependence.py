"""Whether the direction is named beyond what its own past gives away: tests for outcomes and forecasts that persist."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.significance import Flags, Numbers, Significance, number_sessions

# The least sum of squares that is more than rounding: one row among ten million that differs leaves about 1.
LEAST = 1e-6
# Columns of the past that differ by less say the same.
SAME = 1e-12


def pesaran_timmermann_serial(
    up: Flags,
    forecast_up: Flags,
    sessions: npt.NDArray[Any],
    tickers: npt.NDArray[Any],
    *,
    lags: int = 1,
) -> Significance | None:
    """Test, one-sided, that the direction is named beyond what persists of outcomes and forecasts.

    Where outcomes come in runs and forecasts do too, the runs agree or disagree by luck for long, and a test that takes
    sessions for independent cries wolf. Here each row's outcome is regressed on its forecast, a constant, and the last
    `lags` outcomes and forecasts of its ticker; the t is the forecast's, with the CR1 variance clustered by session.

    Parameters
    ----------
    up, forecast_up : bool arrays of shape (n,)
    sessions, tickers : arrays of shape (n,)
        Sortable, each pair once, in any order. A lag is the session before among these sessions: a row whose ticker
        lacks one of the last `lags` of them is left out, so that no gap is bridged.
    lags : int, default=1
        Sessions of the past that are partialled out; 0 gives `pesaran_timmermann_clustered`.

    Returns
    -------
    Significance, or None where the past leaves nothing to test
        `estimate` is the slope: how much more often a row rose that was forecast to, the past being equal; `n` counts
        the rows that have a past. p is of Student's t, one degree less than sessions. None where fewer than two
        sessions have a past, outcomes or forecasts never change, or the past tells either wholly.

    Raises
    ------
    TypeError, ValueError
        If the columns don't match, a pair repeats, there is one session, or `lags` is below 0.

    References
    ----------
    Pesaran & Timmermann (2009), Journal of the American Statistical Association 104: the dynamically augmented
    regression, here over a panel; Cameron & Miller (2015), Journal of Human Resources 50(2), for the clusters. Equal to
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
    rows, known = _past(up, forecast_up, codes, pd.factorize(tickers)[0], lags)
    places = np.unique(codes[rows], return_inverse=True)[1]
    n, n_groups = len(rows), int(places.max(initial=-1)) + 1
    outcome, forecast = _beyond(known, up[rows], forecast_up[rows])
    n_fitted = 1 + int(np.linalg.matrix_rank(known.T @ known, rtol=SAME, hermitian=True))
    weight = float((forecast**2).sum())
    if n_groups < 2 or n <= n_fitted or weight < LEAST or (outcome**2).sum() < LEAST:
        return None
    slope = float((forecast * outcome).sum()) / weight
    sums = np.bincount(places, forecast * (outcome - slope * forecast), n_groups)
    correction = n_groups / (n_groups - 1) * (n - 1) / (n - n_fitted)
    error = math.sqrt(correction * float((sums**2).sum())) / weight
    # Forecasts without a mistake leave rounding, not noise.
    if error < 1e-12:
        return None
    return Significance(
        estimate=slope,
        standard_error=error,
        t=slope / error,
        p=float(stats.t.sf(slope / error, n_groups - 1)),
        degrees_of_freedom=n_groups - 1,
        n=n,
    )


def _past(
    up: Flags, forecast_up: Flags, sessions: npt.NDArray[np.int64], tickers: npt.NDArray[np.int64], lags: int
) -> tuple[npt.NDArray[np.int64], Numbers]:
    """Return the rows whose last `lags` sessions are there, and a constant beside what these held, per row."""
    if lags < 0:
        raise ValueError(f"`lags` must be at least 0 sessions, received {lags}.")
    order = np.lexsort((sessions, tickers))
    session, ticker = sessions[order], tickers[order]
    repeated = (np.diff(session) == 0) & (np.diff(ticker) == 0)
    if repeated.any():
        raise ValueError(
            f"Each ticker needs one row a session, or it has no last outcome; {int(repeated.sum())} rows repeat."
        )
    before = slice(0, max(len(order) - lags, 0))
    # Sessions of one ticker never repeat, so a distance of `lags` means that all between are there.
    whole = (ticker[lags:] == ticker[before]) & (session[lags:] - session[before] == lags)
    now = lags + np.flatnonzero(whole)
    columns = [
        column[order][now - lag].astype(np.float64) for column in (up, forecast_up) for lag in range(1, lags + 1)
    ]
    return order[now], np.column_stack([np.ones(len(now)), *columns])


def _beyond(known: Numbers, up: Flags, forecast_up: Flags) -> tuple[Numbers, Numbers]:
    """Return what regressions on `known`, some of whose columns may say the same, leave of outcomes and forecasts."""
    values = np.column_stack([up, forecast_up]).astype(np.float64)
    left = values - known @ (np.linalg.pinv(known.T @ known, rcond=SAME, hermitian=True) @ (known.T @ values))
    return left[:, 0], left[:, 1]
