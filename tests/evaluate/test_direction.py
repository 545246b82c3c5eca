"""Scores of direction against a table worked by hand and scikit-learn 1.9.1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from stockseq.evaluate.direction import (
    accuracy,
    accuracy_by_chance,
    area_under_curve,
    balanced_accuracy,
    matthews_correlation,
)
from tests.evaluate.evaluate_vectors import normals, uniforms

UP = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 1], dtype=bool)
PROBABILITY = np.array([0.9, 0.4, 0.65, 0.3, 0.2, 0.55, 0.8, 0.1, 0.45, 0.7])
FORECAST_UP = PROBABILITY > 0.5


def test_scores_of_the_table_worked_by_hand() -> None:
    """4 true and 1 false up, 3 true and 2 false down (EVALUATION 3)."""
    assert metrics.confusion_matrix(UP, FORECAST_UP).ravel().tolist() == [3, 1, 2, 4]
    assert accuracy(UP, FORECAST_UP) == 0.7
    assert balanced_accuracy(UP, FORECAST_UP) == pytest.approx(0.7083333333, abs=1e-10)
    assert matthews_correlation(UP, FORECAST_UP) == pytest.approx(0.4082482905, abs=1e-10)
    assert area_under_curve(UP, PROBABILITY) == pytest.approx(0.875, abs=1e-12)
    assert accuracy_by_chance(UP, FORECAST_UP) == pytest.approx(0.6 * 0.5 + 0.4 * 0.5, abs=1e-12)


def test_scores_equal_those_of_scikit_learn_with_ties() -> None:
    """Probabilities rounded to one digit tie often; the ranks must share their places."""
    up = uniforms(400, 5) < 0.55
    probability = np.clip((0.5 + 0.1 * up + 0.2 * normals(400, 6)).round(1), 0, 1)
    forecast_up = probability > 0.5
    assert accuracy(up, forecast_up) == pytest.approx(metrics.accuracy_score(up, forecast_up))
    assert balanced_accuracy(up, forecast_up) == pytest.approx(metrics.balanced_accuracy_score(up, forecast_up))
    assert matthews_correlation(up, forecast_up) == pytest.approx(metrics.matthews_corrcoef(up, forecast_up))
    assert area_under_curve(up, probability) == pytest.approx(metrics.roc_auc_score(up, probability))


def test_always_up_is_no_better_than_chance() -> None:
    """In a market that rises on three days of four, always up is right on three of four, by chance."""
    up = np.array([True, True, True, False])
    always = np.ones(4, dtype=bool)
    assert accuracy(up, always) == accuracy_by_chance(up, always) == 0.75
    assert balanced_accuracy(up, always) == 0.5


def test_one_sided_outcomes_and_forecasts_have_no_score() -> None:
    """Where nothing can be told apart, None says so; a 0 or a 1 would look like a result."""
    ones = np.ones(3, dtype=bool)
    assert balanced_accuracy(ones, ones) is None
    assert area_under_curve(ones, np.array([0.1, 0.2, 0.3])) is None
    assert matthews_correlation(np.array([True, False, True]), ones) is None


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30))
def test_turning_the_score_round_turns_the_curve_round(rows: list[tuple[bool, float]]) -> None:
    """The area of the negated score is 1 less the area, ties or not."""
    up, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    area, turned = area_under_curve(up, score), area_under_curve(up, -score)
    assert (area is None) == (turned is None)
    if area is not None and turned is not None:
        assert area + turned == pytest.approx(1.0)
