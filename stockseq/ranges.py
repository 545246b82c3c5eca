"""Ranges of positions, many at once."""

import numpy as np


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
