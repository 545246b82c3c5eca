"""The transposed LSTM gives Keras' values and gradients, and leaves to Keras what it doesn't compute."""

from functools import wraps
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
    if layer.stateful:
        # The next call goes on from here.
        layer(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = tf.nest.flatten(layer(values, training=True, **call))
        loss = sum(tf.reduce_sum(output**2 * tf.range(1.0, 1.0 + output.shape[-1])) for output in outputs)
    return [each.numpy() for each in (*outputs, *tape.gradient(loss, [*layer.trainable_variables, values]))]


def drawn_weights(units: int) -> list[np.ndarray]:
    """Return a kernel, a recurrent kernel and a bias."""
    drawn, shapes = np.random.default_rng(1), ((3, 4 * units), (units, 4 * units), (4 * units,))
    return [drawn.standard_normal(shape).astype(np.float32) / 2 for shape in shapes]


def differentiate_both(options: dict[str, Any], call: dict[str, Any]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the same of our layer and of Keras' own."""
    weights = drawn_weights(4)[: 3 if options.get("use_bias", True) else 2]
    ours, keras_own = (kind(4, unroll=True, **options) for kind in (TransposedLSTM, keras.layers.LSTM))
    return differentiate(ours, weights, **call), differentiate(keras_own, weights, **call)


@pytest.fixture
def keras_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each layer that Keras' own code computes."""
    calls: list[int] = []
    by_keras = keras.layers.LSTM.call

    # Keras reads the names of the arguments.
    @wraps(by_keras)
    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(layer, TransposedLSTM):
            calls.append(len(calls))
        return by_keras(layer, *arguments, **options)

    monkeypatch.setattr(keras.layers.LSTM, "call", call)
    return calls


COMPUTED: dict[str, dict[str, Any]] = {
    "last state": {},
    "all states": {"return_sequences": True},
    "other activations": {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
}


@pytest.mark.parametrize("case", COMPUTED)
def test_what_it_computes_has_keras_values_and_gradients(case: str, keras_calls: list[int]) -> None:
    ours, expected = differentiate_both(COMPUTED[case], {})
    assert not keras_calls
    for found, value in zip(ours, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5)


LEFT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no bias": ({"use_bias": False}, {}),
    "backwards": ({"go_backwards": True}, {}),
    "dropout": ({"dropout": 0.5, "seed": 1}, {}),
    "recurrent dropout": ({"recurrent_dropout": 0.5, "seed": 1}, {}),
    "a state for the next batch": ({"stateful": True}, {}),
    "states handed on": ({"return_state": True}, {}),
    "a mask": ({}, {"mask": np.arange(5) < np.arange(1, 8)[:, None] % 6}),
    "a state to begin with": ({}, {"initial_state": [np.ones((7, 4), np.float32), np.zeros((7, 4), np.float32)]}),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_is_left_to_keras_is_the_same_to_the_bit(case: str, keras_calls: list[int]) -> None:
    ours, expected = differentiate_both(*LEFT[case])
    assert keras_calls
    assert [found.tolist() for found in ours] == [value.tolist() for value in expected]
