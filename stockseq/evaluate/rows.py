"""What every score asks of its columns before it computes anything from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Columns = Mapping[str, npt.NDArray[Any]]
NONE: Columns = {}


def require_rows(
    *, flags: Columns = NONE, numbers: Columns = NONE, probabilities: Columns = NONE, labels: Columns = NONE
) -> None:
    """Refuse columns from which a score would be a NaN, a warning, or plausible nonsense.

    Parameters
    ----------
    flags : mapping of name to bool array of shape (n,)
    numbers : mapping of name to array of shape (n,)
        Finite integers or floats.
    probabilities : mapping of name to array of shape (n,)
        Numbers in [0, 1].
    labels : mapping of name to array of shape (n,)
        Sessions, tickers or other marks, none missing.

    Raises
    ------
    TypeError
        If a column is not a one-dimensional numpy array, or its dtype is not what it must be.
    ValueError
        If lengths differ, there are no rows, or a value is missing, infinite or outside [0, 1].

    Examples
    --------
    >>> require_rows(flags={"up": np.array([True])}, probabilities={"probability": np.array([1.5])})
    Traceback (most recent call last):
    ...
    ValueError: `probability` must lie in [0, 1], received 1.5 in row 0.
    """
    columns = {**flags, **numbers, **probabilities, **labels}
    for name, values in columns.items():
        # A Series lines up by its index, not by its order, and would pair the wrong rows without a word.
        if not isinstance(values, np.ndarray) or values.ndim != 1:
            raise TypeError(
                f"`{name}` must be a numpy array of one dimension, received {_received(values)}; of a Series, pass "
                "`.to_numpy()`."
            )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        counts = ", ".join(f"{n} of `{name}`" for name, n in lengths.items())
        raise ValueError(f"A score needs at least one row and as many in every column; received {counts}.")
    for name, values in flags.items():
        if values.dtype != np.bool_:
            raise TypeError(f"`{name}` must be true or false in every row, received {_received(values)}.")
    for name, values in {**numbers, **probabilities}.items():
        if values.dtype.kind not in "fiu":
            raise TypeError(
                f"`{name}` must be numbers, received {_received(values)}; convert it with `.astype(float)`."
            )
        _require(name, values, np.isfinite(values), "be finite")
    for name, values in probabilities.items():
        _require(name, values, (values >= 0) & (values <= 1), "lie in [0, 1]")
    for name, values in labels.items():
        _require(name, values, ~np.asarray(pd.isna(values)), "be present")


def _require(name: str, values: npt.NDArray[Any], fine: npt.NDArray[np.bool_], what: str) -> None:
    if not fine.all():
        row = int(fine.argmin())
        raise ValueError(f"`{name}` must {what}, received {values[row]} in row {row}.")


def _received(values: Any) -> str:
    if isinstance(values, np.ndarray):
        return f"an array of shape {values.shape} and dtype {values.dtype}"
    return f"a {type(values).__name__}"
