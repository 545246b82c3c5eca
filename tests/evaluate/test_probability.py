"""Scores of probability against a table worked by hand, scikit-learn 1.9.1 and statsmodels 0.15.0."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from stockseq.evaluate.probability import (
    brier_losses,
    brier_score,
    calibration,
    decompose_brier,
    expected_calibration_error,
    log_loss,
    log_losses,
)
from tests.evaluate.evaluate_vectors import normals, uniforms

UP = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 1], dtype=bool)
PROBABILITY = np.array([0.9, 0.4, 0.65, 0.3, 0.2, 0.55, 0.8, 0.1, 0.45, 0.7])


def test_scores_of_the_table_worked_by_hand() -> None:
    """EVALUATION 3: Brier .15675, log loss .4756279815, calibration (.6576035422, 1.6755842961)."""
    assert brier_losses(UP, PROBABILITY).mean() == pytest.approx(0.15675, abs=1e-12)
    assert log_losses(UP, PROBABILITY).mean() == pytest.approx(0.4756279815, abs=1e-10)
    assert calibration(UP, PROBABILITY) == pytest.approx((0.6576035422, 1.6755842961), abs=1e-9)


def test_losses_by_row_have_the_means_of_scikit_learn_and_the_line_is_statsmodels() -> None:
    """Certain and wrong forecasts among them: the clip must lie where scikit-learn's lies."""
    up = uniforms(400, 7) < 0.5
    probability = np.clip(0.5 + 0.1 * up + 0.3 * normals(400, 8), 0, 1)
    brier, loss = metrics.brier_score_loss(up, probability), metrics.log_loss(up, probability)
    assert brier_losses(up, probability).mean() == pytest.approx(brier, rel=1e-12)
    assert log_losses(up, probability).mean() == pytest.approx(loss, rel=1e-12)
    assert (brier_score(up, probability), log_loss(up, probability)) == (brier, loss)
    inner = np.clip(probability, 0.01, 0.99)
    odds = np.log(inner / (1 - inner))
    theirs = sm.Logit(up.astype(float), sm.add_constant(odds)).fit(disp=0).params
    assert calibration(up, inner) == pytest.approx(tuple(theirs), abs=1e-7)


def test_calibration_needs_forecasts_that_change_and_sometimes_fail() -> None:
    """Constant forecasts have no slope, and perfect ones an infinite one."""
    up = np.array([True, False, True, False])
    assert calibration(up, np.full(4, 0.6)) is None
    assert calibration(up, np.array([0.9, 0.1, 0.8, 0.2])) is None
    assert calibration(np.ones(4, dtype=bool), np.array([0.9, 0.1, 0.8, 0.2])) is None


def test_calibration_error_is_the_weighted_distance_per_bin() -> None:
    """Bin [.1,.2): forecasts .1, .1, one of two rose, |.5-.1|; bin [.9,1]: .9 and 1, both rose, |1-.95|."""
    up = np.array([True, False, True, True])
    assert expected_calibration_error(up, np.array([0.1, 0.1, 0.9, 1.0])) == pytest.approx(0.5 * 0.4 + 0.5 * 0.05)


def test_decomposition_of_two_levels_worked_by_hand() -> None:
    """Levels .25 (one of two rose) and .75 (both rose), base rate .75: each part by Murphy's formula."""
    parts = decompose_brier(np.array([True, False, True, True]), np.array([0.25, 0.25, 0.75, 0.75]))
    assert parts.reliability == pytest.approx(0.5 * 0.25**2 + 0.5 * 0.25**2)
    assert parts.resolution == pytest.approx(0.5 * 0.25**2 + 0.5 * 0.25**2)
    assert parts.uncertainty == pytest.approx(0.75 * 0.25)
    assert parts.remainder == pytest.approx(0.0, abs=1e-15)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30))
def test_every_forecast_has_finite_scores(rows: list[tuple[bool, float]]) -> None:
    """Certain, tiny and constant probabilities included; and the parts are bounded as they must be."""
    up, probability = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assert np.isfinite(log_losses(up, probability)).all()
    assert 0 <= expected_calibration_error(up, probability) <= 1
    parts = decompose_brier(up, probability)
    assert 0 <= parts.resolution <= parts.uncertainty + 1e-12
    fitted = calibration(up, probability)
    assert fitted is None or np.isfinite(fitted).all()
