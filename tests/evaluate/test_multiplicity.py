"""Corrections worked by hand."""

import pytest

from stockseq.evaluate.multiplicity import holm

P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]


def test_holm_worked_by_hand() -> None:
    """8 x .001, 7 x .008, 6 x .039 = .234, then the running maximum: .234, .234, .234, .234, .234."""
    assert holm(P_VALUES) == pytest.approx([0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234])


def test_what_could_not_be_tested_is_no_claim() -> None:
    """Without a declaration the family is the tests there are: 2 x .01 and .04."""
    assert holm([None, 0.01, None, 0.04]) == [None, 0.02, None, 0.04]
    assert holm([None, None]) == [None, None]
    assert holm([]) == []


def test_what_was_declared_counts_whether_it_was_tested_or_not() -> None:
    """Five declared: 5 x .01, 4 x .02; a variant that failed must not ease the correction of the others."""
    assert holm([0.02, None, 0.01], n_declared=5) == pytest.approx([0.08, None, 0.05])
    assert holm([None], n_declared=5) == [None]
    with pytest.raises(ValueError, match="at least the 2 p-values, received 1"):
        holm([0.01, 0.02], n_declared=1)


def test_wrong_p_values_are_refused() -> None:
    """A p outside [0, 1] is a mistake upstream, NaN included."""
    with pytest.raises(ValueError, match="lie in"):
        holm([0.5, float("nan")])
