"""Scale features by what the training rows alone show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LIMIT = 5.0


@dataclass(frozen=True)
class Scaler:
    """Centre and spread of each feature, learnt on training rows.

    Parameters
    ----------
    centre, spread : tuple of n_features floats
        Mean and standard deviation. The spread of a constant feature is 0, and all its values become 0, other ones too:
        the network's weights on it are as random as they began.
    limit : float, default=5.0
        Scaled values are clipped to +- this many spreads, so that one outlier can't saturate the network.

    Examples
    --------
    >>> scaler = Scaler.fit(np.array([[1.0, 7.0], [3.0, 7.0]]))
    >>> scaler.transform(np.array([[2.0, 7.0], [99.0, 8.0]])).tolist()
    [[0.0, 0.0], [5.0, 0.0]]
    """

    centre: tuple[float, ...]
    spread: tuple[float, ...]
    limit: float = LIMIT

    @classmethod
    def fit(cls, matrix: npt.NDArray[np.floating], *, limit: float = LIMIT) -> "Scaler":
        """Learn from `matrix` of shape (n_rows, n_features): training rows only, every value finite.

        Raises
        ------
        ValueError
            If there is no row, or a value is NaN or infinite.
        """
        rows = np.asarray(matrix, dtype=np.float64)
        if rows.ndim != 2 or not len(rows):
            raise ValueError(f"A scaler needs a matrix of at least one training row, received the shape {rows.shape}.")
        if not np.isfinite(rows).all():
            column = int(np.argwhere(~np.isfinite(rows))[0, 1])
            raise ValueError(f"A scaler needs finite values; column {column} of the training rows has one that is not.")
        centre = rows.mean(axis=0)
        spread = rows.std(axis=0)
        # Rounding leaves a constant column with a mean and a spread some units in the last place off.
        constant = spread <= 1e-7 * np.maximum(np.abs(centre), 1e-12)
        centre = np.where(constant, rows[0], centre)
        return cls(tuple(centre.tolist()), tuple(np.where(constant, 0.0, spread).tolist()), limit)

    def transform(self, matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the scaled matrix, float32 of the same shape; raise `ValueError` for another number of features."""
        if matrix.ndim != 2 or matrix.shape[1] != len(self.centre):
            raise ValueError(f"The scaler learnt {len(self.centre)} features, received the shape {matrix.shape}.")
        spread = np.array(self.spread)
        scaled = (matrix - np.array(self.centre)) / np.where(spread > 0, spread, np.inf)
        return np.clip(scaled, -self.limit, self.limit).astype(np.float32)

    def of(self, features: Sequence[int]) -> "Scaler":
        """Return the scaler of some of the features, by their positions."""
        return Scaler(
            tuple(self.centre[number] for number in features),
            tuple(self.spread[number] for number in features),
            self.limit,
        )

    def to_dict(self) -> dict[str, list[float] | float]:
        """Return a JSON-able form that `from_dict` reads back exactly."""
        return {"centre": list(self.centre), "spread": list(self.spread), "limit": self.limit}

    @classmethod
    def from_dict(cls, state: Mapping[str, object]) -> "Scaler":
        """Read what `to_dict` gave; raise `ValueError` for anything else."""
        try:
            scaler = cls(_floats(state["centre"]), _floats(state["spread"]), _floats([state["limit"]])[0])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"A stored scaler needs the numbers centre, spread and limit: {error!r}.") from error
        if (
            len(state) != 3
            or len(scaler.centre) != len(scaler.spread)
            or not all(np.isfinite(scaler.centre))
            or not min(scaler.spread, default=0) >= 0
        ):
            raise ValueError(
                "A stored scaler needs one finite centre and one spread of at least 0 per feature, and a limit."
            )
        return scaler


def _floats(values: object) -> tuple[float, ...]:
    """Return a list of numbers as floats; raise `TypeError` or `ValueError` for anything else."""
    if not isinstance(values, list):
        raise TypeError(f"expected a list of numbers, received {values!r}")
    wrong = [value for value in values if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise TypeError(f"expected a number, received {wrong[0]!r}")
    return tuple(map(float, values))
