"""A network's weights are the mean of those that its last steps left."""

import numpy as np
import pytest

from stockseq.layers.backend import tf
from stockseq.models.averaging import AveragedWeights


def average(momentum: float, values: list[float]) -> float:
    """Return the mean of a weight that began at 0 and took these values, one a step."""
    weight = tf.Variable(0.0)
    averaged = AveragedWeights([weight], momentum)
    for value in values:
        weight.assign(value)
        averaged.update()
    with averaged.applied():
        return float(weight.numpy())


def test_the_first_steps_weigh_more() -> None:
    """By hand: of the mean 1/10 is kept at the first step, 2/11 at the second."""
    assert average(0.998, [1.0]) == pytest.approx(0.9, rel=1e-6)
    assert average(0.998, [1.0, 2.0]) == pytest.approx(0.9 * 2 / 11 + 2.0 * 9 / 11, rel=1e-6)


def test_later_the_momentum_holds() -> None:
    """Of 1,000 steps at 1 and one at 2, a tenth of the step is taken at a momentum of .9."""
    assert average(0.9, [1.0] * 1000 + [2.0]) == pytest.approx(1.1, abs=1e-5)


def test_a_momentum_of_none_takes_the_last_step() -> None:
    """As training did before there was a mean."""
    assert average(0.0, [1.0, 5.0]) == pytest.approx(5.0, rel=1e-6)


def test_training_goes_on_where_it_was() -> None:
    """The mean stands in for the weights only while it is asked for."""
    weight = tf.Variable([1.0, 2.0])
    averaged = AveragedWeights([weight], 0.9)
    weight.assign([3.0, 4.0])
    with averaged.applied():
        np.testing.assert_array_equal(weight.numpy(), [1.0, 2.0])
    np.testing.assert_array_equal(weight.numpy(), [3.0, 4.0])
