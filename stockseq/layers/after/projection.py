"""The LSTM's output in fewer dimensions, by one trainable matrix."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from stockseq.layers.backend import Config, keras
from stockseq.layers.slots import Readings


@keras.saving.register_keras_serializable(package="stockseq")
class Projection(keras.layers.Layer):
    """Multiply the LSTM's output by one trainable matrix, without bias or activation.

    Parameters
    ----------
    dimension : int, default=16
        Numbers that come out; at most the units.
    orthogonality : float, default=0.0
        Weight of a penalty on the cosines between the columns of the matrix, which keeps them from telling the same.
    start : "random" or "pca", default="random"
        pca: begins as the principal components of the LSTM's outputs on training windows. The LSTM is untrained then,
        so they are those of its random features of the sessions.

    Input
        (batch, units).
    Output
        (batch, dimension).

    Notes
    -----
    A linear layer in front of a linear head can learn nothing that the head alone couldn't: what it changes is the
    path of the training, as a bottleneck shared by all heads.

    On two shared cores an epoch of the default network takes 1.03 times that without the layer
    (median of rounds that take turns, `make bench`).

    References
    ----------
    Sak, Senior & Beaufays (2014), Interspeech, of a projection after an LSTM; Bansal, Chen & Wang (2018), NeurIPS, of
    penalties on orthogonality.

    Examples
    --------
    >>> layer = Projection(dimension=1)
    >>> layer.build((None, 2))
    >>> _ = layer.kernel.assign([[2.0], [-1.0]])
    >>> layer(keras.ops.array([[3.0, 1.0]])).numpy().tolist()
    [[5.0]]
    """

    def __init__(
        self,
        dimension: int = 16,
        orthogonality: float = 0.0,
        start: Literal["random", "pca"] = "random",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dimension = dimension
        self.orthogonality = orthogonality
        self.start = start
        if start not in ("random", "pca"):
            raise ValueError(f"`start` must be random or pca, received {start!r}.")
        if orthogonality < 0:
            raise ValueError(f"`orthogonality` must be at least 0, received {orthogonality}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        units = input_shape[-1]
        if units is not None and not 1 <= self.dimension <= units:
            raise ValueError(
                f"it projects {units} units to fewer, so `dimension` must be 1 to {units}, received {self.dimension}."
            )
        penalty = keras.regularizers.OrthogonalRegularizer(self.orthogonality, mode="columns")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(units, self.dimension),
            initializer="glorot_uniform",
            regularizer=penalty if self.orthogonality and self.dimension > 1 else None,
        )

    def call(self, states: Any) -> Any:
        return keras.ops.matmul(states, self.kernel)

    def start_from(self, inputs: Any) -> None:
        """Begin as the principal components of `inputs` of shape (n, units), where `start` is pca."""
        if self.start == "pca":
            _, _, components = np.linalg.svd(_centred(inputs), full_matrices=False)
            if len(components) < self.dimension:
                raise ValueError(
                    f"`start` pca needs at least {self.dimension} training windows, received {len(components)}."
                )
            # The sign of a component is free, and its choice would differ between machines.
            largest = np.abs(components).argmax(axis=1)
            components *= np.sign(components[np.arange(len(components)), largest])[:, np.newaxis]
            self.kernel.assign(components[: self.dimension].T)

    def readings(self, inputs: Any) -> Readings:
        """Return `explained_variance`: the share of the variance of the LSTM's outputs that lies in the projection."""
        states = _centred(inputs)
        basis, _ = np.linalg.qr(keras.ops.convert_to_numpy(self.kernel).astype(np.float64))
        total = float((states**2).sum())
        return {"explained_variance": float(((states @ basis) ** 2).sum()) / total if total > 0 else 0.0}

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "dimension": self.dimension,
            "orthogonality": self.orthogonality,
            "start": self.start,
        }


def _centred(inputs: Any) -> npt.NDArray[np.float64]:
    states: npt.NDArray[np.float64] = keras.ops.convert_to_numpy(inputs).astype(np.float64)
    return states - states.mean(axis=0)
