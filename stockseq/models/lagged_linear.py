"""Linear models of whole windows that never lay a window out: the weights of each lag meet the rows where they stand.

Laid out, windows of 60 rows take 60 times the memory of the rows they are made of, and most of the time goes into
moving them. A window's score is the sum over its rows of row times the weights of that lag, so one product of the rows
with all lags' weights holds every window's terms.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]

# Numbers held at once beside the rows: 32 MB.
CHUNK_NUMBERS = 4_000_000
# Windows for each weight that the curvature is estimated from; it only guides the steps.
CURVATURE_WINDOWS = 50
# Where the curvature is 1 in all directions, a gradient of 1e-5 leaves 5e-11 of the loss for each weight.
GRADIENT_TOLERANCE, LOSS_TOLERANCE, MOST_STEPS = 1e-5, 64 * float(np.finfo(np.float64).eps), 1000


@dataclass(frozen=True)
class LaggedWindows:
    """Windows of `lookback` rows of a matrix, as a linear operator.

    Parameters
    ----------
    rows : float32 array of shape (n_rows, n_features)
    ends : int64 array of shape (n,)
        The rows on which the windows end, each above the one before.
    lookback : int

    Examples
    --------
    >>> windows = LaggedWindows(np.array([[1], [2], [3]], np.float32), np.array([1, 2]), 2)
    >>> windows.dot(np.array([[10.0], [1.0]])).tolist()
    [12.0, 23.0]
    >>> windows.transposed_dot(np.array([1.0, 1.0])).tolist()
    [[3.0], [5.0]]
    """

    rows: npt.NDArray[np.float32]
    ends: Ends
    lookback: int

    @property
    def shape(self) -> tuple[int, int]:
        """Weights of one linear model: (lookback, n_features)."""
        return self.lookback, self.rows.shape[1]

    def dot(self, weights: Numbers) -> Numbers:
        """Return each window's sum over its rows of row times the weights of its lag, oldest row first; shape (n,)."""
        scores = np.empty(len(self.ends))
        for those, rows, places in self._chunks():
            of_lag = np.ascontiguousarray((rows @ weights.T.astype(np.float32)).T)
            n_begun = len(rows) + 1 - self.lookback
            total = np.zeros(n_begun)
            # Of each row as if a window began there: slices, where picking only the windows would cost more.
            for lag in range(self.lookback):
                total += of_lag[lag, lag : lag + n_begun]
            scores[those] = total[places]
        return scores

    def transposed_dot(self, values: Numbers) -> Numbers:
        """Return the sum over the windows of window times value, of the weights' shape."""
        total = np.zeros(self.shape)
        for those, rows, places in self._chunks():
            n_begun = len(rows) + 1 - self.lookback
            begun = np.zeros(n_begun, dtype=np.float32)
            begun[places] = values[those]
            spread = np.zeros((self.lookback, len(rows)), dtype=np.float32)
            for lag in range(self.lookback):
                spread[lag, lag : lag + n_begun] = begun
            total += spread @ rows
        return total

    def products(self) -> Numbers:
        """Return the sum over the windows of window times itself, of shape (k, k) for k weights."""
        width = self.lookback * self.rows.shape[1]
        total = np.zeros((width, width))
        size = max(1, CHUNK_NUMBERS // width)
        for at in range(0, len(self.ends), size):
            laid_out = self.rows[self.ends[at : at + size, None] + np.arange(1 - self.lookback, 1)].reshape(-1, width)
            laid_out = laid_out.astype(np.float64)
            total += laid_out.T @ laid_out
        return total

    def _chunks(self) -> Iterator[tuple[slice, npt.NDArray[np.float32], Ends]]:
        """Yield windows, the rows that they lie in, and where in these each window begins."""
        span = max(self.lookback, CHUNK_NUMBERS // max(self.shape))
        at = 0
        while at < len(self.ends):
            first = int(self.ends[at]) + 1 - self.lookback
            # The rows between two windows are multiplied too, so a chunk is of so many rows and not of so many windows.
            those = slice(at, int(np.searchsorted(self.ends, first + span)))
            at = those.stop
            yield those, self.rows[first : int(self.ends[at - 1]) + 1], self.ends[those] + 1 - self.lookback - first


def fit_logistic(windows: LaggedWindows, up: npt.NDArray[np.bool_], *, weight_spread: float) -> tuple[Numbers, float]:
    """Return the weights and the intercept of a logistic regression with normal weights of spread `weight_spread`.

    The intercept isn't penalised. Minimised by L-BFGS from zero, in coordinates in which the loss would be equally
    curved in all directions if each probability were a half, as those of a session's direction nearly are: a few steps
    do, where lags that resemble each other took a hundred. It ends where the gradient is small, or where float32 rows
    allow no further step.

    Parameters
    ----------
    windows : LaggedWindows of n
    up : bool array of shape (n,), of both classes
    weight_spread : float
        Standard deviation of a weight before anything is seen, above 0.

    Returns
    -------
    (float64 array of shape (lookback, n_features), float)

    References
    ----------
    Boehning & Lindsay (1988), Annals of the Institute of Statistical Mathematics 40(4), for the curvature.
    """
    from scipy.linalg import cholesky, solve_triangular
    from scipy.optimize import minimize
    from scipy.special import expit

    sign, penalty = np.where(up, 1.0, -1.0), 1.0 / (weight_spread**2 * len(up))
    root = cholesky(_curvature(windows, penalty))

    def split(coordinates: Numbers) -> tuple[Numbers, float]:
        parameters = solve_triangular(root, coordinates)
        return parameters[:-1].reshape(windows.shape), float(parameters[-1])

    def loss(coordinates: Numbers) -> tuple[float, Numbers]:
        weights, intercept = split(coordinates)
        margin = sign * (windows.dot(weights) + intercept)
        pull = -sign * expit(-margin) / len(up)
        gradient = windows.transposed_dot(pull) + penalty * weights
        value = float(np.logaddexp(0.0, -margin).mean()) + 0.5 * penalty * float((weights**2).sum())
        return value, solve_triangular(root, np.append(gradient.reshape(-1), pull.sum()), trans="T")

    found = minimize(
        loss,
        np.zeros(len(root)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "maxls": 50, "gtol": GRADIENT_TOLERANCE, "ftol": LOSS_TOLERANCE},
    )
    return split(found.x)


def _curvature(windows: LaggedWindows, penalty: float) -> Numbers:
    """Return the second derivatives of the logistic loss by weights and intercept where each probability is a half."""
    n_weights = int(np.prod(windows.shape))
    some = replace(windows, ends=windows.ends[:: max(1, len(windows.ends) // (CURVATURE_WINDOWS * n_weights))])
    n = len(some.ends)
    mean = some.transposed_dot(np.full(n, 1.0 / n)).reshape(-1)
    curvature = np.empty((n_weights + 1, n_weights + 1))
    curvature[:-1, :-1] = 0.25 * some.products() / n + penalty * np.eye(n_weights)
    curvature[-1, :-1] = curvature[:-1, -1] = 0.25 * mean
    curvature[-1, -1] = 0.25
    return curvature


def fit_ridge(windows: LaggedWindows, target: Numbers, *, penalty: float) -> tuple[Numbers, float]:
    """Return the weights and the intercept of a ridge regression; the intercept isn't penalised.

    Parameters
    ----------
    windows : LaggedWindows of n
    target : array of shape (n,)
    penalty : float
        Of the sum of the squared weights, against the sum of the squared errors.

    Returns
    -------
    (float64 array of shape (lookback, n_features), float)
    """
    n, target = len(target), np.asarray(target, dtype=np.float64)
    mean = windows.transposed_dot(np.full(n, 1.0 / n)).reshape(-1)
    products = windows.products() - n * np.outer(mean, mean)
    moments = windows.transposed_dot(target - target.mean()).reshape(-1)
    weights = np.asarray(np.linalg.solve(products + penalty * np.eye(len(mean)), moments), dtype=np.float64)
    return weights.reshape(windows.shape), float(target.mean() - mean @ weights)
