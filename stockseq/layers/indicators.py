"""Leave indicators out of windows and mix the others: what Keras' layers do, in less time on a CPU."""

from typing import Any

from stockseq.layers.backend import keras, tf


@keras.saving.register_keras_serializable(package="stockseq")
class IndicatorDropout(keras.layers.SpatialDropout1D):
    """Leave the same indicators out of all sessions of a window; one session's could be told from its neighbours'.

    The same bits as `SpatialDropout1D` for finite values. That scales every value and picks it or zero; here they are
    multiplied once, by one mask for each window.

    Parameters
    ----------
    rate : float
        Share of the indicators that is left out while the network is trained.
    seed : int, optional

    Input, output
        float32 of shape (batch, sessions, indicators).

    Examples
    --------
    >>> layer = IndicatorDropout(0.5, seed=1)
    >>> left = layer(tf.ones((1, 2, 6)), training=True).numpy()
    >>> sorted(set(left.ravel().tolist())), bool((left[:, 0] == left[:, 1]).all())
    ([0.0, 2.0], True)
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or not self.rate:
            return inputs
        each = tf.ones((tf.shape(inputs)[0], 1, inputs.shape[-1]), inputs.dtype)
        return inputs * keras.random.dropout(each, self.rate, seed=self.seed_generator)


@keras.saving.register_keras_serializable(package="stockseq")
class IndicatorMix(keras.layers.Dense):
    """Mix the indicators of each session into few: a `Dense` layer whose training is faster for many rows.

    Its gradient is a product of the few mixed columns, transposed, with the many rows. Keras' own is of the rows,
    transposed, and takes twice as long. Weights differ by rounding.

    Parameters
    ----------
    units : int
        Numbers that a session's indicators are mixed into; all else as of `keras.layers.Dense`.

    Input
        float32 of shape (batch, sessions, indicators).
    Output
        float32 of shape (batch, sessions, units).

    Examples
    --------
    >>> mix = IndicatorMix(1)
    >>> mix.build((None, 2, 2))
    >>> _ = mix.kernel.assign([[1.0], [10.0]]), mix.bias.assign([0.5])
    >>> [mix(tf.constant([[[1.0, 2.0]]]), training=training).numpy().tolist() for training in (False, True)]
    [[[[21.5]]], [[[21.5]]]]
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training:
            return super().call(inputs, training=training)
        rows = tf.reshape(inputs, (-1, inputs.shape[-1]))
        mixed = tf.matmul(rows, tf.transpose(self.kernel), transpose_b=True)
        if self.bias is not None:
            mixed = tf.nn.bias_add(mixed, self.bias)
        return self.activation(tf.reshape(mixed, (-1, *inputs.shape[1:-1], self.units)))
