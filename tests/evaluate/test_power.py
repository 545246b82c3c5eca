"""Sample sizes of the specification."""

import pytest

from stockseq.evaluate.power import forecasts_needed, sessions_needed


@pytest.mark.parametrize(("accuracy", "n"), [(0.51, 15457), (0.52, 3865), (0.53, 1718), (0.55, 619), (0.58, 242)])
def test_forecasts_to_tell_an_accuracy(accuracy: float, n: int) -> None:
    """One-sided 5 %, power 80 % (EVALUATION 3)."""
    assert forecasts_needed(accuracy - 0.5) == n


def test_tickers_that_move_together_tell_less() -> None:
    """3,865 x (1 + 29 x .2) / 30 = 876.07; with no correlation 128.8; with a full one as many as one ticker."""
    assert sessions_needed(0.02, 30, 0.2) == 877
    assert sessions_needed(0.02, 30, 0.0) == 129
    assert sessions_needed(0.02, 30, -0.3) == 129
    assert sessions_needed(0.02, 30, 1.0) == 3865


def test_no_edge_can_not_be_told() -> None:
    """No number of sessions tells nothing from nothing."""
    with pytest.raises(ValueError, match="above 0"):
        forecasts_needed(0.0)
    with pytest.raises(ValueError, match="at least 1"):
        sessions_needed(0.01, 0, 0.1)
