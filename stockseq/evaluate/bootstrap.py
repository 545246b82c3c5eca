"""Intervals by resampling sessions in blocks, each with all its tickers."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.significance import Numbers, number_sessions

LEAST_BLOCK = 5


def block_length(values: Numbers) -> int:
    """Return the mean block for a stationary bootstrap of one value per session, at least 5 sessions.

    References
    ----------
    Politis & White (2004), Econometric Reviews 23(1), as corrected in 2009: arch 8.0.0 `optimal_block_length`.

    Examples
    --------
    >>> block_length(np.random.default_rng(1).normal(size=100))
    5
    """
    from arch.bootstrap import optimal_block_length

    require_rows(numbers={"values": values})
    if len(values) < 8 or np.ptp(values) == 0:
        return LEAST_BLOCK
    return max(LEAST_BLOCK, math.ceil(optimal_block_length(values)["stationary"].iloc[0]))


def bootstrap_interval(
    values: Numbers,
    sessions: npt.NDArray[Any],
    *,
    seed: int,
    level: float = 0.95,
    n_resamples: int = 10_000,
    block: int | None = None,
) -> tuple[float, float]:
    """Return the percentile interval of the mean of `values`, resampling sessions in blocks, each with all its tickers.

    Parameters
    ----------
    values : array of shape (n,)
        One value per session and ticker, such as hits or differences of losses.
    sessions : array of shape (n,)
        Sortable; sessions are resampled in their order, each with all its rows.
    seed : int
    level : float, default=0.95
    n_resamples : int, default=10000
    block : int, optional
        Sessions of a block, on average; `block_length` of the session means by default.

    Raises
    ------
    TypeError, ValueError
        If the columns don't match, a value is not finite, there are fewer than two sessions, or an option is out of
        range.

    References
    ----------
    Politis & Romano (1994), Journal of the American Statistical Association 89: arch 8.0.0 `StationaryBootstrap`.

    Examples
    --------
    >>> bootstrap_interval(np.ones(6), np.array([1, 1, 2, 2, 3, 3]), seed=1, n_resamples=50)
    (1.0, 1.0)
    """
    from arch.bootstrap import StationaryBootstrap

    require_rows(numbers={"values": values}, labels={"sessions": sessions})
    if not 0 < level < 1 or n_resamples < 1 or (block is not None and block < 1):
        raise ValueError(
            f"A bootstrap needs `level` between 0 and 1, and `n_resamples` and `block` of at least 1; received "
            f"{level}, {n_resamples} and {block}."
        )
    groups, _ = number_sessions(sessions)
    counts = np.bincount(groups).astype(np.float64)
    sums = np.bincount(groups, values)
    mean_block = block_length(sums / counts) if block is None else block
    bootstrap = StationaryBootstrap(mean_block, sums, counts, seed=np.random.default_rng(seed))
    means = bootstrap.apply(_ratio, n_resamples)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def _ratio(sums: Numbers, counts: Numbers) -> Numbers:
    return np.atleast_1d(sums.sum() / counts.sum())
