"""How a ticker's indicators stand among those of its session: half of what a network reads, and what ranks are of."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stockseq.dataset.panel import Panel
from stockseq.models.training_targets import LEAST_TICKERS

SUFFIX = "_in_session"
# What differs by less than rounding does not differ.
LEAST_SPREAD = 1e-6


def with_cross_section(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of indicators, and of each once more for its place within the session.

    Examples
    --------
    >>> with_cross_section(["return_1"])
    ('return_1', 'return_1_in_session')
    """
    return (*names, *(f"{name}{SUFFIX}" for name in names))


def read_indicators(panel: Panel, rows: npt.NDArray[np.int64], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return indicators of some rows of the panel, and where they stand within their session.

    Parameters
    ----------
    panel : Panel
    rows : int64 array of shape (n,)
        Ascending.
    names : sequence of n_names str
        Features of the panel; one that ends in `_in_session` is the feature less its mean over the tickers of the same
        session, in their standard deviations.

    Returns
    -------
    array of shape (n, n_names)
        0 for a place in a session of fewer than 5 tickers, or among equals. No other session is looked at.

    Raises
    ------
    ValueError
        If the panel lacks a feature.

    Examples
    --------
    >>> import pandas as pd
    >>> keys = pd.DataFrame({"ticker": list("ABCDE"), "session": pd.Timestamp("2024-11-25")})
    >>> panel = Panel(keys, np.array([[1], [2], [3], [4], [5]], np.float32), ("return_1",), ((),) * 5)
    >>> read_indicators(panel, np.array([0, 4]), ["return_1", "return_1_in_session"]).round(3).tolist()
    [[1.0, -1.414], [5.0, 1.414]]
    """
    plain = [name if name in panel.names else name.removesuffix(SUFFIX) for name in names]
    missing = sorted(set(plain) - set(panel.names))
    if missing:
        raise ValueError(
            f"The model was trained with the features {missing}, which the panel lacks; it has {panel.names}."
        )
    columns = np.array([panel.names.index(name) for name in plain], dtype=np.int64)
    values = panel.indicators[rows][:, columns].astype(np.float64)
    placed = np.array([name != base for name, base in zip(names, plain, strict=True)])
    if placed.any():
        values[:, placed] = _places(panel, rows, columns[placed])
    return values


def _places(panel: Panel, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    sessions = panel.keys["session"].to_numpy()
    among = np.flatnonzero(np.isin(sessions, np.unique(sessions[rows])))
    _, session = np.unique(sessions[among], return_inverse=True)
    values = panel.indicators[among][:, columns].astype(np.float64)
    mean = _means(values, session)
    centred = values - mean[session]
    spread = np.sqrt(_means(centred**2, session))
    usable = (np.bincount(session)[:, None] >= LEAST_TICKERS) & (spread > LEAST_SPREAD * np.abs(mean))
    places = np.divide(centred, spread[session], out=np.zeros_like(centred), where=usable[session])
    return places[np.searchsorted(among, rows)]


def _means(values: npt.NDArray[np.float64], session: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the mean of each column by session, of shape (n_sessions, n_columns)."""
    # In the order of the rows, session by session: other sessions can't move it by a bit.
    sums = np.stack([np.bincount(session, weights=column) for column in values.T], axis=1)
    return np.asarray(sums / np.bincount(session)[:, None])
