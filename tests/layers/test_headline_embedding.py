"""The text of a session becomes the sum of what its words stand for."""

from pathlib import Path

import numpy as np
import pytest

from stockseq.layers.backend import keras, tf
from stockseq.layers.headline_embedding import HeadlineEmbedding

# One row per code: padding, then 1, 2 and 3.
TABLE = np.array([[50.0, 50.0], [1.0, 0.0], [0.0, 2.0], [-3.0, 0.5]])


def layer(activation: str | None = None) -> HeadlineEmbedding:
    made = HeadlineEmbedding(4, 2, activation)
    made.build((None, 2, 2, 3))
    made.set_weights([TABLE])
    return made


def codes() -> np.ndarray:
    """Return one window of two sessions of two headlines: (1 2) and (3), then none."""
    return np.array([[[[1, 2, 0], [3, 0, 0]], [[0, 0, 0], [0, 0, 0]]]], dtype=np.int32)


def test_a_session_is_the_sum_of_its_words() -> None:
    """By hand: (1, 0) + (0, 2) + (-3, 0.5); a session without news is zero, whatever padding's row holds."""
    assert layer()(codes()).numpy().tolist() == [[[-2.0, 2.5], [0.0, 0.0]]]


def test_an_activation_acts_on_each_headline() -> None:
    """By hand: relu(1, 2) + relu(-3, 0.5) = (1, 2.5)."""
    assert layer("relu")(codes()).numpy().tolist() == [[[1.0, 2.5], [0.0, 0.0]]]


def test_padding_learns_nothing() -> None:
    """The gradient of the sum is how often each code occurs, and 0 for padding."""
    made = layer()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(made(codes()))
    gradient = tf.convert_to_tensor(tape.gradient(total, made.embeddings))
    assert gradient.numpy().tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]


def test_a_window_without_any_news_is_zero() -> None:
    """No token at all is a batch like any other."""
    assert layer()(np.zeros((2, 2, 2, 3), np.int32)).numpy().tolist() == np.zeros((2, 2, 2)).tolist()


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_the_layer_comes_back_from_a_file(activation: str | None, tmp_path: Path) -> None:
    """A bundle holds it, with its arguments and its words."""
    given = keras.Input((2, 2, 3), dtype="int32")
    network = keras.Model(given, layer(activation)(given))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    assert loaded.layers[1].get_config() == network.layers[1].get_config()
    np.testing.assert_array_equal(loaded(codes()), network(codes()))


def test_the_seed_alone_fixes_the_first_weights() -> None:
    """Otherwise a model would differ from one process to the next."""
    made = [HeadlineEmbedding(4, 2, seed=seed) for seed in (1, 1, 2)]
    for each in made:
        each.build((None, 1, 1, 1))
    first, same, other = (each.get_weights()[0] for each in made)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
