"""What is attainable in the simulated market, in closed form."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def probability_up(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(mean + noise > 0) for noise of unit variance and Student's t law with 5 degrees of freedom.

    Parameters
    ----------
    mean : array of any shape
        Expected move in standard deviations.

    Returns
    -------
    array of the same shape
        The distribution function of t5 at mean * sqrt(5 / 3).

    Examples
    --------
    >>> probability_up(np.array([0.0, 0.2])).round(4).tolist()
    [0.5, 0.5967]
    """
    z = np.asarray(mean) / np.sqrt(3)
    square = 1 + z**2
    return 0.5 + (z / square * (1 + 2 / (3 * square)) + np.arctan(z)) / np.pi


def optimum(truth: pd.DataFrame, sessions: Sequence[pd.Timestamp] | pd.DatetimeIndex | None = None) -> dict[str, float]:
    """Return what the best forecast would be expected to reach.

    Parameters
    ----------
    truth : DataFrame
        The `truth` of a simulated market.
    sessions : sequence of sessions, optional
        Where to look; all of them if not given.

    Returns
    -------
    dict
        accuracy, log_loss, brier and ic (correlation of the best forecast with the standardised return), and n rows.

    Examples
    --------
    >>> best = optimum(pd.DataFrame({"session": [0, 0], "probability_up": [0.6, 0.4], "mean": [0.2, -0.2]}))
    >>> round(best["accuracy"], 6), round(best["brier"], 6)
    (0.6, 0.24)
    """
    rows = truth if sessions is None else truth[truth["session"].isin(pd.Index(sessions))]
    if rows.empty:
        raise ValueError("`optimum` needs at least one row of truth on the sessions given.")
    p = rows["probability_up"].to_numpy(dtype=float)
    spread = float(np.std(rows["mean"].to_numpy(dtype=float)))
    return {
        "n": float(len(p)),
        "accuracy": float(np.mean(np.maximum(p, 1 - p))),
        "log_loss": float(-np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))),
        "brier": float(np.mean(p * (1 - p))),
        "ic": spread / float(np.sqrt(1 + spread**2)),
    }
