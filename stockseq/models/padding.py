"""A network that reads windows of text without their padding, which is nine in ten places."""

import math
from collections.abc import Callable
from typing import Any

from stockseq.layers.backend import keras, tf
from stockseq.layers.headline_embedding import HeadlineEmbedding
from stockseq.models.matrix import Tensors, read_tokens, read_windows, window_rows
from stockseq.models.settings import NetworkSettings

Run = Callable[..., tuple[Tensors, list[Any]]]


def without_padding(network: Any, settings: NetworkSettings) -> Run:
    """Return the function (tensors, ends, *, training) to the network's outputs and to what its layers ask of a loss.

    It gives what `network(read_windows(...))` gives, to the bit: a sum of tokens leaves padding out anyway. A network
    whose LSTM reads the tokens one by one is given the padded windows.

    Parameters
    ----------
    network : keras.Model
        From `build_network`.
    settings : NetworkSettings
        Of the network.
    """
    lookback, places = settings.lookback, (settings.headlines_per_session, settings.tokens_per_headline)
    embedding = next((layer for layer in network.layers if isinstance(layer, HeadlineEmbedding)), None)
    if embedding is None or embedding.activation is not None:

        def run_padded(tensors: Tensors, ends: Any, *, training: bool) -> tuple[Tensors, list[Any]]:
            outputs = network(read_windows(tensors, ends, lookback, places), training=training)
            return outputs, network.losses

        return run_padded
    indicators, text, most = network.input["indicators"], embedding.output, math.prod(places)
    behind = keras.Model([indicators, text], network.output)

    def run(tensors: Tensors, ends: Any, *, training: bool) -> tuple[Tensors, list[Any]]:
        rows = window_rows(ends, lookback)
        tokens = read_tokens(tensors, "rows", tf.reshape(rows, (-1,)))
        summed = embedding.sum_tokens(tokens.values, _row_ids(tokens, most), tf.size(rows))
        read = [tf.gather(tensors["indicators"], rows), tf.reshape(summed, (-1, *text.shape[1:]))]
        return behind(read, training=training), behind.losses

    return run


def _row_ids(rows: Any, most: int) -> Any:
    """Return the row of each value of a ragged tensor of at most `most` values a row: `value_rowids`, but faster.

    The values are numbered, each row from a multiple of the same power of two on; that power is then taken off. Of a
    longer row, which `TokenRows` never holds, the rest would pass for the next row's.
    """
    bits = tf.constant(most.bit_length(), tf.int64)
    first = tf.bitwise.left_shift(tf.range(rows.nrows()), bits)
    return tf.bitwise.right_shift(tf.ragged.range(first, first + rows.row_lengths()).values, bits)
