"""The sentence says no more than the scores do."""

from typing import Any

import pytest

from stockseq.report.text.verdict import verdict

SCORES: dict[str, Any] = {
    "n": 15000,
    "n_sessions": 500,
    "accuracy": 0.531,
    "accuracy_ci": [0.52, 0.542],
    "base_rate": 0.511,
    "chance": 0.501,
    "edge": 0.03,
    "pt_clustered_p": 0.0004,
    "rho_hit": 0.2,
}


def test_shown_skill_is_called_shown() -> None:
    """Accuracy, count, interval, base rate, chance and p are all in it."""
    sentence = verdict(SCORES)
    for part in ("53.1%", "15,000 forecasts", "500 sessions", "52.0% to 54.2%", "51.1%", "50.1%"):
        assert part in sentence
    assert sentence.endswith("an edge of 3.0 points over chance is shown (p below 0.001).")


def test_an_edge_below_the_base_rate_says_so() -> None:
    """Better than chance and still right less often than always up: both are true."""
    sentence = verdict({**SCORES, "base_rate": 0.56})
    assert sentence.endswith(
        "an edge of 3.0 points over chance is shown (p below 0.001); below the base rate: always naming the commoner "
        "direction was right more often."
    )
    assert "below the base rate" in verdict({**SCORES, "base_rate": 0.56, "pt_clustered_p": 0.2})
    assert "below the base rate" not in verdict(SCORES)


@pytest.mark.parametrize(
    ("edge", "asked", "sessions"),
    [(0.02, "2.0", "877"), (0.03, "1.0", "3,504"), (-0.01, "1.0", "3,504"), (0.0, "1.0", "3,504")],
)
def test_skill_not_shown_says_how_long_it_would_take(edge: float, asked: str, sessions: str) -> None:
    """3,865 or 15,457 forecasts x (1 + 29 x .2) / 30; an edge of 3 points should have shown, so one point is asked."""
    sentence = verdict({**SCORES, "edge": edge, "pt_clustered_p": 0.2})
    assert f"skill is not shown (p 0.20), and to tell an edge of {asked} points over chance from luck" in sentence
    assert f"about {sessions} sessions" in sentence


def test_no_test_is_not_called_luck() -> None:
    """Constant forecasts show neither skill nor its absence."""
    assert "no test of skill is possible" in verdict({**SCORES, "pt_clustered_p": None})
