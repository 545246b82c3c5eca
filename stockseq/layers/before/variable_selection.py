"""Which features matter, said per feature: the variable selection of the Temporal Fusion Transformer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stockseq.layers.backend import Config, keras
from stockseq.layers.dense_each import DenseEach
from stockseq.layers.gated_residual import GatedResidual
from stockseq.layers.slots import Readings, require_dimension


@keras.saving.register_keras_serializable(package="stockseq")
class VariableSelection(keras.layers.Layer):
    """Weigh the features of each session against each other, and return the weighted sum of what each one says.

    Each feature goes through a gated residual network of its own; another one looks at all of them and gives the
    weights, which sum to 1 in every session.

    Parameters
    ----------
    dimension : int, default=8
        Numbers that stand for a feature, and that come out per session.
    names : sequence of str, optional
        Of the features, for the readings; the network tells them.

    Input
        (batch, lookback, features).
    Output
        (batch, lookback, dimension). Each session is weighed by itself, so nothing of a later one reaches an earlier.

    Notes
    -----
    With `indicator_dimension` above 0 it selects among mixtures of features, whose weights tell nobody anything: set
    it to 0. A weight is what a feature got, not what it is worth: two features that tell the same share it.

    On two shared cores an epoch of the default network takes 28 times that without the layer
    (median of rounds that take turns, `make bench`).

    References
    ----------
    Lim, Arik, Loeff & Pfister (2021), International Journal of Forecasting 37(4), section 4.2.

    Examples
    --------
    >>> VariableSelection(dimension=3)(keras.ops.ones((2, 5, 7))).shape
    TensorShape([2, 5, 3])
    """

    def __init__(self, dimension: int = 8, names: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dimension = require_dimension(dimension)
        self.names = list(names)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        n_features = input_shape[-1]
        if self.names and len(self.names) != n_features:
            raise ValueError(f"`names` must name each of {n_features} features, received {len(self.names)} names.")
        self.embedding = DenseEach(self.dimension, name="embedding")
        self.each = GatedResidual(self.dimension, name="each")
        self.choice = GatedResidual(self.dimension, n_features, name="choice")
        self.embedding.build((n_features, None, 1))
        self.each.build((n_features, None, self.dimension))
        self.choice.build((1, None, n_features * self.dimension))

    def call(self, sessions: Any) -> Any:
        weights, embedded = self._weigh(sessions)
        chosen = keras.ops.sum(keras.ops.transpose(weights)[..., np.newaxis] * self.each(embedded), axis=0)
        return keras.ops.reshape(chosen, (-1, sessions.shape[1], self.dimension))

    def readings(self, inputs: Any) -> Readings:
        """Return `weight_<name>` of each feature, the mean over windows and sessions; together they are 1."""
        weights = keras.ops.mean(self._weigh(keras.ops.cast(inputs, self.compute_dtype))[0], axis=0)
        names = self.names or [str(number) for number in range(1, weights.shape[0] + 1)]
        pairs = zip(names, keras.ops.convert_to_numpy(weights), strict=True)
        return {f"weight_{name}": float(weight) for name, weight in pairs}

    def get_config(self) -> Config:
        return {**super().get_config(), "dimension": self.dimension, "names": self.names}

    def _weigh(self, sessions: Any) -> tuple[Any, Any]:
        """Return the weights, of shape (rows, features), and the embedded features (features, rows, dimension)."""
        n_features = sessions.shape[-1]
        by_feature = keras.ops.transpose(keras.ops.reshape(sessions, (-1, n_features)))
        embedded = self.embedding(by_feature[..., np.newaxis])
        together = keras.ops.reshape(keras.ops.transpose(embedded, (1, 0, 2)), (1, -1, n_features * self.dimension))
        return keras.ops.softmax(self.choice(together)[0], axis=-1), embedded
