"""How a ticker's indicators stand among those of its session: half of what a network reads, and what ranks are of."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from stockseq.dataset.panel import Panel
from stockseq.dataset.scaling import Scaler
from stockseq.models.training_targets import LEAST_TICKERS
from stockseq.shared_data import aligned_empty

SUFFIX = "_in_session"
# What differs by less than rounding does not differ.
LEAST_SPREAD = 1e-6
# Columns, and rows being scaled, in float64 at once: of a large panel all of them would be four times the panel.
BLOCK, CHUNK = 4, 100_000

Numbers = npt.NDArray[np.float64]


def with_cross_section(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of indicators, and of each once more for its place within the session.

    Examples
    --------
    >>> with_cross_section(["return_1"])
    ('return_1', 'return_1_in_session')
    """
    return (*names, *(f"{name}{SUFFIX}" for name in names))


def read_indicators(panel: Panel, rows: npt.NDArray[np.int64], names: Sequence[str]) -> Numbers:
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
    return np.concatenate([*_blocks(panel, rows, names)], axis=1)


def fit_scaler(panel: Panel, rows: npt.NDArray[np.int64], names: Sequence[str]) -> Scaler:
    """Return `Scaler.fit(read_indicators(panel, rows, names))`, some columns at a time."""
    parts = [Scaler.fit(block) for block in _blocks(panel, rows, names)]
    return Scaler(sum((part.centre for part in parts), ()), sum((part.spread for part in parts), ()))


def read_scaled(
    panel: Panel, rows: npt.NDArray[np.int64], names: Sequence[str], scaler: Scaler
) -> npt.NDArray[np.float32]:
    """Return `scaler.transform(read_indicators(panel, rows, names))`, of shape (n, n_names), some columns at a time."""
    scaled = aligned_empty((len(rows), len(names)))
    done = 0
    for block in _blocks(panel, rows, names):
        end = done + block.shape[1]
        part = scaler.of(range(done, end))
        for at in range(0, len(rows), CHUNK):
            scaled[at : at + CHUNK, done:end] = part.transform(block[at : at + CHUNK])
        done = end
    return scaled


def _blocks(panel: Panel, rows: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[Numbers]:
    """Yield the indicators as arrays of shape (n, some), in the order of their names."""
    plain = [name if name in panel.names else name.removesuffix(SUFFIX) for name in names]
    missing = sorted(set(plain) - set(panel.names))
    if missing:
        raise ValueError(
            f"The model was trained with the features {missing}, which the panel lacks; it has {panel.names}."
        )
    columns = [panel.names.index(base) for base in plain]
    placed = [name != base for name, base in zip(names, plain, strict=True)]
    among = _Sessions(panel, rows) if any(placed) else None
    for part in np.array_split(np.arange(len(names)), max(1, -(-len(names) // BLOCK))):
        # Column by column, so that a column's mean is rounded alike whatever stands beside it.
        values = np.empty((len(rows), len(part)), order="F")
        for at, feature in enumerate(part):
            column = columns[feature]
            values[:, at] = among.places(column) if among and placed[feature] else panel.indicators[rows, column]
        yield values


class _Sessions:
    """The rows of a panel by the sessions that some of them are asked of."""

    def __init__(self, panel: Panel, rows: npt.NDArray[np.int64]) -> None:
        sessions = panel.keys["session"].to_numpy()
        self._indicators = panel.indicators
        self._among = np.flatnonzero(np.isin(sessions, np.unique(sessions[rows])))
        _, self._session = np.unique(sessions[self._among], return_inverse=True)
        self._n_tickers = np.bincount(self._session)
        self._asked = np.searchsorted(self._among, rows)

    def places(self, column: int) -> Numbers:
        """Return where the asked rows stand within their session, by this column of the panel."""
        session, n_tickers = self._session, self._n_tickers
        values = self._indicators[self._among, column].astype(np.float64)
        # Sums in the order of the rows, session by session: other sessions can't move one by a bit.
        mean = np.bincount(session, weights=values) / n_tickers
        values -= mean[session]
        spread = np.sqrt(np.bincount(session, weights=values**2) / n_tickers)
        usable = (n_tickers >= LEAST_TICKERS) & (spread > LEAST_SPREAD * np.abs(mean))
        values /= np.where(usable, spread, np.inf)[session]
        return np.asarray(values[self._asked])
