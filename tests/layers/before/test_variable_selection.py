"""The features share out one weight, and the weights can be read by name."""

import numpy as np
import pytest

from stockseq.layers.before.variable_selection import VariableSelection


def selection() -> VariableSelection:
    """Return a layer of two features in which every gated part is shut off by zeros."""
    layer = VariableSelection(dimension=2, names=["calm", "wild"])
    layer.build((None, 1, 2))
    layer.set_weights([np.zeros(weight.shape) for weight in layer.get_weights()])
    layer.each.norm.gamma.assign([1.0, 1.0])
    layer.choice.norm.gamma.assign([1.0, 1.0])
    # Feature 1 becomes (100, -100) and feature 2 (-100, 100); normalised, (1, -1) and (-1, 1).
    layer.embedding.kernel.assign([[[100.0, -100.0]], [[-100.0, 100.0]]])
    # The choice sees (100, -100, -100, 100), and makes (100, -100) of it, normalised (1, -1).
    layer.choice.skip.kernel.assign([[[1.0, -1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    return layer


ONES = np.ones((1, 1, 2), np.float32)


def test_what_comes_out_is_the_weighted_sum() -> None:
    """By hand: weights e / (e + 1/e) = 0.88080 and 0.11920; their difference is tanh(1) = 0.76159."""
    np.testing.assert_allclose(selection()(ONES).numpy(), [[[0.76159, -0.76159]]], atol=1e-5)


def test_each_session_is_weighed_by_itself_feature_by_feature() -> None:
    """Two windows of four sessions with three features, of two numbers each: every row as if it stood alone."""
    layer = VariableSelection(dimension=2)
    sessions = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    layer.build(sessions.shape)
    kernel, bias = (weight.numpy() for weight in (layer.embedding.kernel, layer.embedding.bias))
    made = layer(sessions).numpy()
    for window, session in np.ndindex(2, 4):
        embedded = sessions[window, session][:, np.newaxis] * kernel[:, 0] + bias
        scores = layer.choice(embedded.reshape(1, 1, 6)).numpy()[0, 0]
        each = layer.each(embedded[:, np.newaxis]).numpy()[:, 0]
        by_hand = (np.exp(scores) / np.exp(scores).sum()) @ each
        np.testing.assert_allclose(made[window, session], by_hand, atol=1e-5)


def test_weights_are_read_by_the_name_of_the_feature() -> None:
    """The same softmax of 1 and -1; together they are 1."""
    readings = selection().readings(ONES)
    assert readings == pytest.approx({"weight_calm": 0.88080, "weight_wild": 0.11920}, abs=1e-5)


def test_names_that_do_not_fit_the_features_are_refused() -> None:
    """Before training, not when the readings are asked for after it."""
    with pytest.raises(ValueError, match="must name each of 3 features, received 2 names"):
        VariableSelection(names=["calm", "wild"]).build((None, 4, 3))
