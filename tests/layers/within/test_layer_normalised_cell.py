"""The gates see normalised sums."""

import math

import numpy as np
import pytest

from stockseq.layers.backend import keras
from stockseq.layers.within.layer_normalised_cell import LayerNormalisedCell


def test_the_gates_see_sums_of_mean_0_and_variance_1() -> None:
    """By hand: (1, 2, 3, 4) becomes (-1.34164, -0.44721, 0.44721, 1.34164).

    i = sigmoid(-1.34164) = 0.20725 and g = tanh(0.44721) = 0.41959 give c = 0.08696; one unit's memory normalises to
    0, so with a bias of 1/2 h = sigmoid(1.34164) * tanh(1/2) = 0.79275 * 0.46212.
    """
    layer = keras.layers.RNN(LayerNormalisedCell(1, epsilon=1e-7), return_state=True)
    layer.build((None, 1, 1))
    cell = layer.cell
    cell.kernel.assign([[1.0, 2.0, 3.0, 4.0]])
    cell.bias.assign([0.0, 0.0, 0.0, 0.0])
    cell.memory_norm.beta.assign([0.5])
    hidden, _, carry = layer(np.ones((1, 1, 1), np.float32))
    assert float(carry[0, 0]) == pytest.approx(0.08696, abs=1e-5)
    assert float(hidden[0, 0]) == pytest.approx(0.79275 * math.tanh(0.5), abs=1e-5)


def test_what_comes_from_the_state_is_normalised_by_itself() -> None:
    """By hand: with h = 1 and nothing from the features, the gates are those above and c is half kept too."""
    cell = LayerNormalisedCell(1, epsilon=1e-7)
    cell.build((None, 1))
    cell.kernel.assign(np.zeros((1, 4)))
    cell.recurrent_kernel.assign([[1.0, 2.0, 3.0, 4.0]])
    cell.bias.assign([0.0, 0.44721, 0.0, 0.0])
    one = np.ones((1, 1), np.float32)
    _, (_, carry) = cell(one, [one, one])
    # The forget gate sees -0.44721 + 0.44721 = 0, and keeps half of 1.
    assert float(carry[0, 0]) == pytest.approx(0.5 + 0.08696, abs=1e-5)


@pytest.mark.parametrize("options", [{"dropout": 0.1}, {"recurrent_dropout": 0.1}])
def test_dropout_inside_is_refused(options: dict[str, float]) -> None:
    """It would be taken and not done."""
    with pytest.raises(ValueError, match="neither `dropout` nor `recurrent_dropout`"):
        LayerNormalisedCell(3, **options)
