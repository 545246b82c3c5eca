"""The memory fades by the calendar."""

import math

import numpy as np
import pytest

from stockseq.layers.backend import keras
from stockseq.layers.within.time_aware_cell import TimeAwareCell


def run(days_scaled: list[float], *, half_life: float, **scale: object) -> float:
    """Return h after some sessions of a cell with all gates half open, whose candidate is always 1/2."""
    layer = keras.layers.RNN(TimeAwareCell(1, **scale))
    layer.build((None, len(days_scaled), 2))
    candidate = math.atanh(0.5)
    layer.cell.set_weights(
        [np.zeros((1, 4)), np.zeros((1, 4)), np.array([0.0, 0.0, candidate, 0.0]), np.log([half_life])]
    )
    steps = np.array([[[0.0, days] for days in days_scaled]], np.float32)
    return float(layer(steps).numpy()[0, 0])


def test_three_days_of_a_three_day_half_life_halve_the_memory() -> None:
    """By hand: c = 1/4; over the weekend 1/8; half is kept and 1/4 added, 0.3125; h = tanh(0.3125) / 2."""
    assert run([1.0, 3.0], half_life=3.0) == pytest.approx(math.tanh(0.3125) / 2, abs=1e-6)


def test_scaled_days_are_counted_as_days() -> None:
    """By hand: 2 + 0.5 * 2 is 3 days, so the same comes out."""
    made = run([-2.0, 2.0], half_life=3.0, side_centre=[2.0], side_spread=[0.5])
    assert made == pytest.approx(math.tanh(0.3125) / 2, abs=1e-6)


def test_half_lives_are_read_in_days() -> None:
    """Ascending, one per unit; they begin from two days to a quarter."""
    layer = keras.layers.RNN(TimeAwareCell(2))
    layer.build((None, 3, 2))
    assert layer.cell.readings(None)["half_life_days"] == pytest.approx([0.5, 32.0])


def test_without_decay_it_is_the_lstm_of_keras() -> None:
    """Keras 3.15's own LSTM, to whose formula a half-life of a million days comes back."""
    steps = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    days = np.concatenate([steps, np.ones((4, 5, 1), np.float32)], axis=-1)
    plain = keras.layers.LSTM(2)
    aware = keras.layers.RNN(TimeAwareCell(2))
    expected = plain(steps)
    aware.build(days.shape)
    aware.cell.set_weights([*plain.get_weights(), np.log([1e6, 1e6])])
    np.testing.assert_allclose(aware(days), expected, atol=1e-5)


@pytest.mark.parametrize("options", [{"side": []}, {"side": ["days_closed", "no_news"]}, {"dropout": 0.1}])
def test_what_would_confuse_the_days_is_refused(options: dict[str, object]) -> None:
    """One feature holds the days, and none of them may be dropped."""
    with pytest.raises(ValueError, match=r"the one feature that counts the days|knows no `dropout`"):
        TimeAwareCell(3, **options)
