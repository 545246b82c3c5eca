"""News fades by its half-life, and the half-life can be read."""

import numpy as np
import pytest

from stockseq.layers.before.sentiment_decay import SentimentDecay


def test_news_of_one_session_halves_with_each_half_life() -> None:
    """By hand, a half-life of 2: d = 0.70711, so 1 - d = 0.29289, then 0.20711, 0.14645 (half of the first)."""
    news = np.array([[[1.0], [0.0], [0.0]]], np.float32)
    made = SentimentDecay(side=["news_mean"], half_life=2.0)(news).numpy()[0, :, 0]
    np.testing.assert_allclose(made, [0.29289, 0.20711, 0.14645], atol=1e-5)


def test_each_column_has_a_half_life_and_the_others_stay() -> None:
    """By hand: the first column is no news; d is 1/2 for the second and 1/4 (half a session) for the third."""
    layer = SentimentDecay(side=["a", "b"])
    layer.build((None, 2, 3))
    layer.set_weights([np.log([1.0, 0.5])])
    made = layer(np.array([[[7.0, 1.0, 1.0], [8.0, 1.0, 0.0]]], np.float32)).numpy()
    np.testing.assert_allclose(made, [[[7.0, 0.5, 0.75], [8.0, 0.75, 0.1875]]], atol=1e-6)


def test_half_lives_are_read_by_the_name_of_the_news() -> None:
    """In sessions, as a person thinks of them; the layer learns their logarithm."""
    layer = SentimentDecay(side=["a", "b"])
    layer.build((None, 2, 3))
    layer.set_weights([np.log([1.0, 5.0])])
    assert layer.readings(None) == pytest.approx({"half_life_a": 1.0, "half_life_b": 5.0})


def test_a_half_life_of_nothing_is_refused() -> None:
    """Its logarithm would be no number."""
    with pytest.raises(ValueError, match="`half_life` must be a positive number of sessions, received 0"):
        SentimentDecay(half_life=0)
