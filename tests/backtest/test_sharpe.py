"""Sharpe ratios against the figures that Bailey and Lopez de Prado printed."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from stockseq.backtest.sharpe import (
    deflated_sharpe,
    expected_best_sharpe,
    probabilistic_sharpe,
)
from tests.evaluate.evaluate_vectors import normals


def test_probabilistic_sharpe_of_the_published_fund() -> None:
    """Bailey & Lopez de Prado (2012): .913 with the fund's moments, .982 if it were normal."""
    moments = {"skewness": -2.448, "kurtosis": 10.164}
    assert probabilistic_sharpe(0.458, 24, **moments) == pytest.approx(0.9133610839, abs=1e-10)
    assert probabilistic_sharpe(0.458, 24) == pytest.approx(0.9816749191, abs=1e-10)


@pytest.mark.parametrize(
    ("n", "best"), [(10, 1.5745983013), (50, 2.2763030934), (100, 2.5306028932), (1000, 3.2551215137)]
)
def test_the_best_of_many_trials_without_skill(n: int, best: float) -> None:
    """The expected maximum of unit variance (EVALUATION 3)."""
    assert expected_best_sharpe(n, 1.0) == pytest.approx(best, abs=1e-9)


def test_deflated_sharpe_of_the_published_example() -> None:
    """Bailey & Lopez de Prado (2014): 2.5 a year over five years; .9004 after 100 trials, .9505 after 46."""
    variance = 0.5 / 250
    assert expected_best_sharpe(100, variance) == pytest.approx(0.1131720019, abs=1e-10)
    for n_trials, moments, expected in (
        (100, {"skewness": -3.0, "kurtosis": 10.0}, 0.9003968344),
        (46, {"skewness": -3.0, "kurtosis": 10.0}, 0.9505017069),
        (88, {}, 0.9504908167),
    ):
        chance = probabilistic_sharpe(
            2.5 / math.sqrt(250), 1250, benchmark=expected_best_sharpe(n_trials, variance), **moments
        )
        assert chance == pytest.approx(expected, abs=1e-9)


def test_deflated_sharpe_of_one_trial_of_normal_returns() -> None:
    """With skewness 0 and kurtosis near 3 it is nearly Phi(t); more trials make it smaller."""
    returns = 0.001 + 0.01 * normals(2000, 21)
    once, often = deflated_sharpe(returns, n_trials=1), deflated_sharpe(returns, n_trials=200)
    assert once is not None
    assert often is not None
    t = returns.mean() / returns.std(ddof=1) * math.sqrt(1999)
    assert once == pytest.approx(norm.cdf(t), abs=0.002)
    assert often < once


def test_the_unit_of_returns_does_not_matter() -> None:
    """A ratio has no unit: percent, or what squares beyond every float, gives the same."""
    returns = 0.001 + 0.01 * normals(200, 22)
    expected = deflated_sharpe(returns, n_trials=5)
    for unit in (100.0, 1e-200, 1e200):
        assert deflated_sharpe(unit * returns, n_trials=5) == pytest.approx(expected)


def test_sharpe_ratios_that_mean_nothing() -> None:
    """No spread, one return, a benchmark never reached: None. NaN and no trial: a sentence."""
    assert deflated_sharpe(np.full(10, 0.01), n_trials=1) is None
    assert deflated_sharpe(np.array([0.01]), n_trials=1) is None
    assert probabilistic_sharpe(5.0, 10, skewness=3.0, kurtosis=1.0) is None
    with pytest.raises(ValueError, match="`returns` must be finite"):
        deflated_sharpe(np.array([0.1, np.nan]), n_trials=1)
    with pytest.raises(ValueError, match="at least 1"):
        expected_best_sharpe(0, 1.0)
    with pytest.raises(ValueError, match="`sharpe` must be finite"):
        probabilistic_sharpe(float("nan"), 10)
    with pytest.raises(ValueError, match="at least 2"):
        probabilistic_sharpe(1.0, 1)
