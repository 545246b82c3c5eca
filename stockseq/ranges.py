"""Positions, many at once: ranges of them, and some out of all."""

import numpy as np
import numpy.typing as npt


def concatenate_ranges(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the whole numbers from each begin to before its end, one range after the other.

    Examples
    --------
    >>> concatenate_ranges(np.array([3, 10]), np.array([5, 12])).tolist()
    [3, 4, 10, 11]
    """
    lengths = end - begin
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(begin - before, lengths)


def spread_evenly(n: int, most: int) -> npt.NDArray[np.int64]:
    """Return `most` of the positions 0 to n - 1, evenly spaced, or all of them if there are no more.

    In a table sorted by ticker and session the spacing may meet the same sessions in ticker after ticker, and leave out
    others: see `draw_positions`.

    Examples
    --------
    >>> spread_evenly(3, 5).tolist(), spread_evenly(9, 3).tolist()
    ([0, 1, 2], [0, 4, 8])
    """
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)


def draw_positions(n: int, most: int) -> npt.NDArray[np.int64]:
    """Return `most` of the positions 0 to n - 1, drawn by chance and ascending, or all of them if there are no more.

    The same call gives the same positions.

    Examples
    --------
    >>> draw_positions(3, 5).tolist()
    [0, 1, 2]
    >>> drawn = draw_positions(100, 50).tolist()
    >>> drawn == sorted({*drawn}), len(drawn)
    (True, 50)
    """
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))
