"""The gate mixes series and news."""

import math

import numpy as np
import pytest

from stockseq.layers.after.branch_gate import BranchGate


def layer() -> BranchGate:
    """Return a gate of 3/4 whatever comes, between tanh of the series and tanh of minus the news."""
    made = BranchGate(dimension=1, side=["news_mean"])
    made.build((None, 2))
    made.set_weights([np.ones((1, 1)), -np.ones((1, 1)), np.zeros((2, 1)), np.array([math.log(3)])])
    return made


HALVES = np.full((1, 2), math.atanh(0.5), np.float32)


def test_three_quarters_of_the_news_and_one_of_the_series() -> None:
    """By hand: 3/4 * -1/2 + 1/4 * 1/2."""
    np.testing.assert_allclose(layer()(HALVES), [[-0.25]], atol=1e-6)


def test_the_gate_looks_at_both() -> None:
    """By hand: atanh(1/2) * (2 - 2) leaves the bias of log 3; with the series alone it is open by more."""
    made = layer()
    made.gate_kernel.assign([[2.0], [-2.0]])
    assert made.readings(HALVES)["news_share"] == pytest.approx(0.75)
    only_series = np.array([[1.0, 0.0]], np.float32)
    expected = 1 / (1 + math.exp(-(2 + math.log(3))))
    assert made.readings(only_series)["news_share"] == pytest.approx(expected, abs=1e-6)


def test_no_news_is_refused() -> None:
    """There would be nothing to mix."""
    with pytest.raises(ValueError, match="at least one news feature"):
        BranchGate(side=[])
