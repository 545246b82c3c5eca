"""The probability that the best of many trials was chosen by luck: PBO."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.results import Result

MOST_BLOCKS = 16


class Overfitting(Result):
    """What choosing the best of several books by their returns is worth; reported, never a gate.

    Parameters
    ----------
    pbo : float or None
        The probability of backtest overfitting: how often the best on half of the sessions was below the median on the
        other half.
    books : tuple of str
        Those that traded.
    n_sessions, n_blocks : int
    note : str or None
        Why it could not be computed.
    """

    pbo: float | None
    books: tuple[str, ...]
    n_sessions: int
    n_blocks: int | None = None
    note: str | None = None


def estimate_overfitting(returns: pd.DataFrame, *, traded: Sequence[str]) -> Overfitting:
    """Return the probability of backtest overfitting over the books that traded.

    Parameters
    ----------
    returns : DataFrame of n_sessions rows
        A column a book; fractions, finite.
    traded : sequence of str
        Books with at least one fill; the others never moved and are left out.

    Examples
    --------
    >>> returns = pd.DataFrame({"a": [0.02, 0.01, 0.03, 0.02], "b": [0.0, 0.01, -0.01, 0.0], "idle": 0.0})
    >>> estimate_overfitting(returns, traded=["a", "b"]).pbo
    0.0
    """
    n_sessions = len(returns)
    n_blocks = min(MOST_BLOCKS, 2 * (n_sessions // 4))
    if len(traded) < 2 or n_blocks < 2:
        note = f"PBO needs two books that traded and four sessions; there are {len(traded)} and {n_sessions}."
        return Overfitting(pbo=None, books=tuple(traded), n_sessions=n_sessions, note=note)
    pbo = probability_of_overfitting(returns[list(traded)].to_numpy(), n_blocks=n_blocks)
    return Overfitting(pbo=pbo, books=tuple(traded), n_sessions=n_sessions, n_blocks=n_blocks, note=None)


def probability_of_overfitting(returns: npt.NDArray[np.float64], *, n_blocks: int = MOST_BLOCKS) -> float:
    """Return how often the trial that is best on one half of the sessions is below the median on the other.

    Combinatorially symmetric cross-validation: the sessions are cut into blocks, and every half of the blocks chooses
    by Sharpe ratio for the other half. On noise alone it is 0.5 on average but strays by 0.2: report it, never
    gate on it.

    Parameters
    ----------
    returns : array of shape (n_sessions, n_trials)
        Fractions; at least two trials, every value finite.
    n_blocks : int, default=16
        Even. Sessions that don't fill a block are cut off at the start.

    Raises
    ------
    TypeError, ValueError
        If the shape or the number of blocks doesn't fit, a value isn't finite, or a trial never moved.

    References
    ----------
    Bailey, Borwein, Lopez de Prado & Zhu (2016), Journal of Computational Finance 20(4).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0, 0.01, (80, 2))
    >>> probability_of_overfitting(noise + [0.1, 0.0], n_blocks=8)
    0.0
    """
    from scipy.stats import rankdata

    sessions, trials = returns.shape if returns.ndim == 2 else (0, 0)
    if n_blocks < 2 or n_blocks % 2 or trials < 2 or sessions < 2 * n_blocks:
        raise ValueError(
            f"PBO needs at least two trials, an even number of blocks and two sessions a block; received the shape "
            f"{returns.shape} and {n_blocks} blocks."
        )
    if returns.dtype.kind not in "fiu":
        raise TypeError(f"PBO needs numbers, received the dtype {returns.dtype}; convert it with `.astype(float)`.")
    if not np.isfinite(returns).all() or (np.ptp(returns, axis=0) == 0).any():
        raise ValueError("PBO needs finite returns, and every trial must have moved.")
    length = sessions // n_blocks
    # The ratio has no unit; in units of each trial's largest return no square vanishes or overflows.
    scaled = returns / np.abs(returns).max(axis=0)
    blocks = scaled[sessions - n_blocks * length :].reshape(n_blocks, length, trials)
    chosen = np.array(list(combinations(range(n_blocks), n_blocks // 2)))
    inside = np.zeros((len(chosen), n_blocks))
    np.put_along_axis(inside, chosen, 1.0, axis=1)
    within, beyond = _sharpe(inside, blocks), _sharpe(1.0 - inside, blocks)
    winners = within.argmax(axis=1)
    ranks = rankdata(beyond, axis=1)[np.arange(len(chosen)), winners]
    # The logit of rank / (trials + 1) is at most 0 where the rank is at most the middle one.
    return float((ranks <= (trials + 1) / 2).mean())


def _sharpe(weights: npt.NDArray[np.float64], blocks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the Sharpe ratio of each trial on each choice of blocks, shape (n_choices, n_trials)."""
    n = weights.sum(axis=1, keepdims=True) * blocks.shape[1]
    mean = weights @ blocks.sum(axis=1) / n
    variance = weights @ (blocks**2).sum(axis=1) / n - mean**2
    return mean / np.sqrt(np.maximum(variance, 1e-300))
