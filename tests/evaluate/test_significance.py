"""Tests of significance against published examples, R's forecast, scipy 1.17.1 and statsmodels 0.15.0."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import chi2_contingency, ttest_1samp
from statsmodels.stats.diagnostic import pesaran_timmermann as statsmodels_pesaran_timmermann

from stockseq.evaluate.significance import (
    clustered_interval,
    clustered_mean,
    diebold_mariano,
    newey_west_mean,
    pesaran_timmermann,
    pesaran_timmermann_clustered,
)
from tests.evaluate.evaluate_vectors import normals, uniforms

SESSIONS = np.repeat(np.arange(40), 15)
UP = normals(600, 1) + np.repeat(normals(40, 2), 15) > 0.2
FORECAST_UP = normals(600, 3) + 0.3 * UP + np.repeat(normals(40, 4), 15) > 0


def test_the_generator_gives_the_numbers_it_must() -> None:
    """EVALUATION 3: seed 12345 gives these three; every vector below stands on it."""
    expected = [0.655154048698023, 0.304814323550090, 0.674960633972660]
    assert uniforms(3, 12345).tolist() == pytest.approx(expected, abs=1e-15)


def test_pesaran_timmermann_of_a_published_example() -> None:
    """V. Pekar's example of 15 changes: .7333333333, 1.9683399719, p .0245144669."""
    returns = np.array([23, -2, 56, 51, 4, -45, -12, -24, -51, 78, -6, -7, -39, 31, 35])
    forecasts = np.array([14, 3, 45, 23, -5, -56, 4, -11, -34, 29, 3, -11, -12, 24, 3])
    test = pesaran_timmermann(returns > 0, forecasts > 0)
    assert test is not None
    assert ((returns > 0) == (forecasts > 0)).mean() == pytest.approx(0.7333333333, abs=1e-10)
    assert (test.t, test.p) == pytest.approx((1.9683399719, 0.0245144669), abs=1e-10)


def test_pesaran_timmermann_equals_statsmodels_and_the_chi_square_of_the_table() -> None:
    """PT^2 (n-1)/n is the chi-square of the 2x2 table, by scipy; statsmodels leaves out the term in 1/n^2: its root."""
    test = pesaran_timmermann(UP, FORECAST_UP)
    assert test is not None
    theirs = statsmodels_pesaran_timmermann(UP - 0.5, FORECAST_UP - 0.5, alternative="larger")
    assert test.t * np.sqrt(599 / 600) == pytest.approx(theirs.statistic, rel=1e-10)
    table = [[int((a & b).sum()) for b in (FORECAST_UP, ~FORECAST_UP)] for a in (UP, ~UP)]
    chi_square = chi2_contingency(table, correction=False).statistic
    assert test.t**2 * 599 / 600 == pytest.approx(chi_square, rel=1e-10)


def test_the_clustered_test_equals_a_regression_with_clustered_errors() -> None:
    """statsmodels' OLS with `cov_type="cluster"` and its small-sample correction is CR1."""
    fitted = sm.OLS(UP.astype(float), sm.add_constant(FORECAST_UP.astype(float))).fit(
        cov_type="cluster", cov_kwds={"groups": SESSIONS}, use_t=True
    )
    test = pesaran_timmermann_clustered(UP, FORECAST_UP, SESSIONS)
    assert test is not None
    assert (test.estimate, test.standard_error, test.t) == pytest.approx(
        (fitted.params[1], fitted.bse[1], fitted.tvalues[1]), rel=1e-9
    )
    assert test.p == pytest.approx(fitted.pvalues[1] / 2, rel=1e-9)
    assert test.degrees_of_freedom == 39


def test_the_slope_is_the_accuracy_beyond_chance() -> None:
    """accuracy - chance = 2 slope p (1 - p) of the forecast direction: the interval of the edge rests on it."""
    naive, clustered = pesaran_timmermann(UP, FORECAST_UP), pesaran_timmermann_clustered(UP, FORECAST_UP, SESSIONS)
    assert naive is not None
    assert clustered is not None
    share = FORECAST_UP.mean()
    assert naive.estimate == pytest.approx(2 * clustered.estimate * share * (1 - share), rel=1e-12)


def test_forecasts_that_never_change_have_no_test() -> None:
    """Always up can't be told from skill or from luck; None, not a division by 0."""
    always = np.ones(600, dtype=bool)
    assert pesaran_timmermann(UP, always) is None
    assert pesaran_timmermann_clustered(UP, always, SESSIONS) is None
    assert pesaran_timmermann_clustered(always, UP, SESSIONS) is None
    assert pesaran_timmermann_clustered(UP, UP, SESSIONS) is None


def test_the_clustered_mean_equals_a_regression_on_a_constant() -> None:
    """statsmodels' OLS on a constant with clusters; its correction has n-1 over n-1, so it is G/(G-1) alone."""
    values = (UP == FORECAST_UP).astype(float)
    fitted = sm.OLS(values, np.ones(600)).fit(cov_type="cluster", cov_kwds={"groups": SESSIONS}, use_t=True)
    mean, error = clustered_mean(values, SESSIONS)
    assert (mean, error) == pytest.approx((fitted.params[0], fitted.bse[0]), rel=1e-9)
    assert clustered_interval(values, SESSIONS) == pytest.approx(tuple(fitted.conf_int()[0]), rel=1e-9)


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


def test_newey_west_of_the_reference_value_and_statsmodels() -> None:
    """Lag 4: -3.2874418311 (EVALUATION 3); and OLS with `cov_type="HAC"`."""
    d = normals(60, 1) ** 2 - (1.15 * normals(60, 2)) ** 2
    test = newey_west_mean(d, lag=4)
    fitted = sm.OLS(d, np.ones(60)).fit(cov_type="HAC", cov_kwds={"maxlags": 4})
    assert test is not None
    assert test.t == pytest.approx(-3.2874418311, abs=1e-9)
    assert (test.t, test.p) == pytest.approx((fitted.tvalues[0], fitted.pvalues[0]), rel=1e-9)


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
