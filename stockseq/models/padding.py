"""A network that reads windows of text without their padding, which is nine in ten places."""

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
    indicators, text = network.input["indicators"], embedding.output
    behind = keras.Model([indicators, text], network.output)

    def run(tensors: Tensors, ends: Any, *, training: bool) -> tuple[Tensors, list[Any]]:
        rows = window_rows(ends, lookback)
        tokens = read_tokens(tensors, "rows", tf.reshape(rows, (-1,)))
        summed = embedding.sum_tokens(tokens.values, _row_ids(tokens.row_splits), tf.size(rows))
        read = [tf.gather(tensors["indicators"], rows), tf.reshape(summed, (-1, *text.shape[1:]))]
        return behind(read, training=training), behind.losses

    return run


def _row_ids(splits: Any) -> Any:
    """Return the row of each value of a ragged tensor; a third of the time of `value_rowids`."""
    begun = splits[1:-1]
    marks = tf.math.unsorted_segment_sum(tf.ones_like(begun, tf.int32), begun, splits[-1] + 1)
    return tf.cumsum(marks)[:-1]
