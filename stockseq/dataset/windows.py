"""Windows over the panel, named by the row they end on and gathered from one matrix."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.schemas import Dropped, count_dropped

# A window may miss so many sessions (halts, rows without features) before its rows no longer mean "the last days".
SLACK = 5

SHORT = "fewer rows before it than the lookback"
TORN = f"the window spans more than the lookback and {SLACK} sessions"


def window_ends(
    keys: pd.DataFrame, lookback: int, *, sessions: pd.DatetimeIndex | None = None
) -> npt.NDArray[np.int64]:
    """Return the rows on which a window of `lookback` rows of one ticker ends.

    Parameters
    ----------
    keys : DataFrame of n_rows with ticker, session
        Sorted by ticker and session, as `Panel.keys` is.
    lookback : int
        Rows of a window.
    sessions : DatetimeIndex, optional
        The sessions to count a span with, ascending; those of `keys`, all tickers together, by default.

    Returns
    -------
    int64 array of shape (n_windows,)
        Ascending row numbers; the window of end e is the rows e - lookback + 1 to e. A window that spans more than
        lookback + 5 sessions is left out, and counted by `count_windowless`.

    Raises
    ------
    ValueError
        If `lookback` is less than 1.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> keys = pd.DataFrame({"ticker": list("AAABB"), "session": [*days, *days[:2]]})
    >>> window_ends(keys, 2).tolist()
    [1, 2, 4]
    """
    return np.flatnonzero(_faults(keys, lookback, sessions) == "").astype(np.int64)


def count_windowless(
    keys: pd.DataFrame, lookback: int, *, sessions: pd.DatetimeIndex | None = None
) -> tuple[Dropped, ...]:
    """Return how many rows of each ticker end no window, and why; the arguments are those of `window_ends`."""
    faults = pd.Series(_faults(keys, lookback, sessions), index=keys.index)
    return count_dropped("windows", keys["ticker"], faults.replace("", None))


def gather(matrix: npt.NDArray[Any], ends: npt.NDArray[np.int64], lookback: int) -> npt.NDArray[Any]:
    """Return the windows that end on `ends`, copied out of `matrix`.

    Parameters
    ----------
    matrix : array of shape (n_rows, ...)
    ends : int array of shape (n_windows,), from `window_ends`
    lookback : int

    Returns
    -------
    array of shape (n_windows, lookback, ...)
        The oldest row first.

    Raises
    ------
    ValueError
        If a window would start before the first row or end after the last.

    Examples
    --------
    >>> gather(np.array([10, 20, 30]), np.array([1, 2]), 2).tolist()
    [[10, 20], [20, 30]]
    """
    if len(ends) and (ends.min() < lookback - 1 or ends.max() >= len(matrix)):
        raise ValueError(f"Windows of {lookback} rows must end between {lookback - 1} and {len(matrix) - 1}.")
    return matrix[np.asarray(ends)[:, None] + np.arange(1 - lookback, 1)]


def _faults(keys: pd.DataFrame, lookback: int, sessions: pd.DatetimeIndex | None) -> npt.NDArray[np.object_]:
    """Return why each row ends no window; "" where it does."""
    if lookback < 1:
        raise ValueError(f"`lookback` must be at least 1 row, received {lookback}.")
    faults = np.full(len(keys), "", dtype=object)
    if not len(keys):
        return faults
    calendar = pd.DatetimeIndex(np.sort(keys["session"].unique())) if sessions is None else sessions
    places = calendar.searchsorted(keys["session"].to_numpy())
    starts = np.arange(len(keys)) - lookback + 1
    # A row is deep enough in its ticker when so many rows of the ticker lie before it.
    depth = keys.groupby("ticker", sort=False).cumcount().to_numpy()
    whole = depth >= lookback - 1
    span = np.where(whole, places - places[np.maximum(starts, 0)] + 1, 0)
    faults[span > lookback + SLACK] = TORN
    faults[~whole] = SHORT
    return faults
