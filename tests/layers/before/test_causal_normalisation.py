"""Each session is measured by the window's sessions up to itself."""

import numpy as np
import pytest

from stockseq.layers.before.causal_normalisation import CausalNormalisation


def test_a_session_is_measured_by_those_up_to_it() -> None:
    """By hand, epsilon 3: 0; (3 - 2) / sqrt(1 + 3); mean 3 and variance 8/3 of 1, 3, 5: 2 / sqrt(5.66667)."""
    made = CausalNormalisation(epsilon=3.0)(np.array([[[1.0], [3.0], [5.0]]], np.float32))
    np.testing.assert_allclose(made.numpy()[0, :, 0], [0.0, 0.5, 0.84017], atol=1e-5)


def test_gain_and_bias_are_per_feature() -> None:
    """By hand: twice 0 and 1/2, and 1 more; the second feature stands still, and has a bias of -1."""
    layer = CausalNormalisation(epsilon=3.0)
    layer.build((None, 2, 2))
    layer.set_weights([np.array([2.0, 9.0]), np.array([1.0, -1.0])])
    made = layer(np.array([[[1.0, 4.0], [3.0, 4.0]]], np.float32))
    assert made.numpy().tolist() == [[[1.0, -1.0], [2.0, -1.0]]]


def test_a_floor_is_needed() -> None:
    """A window that stands still would be divided by nothing."""
    with pytest.raises(ValueError, match="`epsilon` must be above 0"):
        CausalNormalisation(epsilon=0)
