"""What the networks read: one row per ticker and session, gathered into windows inside TensorFlow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.tokens import Places, TokenRows, join_rows
from stockseq.dataset.vocabulary import PADDING
from stockseq.layers.backend import has_gpu, tf
from stockseq.shared_data import ALIGNMENT

# Forecasts are made in batches of one size, the last one padded: a row's forecast never depends on how many are asked.
BATCH = 1024
# Networks whose graph is kept, and they with it: tracing one takes longer than its forecasts of a morning. With 20,000
# words the weights of one are half a megabyte.
MOST_TRACED = 16

# Inputs of a network or outputs of its heads, by name.
Tensors = dict[str, Any]
Predictor = Callable[[npt.NDArray[np.int64]], dict[str, npt.NDArray[np.float64]]]


@dataclass(frozen=True)
class Matrix:
    """What is known of each panel row, held once.

    Parameters
    ----------
    indicators : float32 array of shape (n_rows, n_features), scaled
    text : TokenRows of n_rows, or None without text
    lookback : int
        Rows of a window.
    """

    indicators: npt.NDArray[np.float32]
    text: TokenRows | None
    lookback: int

    def tensors(self) -> Tensors:
        """Return what `read_windows` reads from."""
        tensors = {"indicators": as_tensor(self.indicators)}
        if self.text is not None:
            splits = self.text.splits
            tensors |= {"codes": tf.constant(self.text.codes), "headlines": tf.constant(splits)}
            tensors |= {"rows": tf.constant(splits[:: self.text.places[0]])}
        return tensors

    def reader(self, tensors: Tensors | None = None) -> Callable[[Any], Tensors]:
        """Return the function from a tensor of window ends (batch,) to the network's inputs.

        `tensors` are those of the matrix, where they are there already.
        """
        tensors = self.tensors() if tensors is None else tensors
        places = self.text.places if self.text is not None else (0, 0)
        return lambda ends: read_windows(tensors, ends, self.lookback, places)


@dataclass(frozen=True)
class Masks:
    """What windows are read without: in place of what is masked stands what is read where nothing is known.

    Parameters
    ----------
    indicators : bool array of shape (n_masks, n_features)
        Which indicators are read as they are.
    text : bool array of shape (n_masks,)
        Whether the headlines' words are read.
    nothing : float32 array of shape (n_features,), scaled
        What stands in place of an indicator.
    """

    indicators: npt.NDArray[np.bool_]
    text: npt.NDArray[np.bool_]
    nothing: npt.NDArray[np.float32]

    def reader(self, matrix: Matrix, ends: npt.NDArray[np.int64]) -> Callable[[Any], Tensors]:
        """Return the function from a tensor of pairs (batch,) to the network's inputs.

        The pair of window w, which ends on `ends[w]`, and mask m is the number w * n_masks + m.
        """
        read, n_masks = matrix.reader(), len(self.indicators)
        all_ends, nothing = tf.constant(ends), tf.constant(self.nothing)
        shown, worded = tf.constant(self.indicators), tf.constant(self.text)

        def read_masked(pairs: Any) -> Tensors:
            inputs = read(tf.gather(all_ends, pairs // n_masks))
            mask = pairs % n_masks
            inputs["indicators"] = tf.where(tf.gather(shown, mask)[:, tf.newaxis], inputs["indicators"], nothing)
            if "text" in inputs:
                is_read = tf.gather(worded, mask)[:, tf.newaxis, tf.newaxis, tf.newaxis]
                inputs["text"] = tf.where(is_read, inputs["text"], PADDING)
            return inputs

        return read_masked


def as_tensor(array: npt.NDArray[np.float32]) -> Any:
    """Return a tensor of the array, which must not be changed any more: of the same memory where TensorFlow can."""
    # TensorFlow ends the process at an array that isn't aligned, and numpy hands out none that is read-only.
    lies_well = array.flags.c_contiguous and array.flags.writeable and array.ctypes.data % ALIGNMENT == 0
    if not array.size or not lies_well or has_gpu():
        return tf.constant(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def join_matrices(parts: Sequence[tuple[Matrix, npt.NDArray[np.int64]]]) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Return matrices of one model as one, and where all their windows end in it, in their order.

    Examples
    --------
    >>> part = (Matrix(np.zeros((3, 2), np.float32), None, 2), np.array([1, 2]))
    >>> join_matrices([part, part])[1].tolist()
    [1, 2, 4, 5]
    """
    firsts = np.cumsum([0, *(len(matrix.indicators) for matrix, _ in parts)])
    ends = [those + first for (_, those), first in zip(parts, firsts.tolist(), strict=False)]
    texts = [matrix.text for matrix, _ in parts if matrix.text is not None]
    indicators = np.concatenate([matrix.indicators for matrix, _ in parts])
    return Matrix(indicators, join_rows(texts) if texts else None, parts[0][0].lookback), np.concatenate(ends)


def read_windows(tensors: Tensors, ends: Any, lookback: int, places: Places) -> Tensors:
    """Return the network's inputs for the windows of `lookback` rows that end on `ends`, a tensor of shape (batch,)."""
    rows = window_rows(ends, lookback)
    inputs = {"indicators": tf.gather(tensors["indicators"], rows)}
    if "codes" in tensors:
        headlines, tokens = places
        first = tf.reshape(rows[..., tf.newaxis] * headlines + tf.range(headlines, dtype=tf.int64), (-1,))
        padded = read_tokens(tensors, "headlines", first).to_tensor(PADDING, shape=(None, tokens))
        inputs["text"] = tf.reshape(padded, (-1, lookback, headlines, tokens))
    return inputs


def window_rows(ends: Any, lookback: int) -> Any:
    """Return the rows of windows, a tensor of shape (batch, lookback), the oldest first."""
    return ends[:, tf.newaxis] + tf.range(1 - lookback, 1, dtype=tf.int64)


def read_tokens(tensors: Tensors, of: Literal["rows", "headlines"], numbers: Any) -> Any:
    """Return the codes of some rows, or of some headlines, as a ragged tensor; `numbers` has the shape (n,)."""
    return tf.gather(tf.RaggedTensor.from_row_splits(tensors["codes"], tensors[of], validate=False), numbers)


def make_predictor(network: Any, read: Callable[[Any], Tensors]) -> Predictor:
    """Return the function from window ends (n,) to each head's values (n,), without dropout."""

    forward = _traced(network)
    return lambda ends: in_batches(lambda batch: forward(read(batch)), ends)


@lru_cache(maxsize=MOST_TRACED)
def _traced(network: Any) -> Callable[[Tensors], Tensors]:
    """Return the network's graph; its arguments are the network's inputs, so one graph serves every panel."""
    return cast(Callable[[Tensors], Tensors], tf.function(lambda inputs: network(inputs, training=False)))


def in_batches(forward: Callable[[Any], Tensors], ends: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    """Return each head's values, of shape (n,), from a function of a batch of window ends."""
    # A padded row repeats the first window: it is there, whatever the panel holds.
    padded = np.concatenate([ends, np.full(-len(ends) % BATCH, ends[0])]).reshape(-1, BATCH)
    batches = [forward(tf.constant(batch)) for batch in padded]
    return {
        head: np.concatenate([batch[head].numpy()[:, 0] for batch in batches])[: len(ends)].astype(np.float64)
        for head in batches[0]
    }


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
