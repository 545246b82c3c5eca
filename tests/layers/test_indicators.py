"""The layers that read the indicators give what Keras' own give, while they are trained, too."""

import numpy as np
import pytest

from stockseq.layers.backend import keras, tf
from stockseq.layers.indicators import IndicatorDropout, IndicatorMix

WINDOWS = np.random.default_rng(0).standard_normal((70, 5, 9)).astype(np.float32)


@pytest.mark.parametrize("training", [False, True])
def test_what_is_left_out_is_what_keras_leaves_out(training: bool) -> None:
    """To the bit, call after call."""
    ours, theirs = IndicatorDropout(0.3, seed=4), keras.layers.SpatialDropout1D(0.3, seed=4)
    for _ in range(3):
        left = ours(WINDOWS, training=training).numpy()
        np.testing.assert_array_equal(left, theirs(WINDOWS, training=training).numpy())
        assert (left == 0).any() == training


@pytest.mark.parametrize("activation", [None, "tanh"])
@pytest.mark.parametrize("use_bias", [False, True])
def test_the_mix_and_its_gradient_are_those_of_a_dense_layer(activation: str | None, use_bias: bool) -> None:
    """To the bit where nothing is trained, else by rounding."""
    options = {"activation": activation, "use_bias": use_bias, "bias_initializer": "ones"}
    ours, theirs = IndicatorMix(4, **options), keras.layers.Dense(4, **options)
    for layer in (ours, theirs):
        layer.build(WINDOWS.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_array_equal(ours(WINDOWS), theirs(WINDOWS))
    gradients = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.constant(WINDOWS), training=True) ** 2)
        gradients.append(tape.gradient(loss, layer.trainable_variables))
    for left, right in zip(*gradients, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5)
