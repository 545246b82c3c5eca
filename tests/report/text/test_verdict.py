"""The verdict says no more than the scores do."""

from typing import Any

import pytest

from stockseq.evaluate.claims import Claim
from stockseq.report.text.verdict import record_sentence, seeds_sentence, verdict
from tests.report.conftest import scores

SCORES: dict[str, Any] = {
    "accuracy_ci": [0.52, 0.542],
    "base_rate": 0.511,
    "chance": 0.501,
    "edge": 0.03,
    "pt_clustered_p": 0.0004,
    "rho_hit": 0.2,
}


def test_shown_skill_is_called_shown() -> None:
    """Accuracy, interval, count, base rate, chance and p are all in it."""
    assert verdict(scores(0.531, **SCORES)) == (
        "Accuracy 53.1% (95% interval 52.0% to 54.2%) on 15,000 forecasts over 500 sessions, against a base rate of "
        "51.1% and chance of 50.1%: skill is shown, an edge of 3.0 points over chance (p below 0.001)."
    )


def test_of_several_claims_the_corrected_p_decides() -> None:
    """.03 alone is skill; after the correction for three claims it is .09, and none."""
    alone = scores(0.531, **{**SCORES, "pt_clustered_p": 0.03})
    assert "skill is shown" in verdict(alone)
    assert "skill is not shown (p 0.090)" in verdict(alone, Claim(p=0.03, p_holm=0.09))


@pytest.mark.parametrize("p", [0.0004, 0.2])
def test_an_edge_below_the_base_rate_says_so(p: float) -> None:
    """Better than chance and still right less often than always up: both are true."""
    assert verdict(scores(0.531, **{**SCORES, "base_rate": 0.56, "pt_clustered_p": p})).endswith(
        "It is below the base rate: always forecasting the more frequent direction was right more often."
    )


@pytest.mark.parametrize(
    ("edge", "asked", "sessions"),
    [(0.02, "2.0", "877"), (0.03, "1.0", "3,504"), (-0.01, "1.0", "3,504"), (0.0, "1.0", "3,504")],
)
def test_skill_not_shown_says_how_long_it_would_take(edge: float, asked: str, sessions: str) -> None:
    """3,865 or 15,457 forecasts x (1 + 29 x .2) / 30; an edge of 3 points should have shown, so one point is asked."""
    sentence = verdict(scores(0.531, **{**SCORES, "edge": edge, "pt_clustered_p": 0.2}))
    assert sentence.endswith(
        f": skill is not shown (p 0.20); to show an edge of {asked} points over chance would take about {sessions} "
        "sessions."
    )


def test_an_edge_that_should_have_shown_is_not_asked_for() -> None:
    """By hand: 15,457 forecasts of 3,000 a session are 6 sessions without correlation; 500 would have shown it."""
    changes = {**SCORES, "edge": 0.0, "pt_clustered_p": 0.2, "rho_hit": 0.0, "n": 1_500_000}
    assert "about 6 sessions would most likely have shown an edge of 1.0 points" in verdict(scores(0.531, **changes))


def test_no_test_is_not_called_luck() -> None:
    """Constant forecasts show neither skill nor its absence."""
    assert "no test of skill is possible" in verdict(scores(0.531, **{**SCORES, "pt_clustered_p": None}))


def test_a_record_is_never_an_accuracy_alone() -> None:
    """Interval, base rate and count stand with it."""
    assert record_sentence(scores(0.531, **SCORES)) == (
        "accuracy 53.1% (95% interval 52.0% to 54.2%), base rate 51.1%, 15,000 forecasts over 500 sessions."
    )


def test_the_seeds_are_a_range() -> None:
    """One network has no spread."""
    seed = {"auc": None, "brier": 0.25, "log_loss": 0.69}
    seeds = [{"seed": name, "accuracy": accuracy, **seed} for name, accuracy in (("0", 0.52), ("1", 0.54))]
    assert seeds_sentence(scores(0.53, seeds=seeds)) == "Each of the 2 seeds alone: 52.0% to 54.0%."
    assert seeds_sentence(scores(0.53, seeds=seeds[:1])) == ""
