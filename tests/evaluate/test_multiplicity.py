"""Corrections worked by hand."""

import pytest
from scipy.stats import false_discovery_control

from stockseq.evaluate.multiplicity import benjamini_hochberg, holm

P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]


def test_holm_worked_by_hand() -> None:
    """8 x .001, 7 x .008, 6 x .039 = .234, then the running maximum: .234, .234, .234, .234, .234."""
    assert holm(P_VALUES) == pytest.approx([0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234])


def test_benjamini_hochberg_worked_by_hand() -> None:
    """Benjamini & Hochberg's family: 8/k times p, running minimum from the largest."""
    expected = [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.592 / 7, 0.205]
    assert benjamini_hochberg(P_VALUES) == pytest.approx(expected)


def test_benjamini_hochberg_equals_scipy() -> None:
    """scipy 1.17.1 `false_discovery_control`, in whatever order the p-values come."""
    shuffled = [P_VALUES[place] for place in (5, 0, 7, 3, 2, 6, 1, 4)]
    assert benjamini_hochberg(shuffled) == pytest.approx(false_discovery_control(shuffled).tolist())


def test_empty_families_and_wrong_p_values() -> None:
    """No claim, no correction; a p outside [0, 1] is a mistake upstream, NaN included."""
    assert holm([]) == []
    with pytest.raises(ValueError, match="lie in"):
        benjamini_hochberg([0.5, float("nan")])
