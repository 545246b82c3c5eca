"""Each variable has a dense layer of its own, and all begin and compute as Keras' einsum does."""

import numpy as np

from stockseq.layers.backend import keras
from stockseq.layers.dense_each import DenseEach


def test_a_dense_layer_for_each_variable_is_that_of_keras() -> None:
    """The same weights, and at first the same draws, as Keras' einsum with the variables as the last axis but one."""
    keras.utils.set_random_seed(7)
    expected = keras.layers.EinsumDense("btvi,vio->btvo", (None, 3, 4), activation="elu", bias_axes="vo")
    values = np.random.default_rng(0).standard_normal((5, 2, 3, 6)).astype(np.float32)
    by_keras = expected(values).numpy()
    keras.utils.set_random_seed(7)
    layer = DenseEach(4, activation="elu")
    made = layer(values.reshape(10, 3, 6).transpose(1, 0, 2)).numpy()
    for ours, theirs in zip(layer.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    np.testing.assert_allclose(made.transpose(1, 0, 2).reshape(by_keras.shape), by_keras, atol=1e-6)
