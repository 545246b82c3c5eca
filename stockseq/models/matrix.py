"""What the networks read: one row per ticker and session, gathered into windows inside TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.layers.backend import tf

# Forecasts are made in batches of one size, the last one padded: a row's forecast never depends on how many are asked.
BATCH = 1024

# Inputs of a network or outputs of its heads, by name.
Tensors = dict[str, Any]
Predictor = Callable[[npt.NDArray[np.int64]], dict[str, npt.NDArray[np.float64]]]


@dataclass(frozen=True)
class Matrix:
    """What is known of each panel row, held once.

    Parameters
    ----------
    indicators : float32 array of shape (n_rows, n_features), scaled
    text : int32 array of shape (n_rows, headlines_per_session, tokens_per_headline), or None without text
    lookback : int
        Rows of a window.
    """

    indicators: npt.NDArray[np.float32]
    text: npt.NDArray[np.int32] | None
    lookback: int

    def reader(self) -> Callable[[Any], Tensors]:
        """Return the function from a tensor of window ends (batch,) to the network's inputs."""
        tensors = {"indicators": tf.constant(self.indicators)}
        if self.text is not None:
            tensors["text"] = tf.constant(self.text)
        offsets = tf.range(1 - self.lookback, 1, dtype=tf.int64)

        def read(ends: Any) -> Tensors:
            rows = ends[:, tf.newaxis] + offsets
            return {name: tf.gather(values, rows) for name, values in tensors.items()}

        return read


def make_predictor(network: Any, read: Callable[[Any], Tensors]) -> Predictor:
    """Return the function from window ends (n,) to each head's values (n,), without dropout."""

    @tf.function
    def forward(ends: Any) -> Any:
        return network(read(ends), training=False)

    def predict(ends: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
        # A padded row repeats the first window: it is there, whatever the panel holds.
        padded = np.concatenate([ends, np.full(-len(ends) % BATCH, ends[0])]).reshape(-1, BATCH)
        batches = [forward(tf.constant(batch)) for batch in padded]
        return {
            head: np.concatenate([batch[head].numpy()[:, 0] for batch in batches])[: len(ends)].astype(np.float64)
            for head in batches[0]
        }

    return predict


def check_windows(keys: pd.DataFrame, ends: npt.NDArray[np.int64], lookback: int) -> None:
    """Raise `ValueError` if a window of `lookback` rows that ends on `ends` leaves its ticker or the panel."""
    tickers = keys["ticker"].to_numpy()
    outside = (ends < lookback - 1) | (ends >= len(tickers))
    if outside.any():
        raise ValueError(
            f"Windows of {lookback} rows must end between row {lookback - 1} and {len(tickers) - 1}, received "
            f"{int(ends[outside][0])}; take the ends from `window_ends(panel.keys, {lookback})`."
        )
    torn = tickers[ends] != tickers[ends - lookback + 1]
    if torn.any():
        raise ValueError(
            f"{int(torn.sum())} windows of {lookback} rows reach into another ticker, first {tickers[ends[torn][0]]}; "
            f"take the ends from `window_ends(panel.keys, {lookback})`."
        )
