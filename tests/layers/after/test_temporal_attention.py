"""Attention weighs the states, and says where it looked."""

import math

import numpy as np
import pytest

from stockseq.layers.after.temporal_attention import TemporalAttention

# tanh of them is 0 and 1/2.
STATES = np.array([[[0.0], [math.atanh(0.5)]]], np.float32)


def layer() -> TemporalAttention:
    """Return a layer whose scores of the two states are 0 and log 3."""
    made = TemporalAttention(dimension=1)
    made.build((None, 2, 1))
    made.set_weights([np.ones((1, 1)), np.zeros(1), np.full((1, 1), 2 * math.log(3))])
    return made


def test_the_sum_is_weighted_and_the_last_state_stands_beside_it() -> None:
    """By hand: weights 1/4 and 3/4 of 0 and 0.54931, and 0.54931 itself."""
    np.testing.assert_allclose(layer()(STATES), [[0.41198, 0.54931]], atol=1e-5)


def test_the_weights_are_read_oldest_first() -> None:
    """The same quarter and three quarters."""
    assert layer().readings(STATES)["attention"] == pytest.approx([0.25, 0.75])
