"""The transposed LSTM gives Keras' values and gradients, and leaves to Keras what it doesn't compute."""

from typing import Any

import numpy as np
import pytest

from stockseq.layers.backend import keras, tf
from stockseq.layers.transposed_lstm import TransposedLSTM

VALUES = np.random.default_rng(0).standard_normal((7, 5, 3)).astype(np.float32)


def differentiate(layer: Any, weights: list[np.ndarray], **call: Any) -> list[np.ndarray]:
    """Return the layer's values, and the gradients of a function of them by its weights and its input."""
    values = tf.constant(VALUES)
    layer.build(VALUES.shape)
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        tape.watch(values)
        output = layer(values, training=True, **call)
        loss = tf.reduce_sum(output**2 * tf.range(1.0, 1.0 + output.shape[-1]))
    return [each.numpy() for each in (output, *tape.gradient(loss, [*layer.trainable_variables, values]))]


def drawn_weights(units: int) -> list[np.ndarray]:
    drawn = np.random.default_rng(1)
    return [
        drawn.standard_normal(shape).astype(np.float32) / 2
        for shape in ((3, 4 * units), (units, 4 * units), (4 * units,))
    ]


MASK = np.arange(5) < np.arange(1, 8)[:, None] % 6
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "last state": ({}, {}),
    "all states": ({"return_sequences": True}, {}),
    "other activations": ({"activation": "relu", "recurrent_activation": "hard_sigmoid"}, {}),
    "backwards": ({"go_backwards": True}, {}),
    "a mask": ({}, {"mask": MASK}),
    "a state to begin with": ({}, {"initial_state": [np.ones((7, 4), np.float32), np.zeros((7, 4), np.float32)]}),
}


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_keras(case: str) -> None:
    options, call = CASES[case]
    ours, theirs = (
        differentiate(kind(4, unroll=True, **options), drawn_weights(4), **call)
        for kind in (TransposedLSTM, keras.layers.LSTM)
    )
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def test_without_a_bias_it_is_keras() -> None:
    ours, theirs = (
        differentiate(kind(4, unroll=True, use_bias=False), drawn_weights(4)[:2])
        for kind in (TransposedLSTM, keras.layers.LSTM)
    )
    assert [each.tolist() for each in ours] == [each.tolist() for each in theirs]
