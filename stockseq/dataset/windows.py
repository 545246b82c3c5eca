"""Windows over the panel, named by the row they end on and gathered from one matrix."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.schemas import Dropped, count_dropped

# A window may miss so many sessions (halts, rows without features) before its rows no longer mean "the last days".
SLACK = 5

SHORT = "fewer rows before it than the lookback"
TORN = f"the window spans more than the lookback and {SLACK} sessions"


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What a model forecasts from, with a label or without: aligned, in the order of the panel.

    Parameters
    ----------
    ends : int64 array of shape (n,)
        The panel row on which the window ends: the row of `session` itself.
    ticker : object array of shape (n,)
    session, decision_at : datetime64[us] arrays of shape (n,)
        The traded session, and the instant of its decision in UTC.
    volatility : float64 array of shape (n,)
        Known at the decision, of the trade that is forecast (see `trade_volatility`); a positive, finite fraction.
    dropped : tuple of Dropped
        Panel rows that end no window, by ticker and reason.
    """

    ends: npt.NDArray[np.int64]
    ticker: npt.NDArray[np.object_]
    session: npt.NDArray[np.datetime64]
    decision_at: npt.NDArray[np.datetime64]
    volatility: npt.NDArray[np.float64]
    dropped: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def sessions(self) -> pd.DatetimeIndex:
        """The sessions that have a window, ascending."""
        return pd.DatetimeIndex(np.unique(self.session))

    def on(self, sessions: pd.DatetimeIndex) -> Self:
        """Return the windows of these sessions."""
        return self.where(np.asarray(pd.DatetimeIndex(self.session).isin(sessions)))

    def where(self, mask: npt.NDArray[np.bool_]) -> Self:
        """Return the windows on which the mask, of shape (n,), is true."""
        arrays = {field.name: getattr(self, field.name)[mask] for field in fields(self) if field.name != "dropped"}
        return replace(self, **arrays)


def build_windows(
    panel: Panel,
    volatility: npt.NDArray[np.float64],
    *,
    lookback: int,
    sessions: pd.DatetimeIndex | None = None,
) -> Windows:
    """Return every window of the panel whose volatility is known.

    Parameters
    ----------
    panel : Panel of n_rows
    volatility : float64 array of shape (n_rows,)
        Known at each row's decision, from `compute_volatility(panel.keys, ...)` for a trade of one session at most and
        from `trade_volatility` for any; NaN where there is none.
    lookback : int
        Rows of a window.
    sessions : DatetimeIndex, optional
        The sessions that a window's span is counted with; see `window_ends`.

    Raises
    ------
    ValueError
        If `lookback` is less than 1.

    Examples
    --------
    >>> session = pd.DatetimeIndex(["2024-11-25"]).astype("datetime64[us]")
    >>> keys = pd.DataFrame({"ticker": ["A"], "session": session, "decision_at": session.tz_localize("UTC")})
    >>> panel = Panel(keys, np.zeros((1, 1), np.float32), ("momentum",), ((),))
    >>> build_windows(panel, np.array([0.02]), lookback=1).volatility.tolist()
    [0.02]
    """
    ends = window_ends(panel.keys, lookback, sessions=sessions)
    sized = np.isfinite(volatility[ends])
    unsized = panel.keys["ticker"].iloc[ends[~sized]]
    ends = ends[sized]
    keys = panel.keys.loc[ends]
    return Windows(
        ends=ends,
        ticker=_as_objects(keys["ticker"]),
        session=keys["session"].to_numpy(dtype="datetime64[us]"),
        decision_at=as_utc(keys["decision_at"]),
        volatility=np.asarray(volatility, dtype=np.float64)[ends],
        dropped=(
            *count_windowless(panel.keys, lookback, sessions=sessions),
            *count_dropped("windows", unsized, "fewer than two closes before it, so no volatility"),
        ),
    )


def trade_volatility(volatility: pd.Series, *, horizon: int) -> npt.NDArray[np.float64]:
    """Return the volatility of a trade of `horizon` sessions from that of one session: it grows with their root.

    Parameters
    ----------
    volatility : Series of shape (n,)
        A fraction per session, NaN where there is none.
    horizon : int
        0, from open to close, counts as one session.

    Examples
    --------
    >>> trade_volatility(pd.Series([0.02, np.nan]), horizon=9).round(9).tolist()
    [0.06, nan]
    """
    return volatility.to_numpy(dtype=np.float64) * np.sqrt(max(horizon, 1))


def _as_objects(texts: pd.Series) -> npt.NDArray[np.object_]:
    """Return texts as Python strings. Rows of equal text share one string; `to_numpy` would make a string for each."""
    codes, distinct = pd.factorize(texts, use_na_sentinel=False)
    return np.asarray(distinct, dtype=object)[codes]


def as_utc(instants: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return tz-aware instants as datetime64[us] in UTC."""
    return pd.DatetimeIndex(instants).tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")


def window_rows(ends: npt.NDArray[np.int64], lookback: int) -> npt.NDArray[np.int64]:
    """Return every row that a window reads, once, ascending.

    Examples
    --------
    >>> window_rows(np.array([3, 4]), 2).tolist()
    [2, 3, 4]
    """
    ends = np.asarray(ends, dtype=np.int64)
    if not len(ends):
        return ends
    # How many windows begin on a row, less those that ended before it: laid out, 60 rows a window would fill gigabytes.
    n_rows = int(ends.max()) + 2
    change = np.bincount(ends - lookback + 1, minlength=n_rows) - np.bincount(ends + 1, minlength=n_rows)
    return np.flatnonzero(np.cumsum(change))


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
    positions = calendar.searchsorted(keys["session"].to_numpy())
    starts = np.arange(len(keys)) - lookback + 1
    # A row is deep enough in its ticker when so many rows of the ticker lie before it.
    depth = keys.groupby("ticker", sort=False).cumcount().to_numpy()
    whole = depth >= lookback - 1
    span = np.where(whole, positions - positions[np.maximum(starts, 0)] + 1, 0)
    faults[span > lookback + SLACK] = TORN
    faults[~whole] = SHORT
    return faults
