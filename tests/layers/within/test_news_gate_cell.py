"""News opens and shuts the input and the forget gate."""

import math

import numpy as np
import pytest

from stockseq.layers.backend import keras
from stockseq.layers.within.news_gate_cell import NewsGateCell


def cell(scale: list[float], shift: list[float]) -> keras.layers.RNN:
    """Return a cell of one unit: gates' sums of 1, a candidate of 1/2, an output gate half open."""
    layer = keras.layers.RNN(NewsGateCell(1, side=["news_mean"]))
    layer.build((None, None, 2))
    bias = np.array([1.0, 1.0, math.atanh(0.5), 0.0])
    layer.cell.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), bias, np.array([scale]), np.array([shift])])
    return layer


def news(*values: float) -> np.ndarray:
    return np.array([[[0.0, value] for value in values]], np.float32)


def test_news_scales_what_the_input_gate_sees() -> None:
    """By hand: news of 2 with a scale of -1/2 takes the sum of 1 away, so the gate is half open and c = 1/4."""
    made = cell([-0.5, 0.0], [0.0, 0.0])(news(2.0))
    assert float(made[0, 0]) == pytest.approx(math.tanh(0.25) / 2, abs=1e-6)


def test_news_shifts_what_the_forget_gate_sees() -> None:
    """By hand: 1 + 2 / 2 = 2 keeps sigmoid(2) = 0.880797 of c = 1/4, and 1/4 is added: 0.470199."""
    made = cell([-0.5, 0.0], [0.0, 0.5])(news(2.0, 2.0))
    assert float(made[0, 0]) == pytest.approx(math.tanh(0.470199) / 2, abs=1e-6)


def test_it_begins_as_the_lstm_of_keras() -> None:
    """Keras 3.15's own LSTM on the features: news changes nothing until its weights are learnt."""
    steps = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    plain = keras.layers.LSTM(2)
    expected = plain(steps[..., :2])
    gated = keras.layers.RNN(NewsGateCell(2, side=["news_mean"]))
    gated.build(steps.shape)
    begun = gated.cell.get_weights()
    gated.cell.set_weights([*plain.get_weights(), *begun[3:]])
    np.testing.assert_allclose(gated(steps), expected, atol=1e-6)


def test_how_far_each_gate_listens_is_read() -> None:
    """By hand: news of 2 and -2 is of size 2, times the weights' sizes."""
    readings = cell([-0.5, 0.25], [1.0, 0.0]).cell.readings(news(2.0, -2.0))
    assert readings == pytest.approx(
        {"input_gate_scale": 1.0, "forget_gate_scale": 0.5, "input_gate_shift": 2.0, "forget_gate_shift": 0.0}
    )


@pytest.mark.parametrize("options", [{"side": []}, {"dropout": 0.1}])
def test_a_cell_without_news_is_refused(options: dict[str, object]) -> None:
    """It would be an LSTM under another name."""
    with pytest.raises(ValueError, match=r"at least one news feature|knows no `dropout`"):
        NewsGateCell(3, **options)
