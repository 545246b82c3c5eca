"""What the heads are trained on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.samples import Samples
from stockseq.shared_data import aligned_empty

# The heads, in the order of the targets' columns.
HEADS = ("direction", "return", "relative", "size")
# With fewer tickers their mean says more about themselves than about the market.
LEAST_TICKERS = 5
# A session of more than ten volatilities counts as one of ten: a single bad print would own the gradient.
VARIANCE_LIMIT = 100.0


@dataclass(frozen=True)
class Targets:
    """Window ends and, aligned with them, what each head is to give.

    Parameters
    ----------
    ends : int64 array of shape (n,)
    values : float32 array of shape (n, 4)
        By head: the direction (0 or 1), the volatility-scaled return, that return against the session's other tickers,
        and the realised variance over the squared volatility known at the decision.
    known : float32 array of shape (n, 4)
        1 where the value is known, else 0 (and the value 1).
    """

    ends: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ends)


def make_targets(samples: Samples, ends: npt.NDArray[np.int64]) -> Targets:
    """Return the training targets of the samples, whose windows end on `ends` of the matrix.

    What moves all tickers of a session at once, and how violently, is noise to a forecast of one of them: the third
    target has it taken out. It uses labels of one session only, so nothing crosses from one time to another.
    """
    relative = compute_relative(samples.target, samples.session)
    variance = np.minimum(samples.realised_variance / samples.volatility**2, VARIANCE_LIMIT)
    values, known = aligned_empty((len(samples), len(HEADS))), aligned_empty((len(samples), len(HEADS)))
    for column, of_head in enumerate((samples.up, samples.target, relative, variance)):
        values[:, column] = of_head
    known[:] = np.isfinite(values)
    values[known == 0] = 1.0
    return Targets(ends, values, known)


def compute_relative(target: npt.NDArray[np.float32], session: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Return each target less its session's mean, in its session's standard deviations.

    Parameters
    ----------
    target : array of shape (n,), the volatility-scaled returns
    session : array of shape (n,)

    Returns
    -------
    float64 array of shape (n,)
        NaN where the session has fewer than 5 tickers or they all moved alike.

    Examples
    --------
    >>> sessions = np.array(["2024-11-25"] * 5 + ["2024-11-26"], dtype="datetime64[us]")
    >>> compute_relative(np.array([1.0, -1.0, 1.0, -1.0, 0.0, 3.0]), sessions).round(3).tolist()
    [1.118, -1.118, 1.118, -1.118, 0.0, nan]
    """
    by_session = pd.Series(target, dtype=np.float64).groupby(session)
    spread = by_session.transform("std", ddof=0)
    usable = (by_session.transform("size") >= LEAST_TICKERS) & (spread > 0)
    relative = (pd.Series(target, dtype=np.float64) - by_session.transform("mean")) / spread.where(usable)
    return relative.to_numpy()
