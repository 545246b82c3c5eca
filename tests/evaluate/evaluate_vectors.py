"""Numbers for the tests that any language can make again: an integer generator and its normals."""

import numpy as np
import numpy.typing as npt
from scipy.stats import norm


def uniforms(n: int, seed: int) -> npt.NDArray[np.float64]:
    """Return (x + 1/2) / 2^31 of x <- (1103515245 x + 12345) mod 2^31."""
    values, x = [], seed
    for _ in range(n):
        x = (1103515245 * x + 12345) % 2**31
        values.append((x + 0.5) / 2**31)
    return np.array(values)


def normals(n: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the normal quantiles of `uniforms`."""
    return np.asarray(norm.ppf(uniforms(n, seed)))
