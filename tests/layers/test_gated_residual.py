"""The gated residual network adds what its gate lets through, and normalises."""

import numpy as np

from stockseq.layers.backend import keras
from stockseq.layers.gated_residual import DenseEach, GatedResidual


def test_half_open_gate_adds_half_and_the_sum_is_normalised() -> None:
    """By hand: hidden elu(-1) = -0.63212, gate 1/2, so -0.31606 is added to (0, 1, 2).

    The mean of (-0.31606, 1, 2) is 0.89465 and the variance 0.89968; with Keras' 0.001 the deviations are divided by
    0.94904.
    """
    layer = GatedResidual(1)
    layer.build((1, None, 3))
    layer.hidden.bias.assign([[-1.0]])
    for dense in (layer.hidden, layer.gate, layer.value):
        dense.kernel.assign(np.zeros(dense.kernel.shape))
    layer.mixed.kernel.assign([[[1.0]]])
    layer.value.kernel.assign([[[1.0, 0.0, 0.0]]])
    made = layer(np.array([[[0.0, 1.0, 2.0]]], np.float32)).numpy()
    np.testing.assert_allclose(made[0, 0], [-1.27572, 0.11101, 1.16471], atol=1e-4)


def test_a_dense_layer_for_each_variable_is_that_of_keras() -> None:
    """The same weights, and at first the same draws, as Keras' einsum with the variables as the last axis but one."""
    keras.utils.set_random_seed(7)
    expected = keras.layers.EinsumDense("btvi,vio->btvo", (None, 3, 4), activation="elu", bias_axes="vo")
    values = np.random.default_rng(0).standard_normal((5, 2, 3, 6)).astype(np.float32)
    by_keras = expected(values).numpy()
    keras.utils.set_random_seed(7)
    layer = DenseEach(4, activation="elu")
    made = layer(values.reshape(10, 3, 6).transpose(1, 0, 2)).numpy()
    for ours, keras_own in zip(layer.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), keras_own.numpy())
    np.testing.assert_allclose(made.transpose(1, 0, 2).reshape(by_keras.shape), by_keras, atol=1e-6)
