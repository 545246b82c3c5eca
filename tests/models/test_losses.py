"""Each head's loss has the values of the field's own formulas."""

import numpy as np
import pytest

from stockseq.models.losses import qlike, weighted_loss
from stockseq.models.settings import TrainingSettings

WEIGHTS = TrainingSettings(direction_weight=1.0, return_weight=2.0, relative_weight=3.0, size_weight=4.0)
# Two windows; the relative return of the second isn't known.
VALUES = np.array([[1.0, 0.5, 1.0, 1.0], [0.0, -1.0, 9.0, 2.0]])
KNOWN = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("variance", "forecast", "expected"),
    [(1.0, 1.0, 0.0), (1.0, 2.0, 0.1931471806), (2.0, 1.0, 0.3068528194), (4e-4, 1e-4, 1.6137056389)],
)
def test_qlike_has_the_values_worked_by_hand(variance: float, forecast: float, expected: float) -> None:
    """rv / s2 - ln(rv / s2) - 1."""
    assert qlike(variance, 0.5 * np.log(forecast), np) == pytest.approx(expected, abs=1e-9)


def test_qlike_is_least_at_the_mean_variance() -> None:
    """Its gradient, 2 - 2 mean(rv) / s2, is 0 there: of 1, 2 and 6 at a standard deviation of sqrt(3)."""
    ratios, step = np.array([1.0, 2.0, 6.0]), 1e-4
    above, below = (qlike(ratios, 0.5 * np.log(3.0) + shift, np).mean() for shift in (step, -step))
    assert (above - below) / (2 * step) == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_the_weighted_sum_over_the_heads() -> None:
    """By hand; what isn't known counts as 0."""
    outputs = {
        "direction": np.array([0.8, 0.5]),
        "return": np.array([0.0, 0.0]),
        "relative": np.array([0.0, 0.0]),
        "size": np.array([0.0, 0.0]),
    }
    direction = -(np.log(0.8) + np.log(0.5)) / 2
    expected = direction + 2 * (0.125 + 0.5) / 2 + 3 * 0.5 / 2 + 4 * (0.0 + 0.3068528194) / 2
    assert weighted_loss(outputs, VALUES, KNOWN, WEIGHTS, ops=np) == pytest.approx(expected, abs=1e-9)


def test_a_certainty_that_failed_costs_a_finite_amount() -> None:
    """A float32 sigmoid rounds to 1; its logarithm must not end the training."""
    loss = weighted_loss({"direction": np.array([1.0, 1.0])}, VALUES, KNOWN, WEIGHTS, ops=np)
    assert loss == pytest.approx(-np.log(1e-7) / 2, rel=1e-6)
