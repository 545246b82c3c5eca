"""Tests of significance against formulas worked out here, R's forecast and scipy 1.17.1."""

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from stockseq.evaluate.significance import (
    clustered_interval,
    clustered_mean,
    diebold_mariano,
    newey_west_mean,
)
from tests.evaluate.evaluate_vectors import normals, uniforms


def test_the_generator_gives_the_numbers_it_must() -> None:
    """EVALUATION 3: seed 12345 gives these three; every vector below stands on it."""
    expected = [0.655154048698023, 0.304814323550090, 0.674960633972660]
    assert uniforms(3, 12345).tolist() == pytest.approx(expected, abs=1e-15)


def test_the_clustered_mean_is_that_of_the_formula() -> None:
    """EVALUATION 3: se^2 = G/(G-1) * sum over sessions of (sum of deviations)^2 / N^2; t with G - 1 degrees."""
    sessions = np.repeat(np.arange(40), 15)
    values = normals(600, 5) + np.repeat(normals(40, 6), 15)
    sums = [(values[sessions == session] - values.mean()).sum() for session in range(40)]
    expected = np.sqrt(40 / 39 * np.square(sums).sum()) / 600
    assert clustered_mean(values, sessions) == pytest.approx((values.mean(), expected), rel=1e-12)
    reach = student.ppf(0.975, 39) * expected
    assert clustered_interval(values, sessions) == pytest.approx((values.mean() - reach, values.mean() + reach))


def test_trades_that_overlap_widen_the_error_by_driscoll_and_kraay() -> None:
    """By hand for h = 3, 40 sessions: lag 4, Bartlett's weights .8 .6 .4 .2 on the sums of a session's deviations.

    A share of 5/40 is the lag's: the error is divided by sqrt(1 - 1/8 + 1/192), and t has 12 degrees. The weights
    count (1 + 2 (2/3 * .8 + 1/3 * .6)) / 3 = 37/45 of the variance of trades of three sessions.
    """
    sessions = np.repeat(np.arange(40), 15)
    values = normals(600, 5) + np.repeat(normals(40, 6), 15)
    sums = np.array([(values[sessions == session] - values.mean()).sum() for session in range(40)])
    pairs = sum(2 * weight * sums[lag:] @ sums[:-lag] for lag, weight in ((1, 0.8), (2, 0.6), (3, 0.4), (4, 0.2)))
    expected = np.sqrt((sums @ sums + pairs) / ((1 - 1 / 8 + 1 / 192) * 37 / 45)) / 600
    assert clustered_mean(values, sessions, horizon=3) == pytest.approx((values.mean(), expected), rel=1e-12)
    reach = student.ppf(0.975, 12) * expected
    interval = clustered_interval(values, sessions, horizon=3)
    assert interval == pytest.approx((values.mean() - reach, values.mean() + reach))
    # Trades from one open to the next share nothing.
    assert clustered_mean(values, sessions, horizon=1) == clustered_mean(values, sessions)


def test_one_session_is_refused() -> None:
    """All tickers of one session may share one shock; there is nothing to measure the noise with."""
    with pytest.raises(ValueError, match="at least 2 sessions"):
        clustered_mean(np.ones(3), np.zeros(3))


def test_diebold_mariano_of_the_reference_values() -> None:
    """R's forecast::dm.test on six differences and on squared errors of the generator's normals (EVALUATION 3)."""
    six = diebold_mariano(np.array([1.0, 2.0, -1.0, 3.0, 0.0, 1.0]))
    assert six is not None
    assert (six.t, six.p) == pytest.approx((1.7320508076, 0.1438108087), abs=1e-10)
    d = normals(60, 1) ** 2 - (1.15 * normals(60, 2)) ** 2
    one, three = diebold_mariano(d), diebold_mariano(d, horizon=3)
    assert one is not None
    assert three is not None
    assert (one.t, one.p) == pytest.approx((-3.0381020967, 0.00354359), abs=1e-8)
    assert three.t == pytest.approx(-2.8988748657, abs=1e-9)


def test_diebold_mariano_over_one_session_is_the_t_test_of_a_mean() -> None:
    """Without autocovariances the correction turns the variance's n into n - 1: scipy 1.17.1 `ttest_1samp`."""
    d = normals(60, 1) ** 2 - (1.15 * normals(60, 2)) ** 2
    ours, theirs = diebold_mariano(d), ttest_1samp(d, 0.0)
    assert ours is not None
    assert (ours.t, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)


def test_newey_west_of_the_reference_values() -> None:
    """Lag 4: -3.2874418311 (EVALUATION 3); and the mean of ten numbers at lags 0, 1 and 3 (EVALUATION 10)."""
    test = newey_west_mean(normals(60, 1) ** 2 - (1.15 * normals(60, 2)) ** 2, lag=4)
    assert test is not None
    assert test.t == pytest.approx(-3.2874418311, abs=1e-9)
    values = np.array([0.03, -0.01, 0.02, 0.05, -0.02, 0.01, 0.04, 0.0, 0.02, -0.01])
    for lag, expected in ((0, 1.8744368524), (1, 2.4967703225), (3, 3.6055512755)):
        test = newey_west_mean(values, lag=lag)
        assert test is not None
        assert test.t == pytest.approx(expected, abs=1e-9)


def test_a_lag_beyond_the_sessions_is_no_mistake() -> None:
    """Three sessions have two autocovariances; by hand: variance 2/3, covariances 0 and -1/3 at weights 5/6 and 4/6."""
    test = newey_west_mean(np.array([2.0, 1.0, 0.0]), lag=5)
    assert test is not None
    assert test.standard_error == pytest.approx(np.sqrt((2 / 3 + 2 * 4 / 6 * (-1 / 3)) / 3))


def test_the_default_lag_grows_slowly_with_time() -> None:
    """floor(4 (T/100)^(2/9)): 3 at 60, 4 at 100, 5 at 300."""
    for n, lag in ((60, 3), (100, 4), (300, 5)):
        values = normals(n, 9)
        assert newey_west_mean(values) == newey_west_mean(values, lag=lag)


def test_means_without_spread_have_no_test() -> None:
    """Equal losses on every session can't be told apart, and one session says nothing."""
    assert diebold_mariano(np.zeros(10)) is None
    assert newey_west_mean(np.full(10, 0.1)) is None
    assert newey_west_mean(np.array([1.0])) is None
    with pytest.raises(ValueError, match="below the number of sessions"):
        diebold_mariano(np.arange(5.0), horizon=5)
