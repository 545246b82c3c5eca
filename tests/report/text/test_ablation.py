"""The sentences of an ablation follow from its figures, and claim no more than they show."""

from typing import Any

import pytest

from stockseq.report.text.ablation import summarise, tell

PLAIN = {
    "name": "plain",
    "component": "plain network",
    "claim": None,
    "failure": None,
    "verdict": None,
    "sessions_needed": None,
    "scores": {"accuracy": 0.572, "accuracy_ci": [0.561, 0.583], "n": 15_000, "n_sessions": 500, "base_rate": 0.512,
               "pt_clustered_p": 0.0001},
}  # fmt: skip
GATE = {**PLAIN, "name": "news_gate", "component": "news gate", "claim": "helps", "verdict": "news gate: +0.9 points"}
OPEN = {**PLAIN, "name": "projection", "component": "projection", "claim": "open", "sessions_needed": 780}


def ablation(*variants: dict[str, Any], plain: dict[str, Any] = PLAIN, **changed: Any) -> dict[str, Any]:
    return {
        "n_sessions": 500,
        "base_direction": "up",
        "family": len(variants),
        "edge": 0.01,
        "seeds": [0, 1, 2],
        "variants": [plain, *variants],
        "superior": {"names": [], "size": 0.05, "note": None},
        "confidence_set": {"names": ["plain", *(one["name"] for one in variants)], "size": 0.10, "note": None},
        "optimum": {"accuracy": 0.578},
        "trials": 31,
        **changed,
    }


def test_what_holds_comes_first_with_its_figures() -> None:
    """Then the base rate and the optimum, what is open, and how many configurations were looked at."""
    sentences = summarise(ablation(GATE, OPEN, superior={"names": ["news_gate"], "size": 0.05, "note": None}))
    assert sentences[:2] == [
        "Of 2 components, declared beforehand, 1 holds after correction for all; shown to help: news gate.",
        "news gate: +0.9 points.",
    ]
    assert sentences[2] == (
        "The plain network is right on 57.2% of 15,000 forecasts over 500 sessions (95% interval 56.1% to 58.3%), "
        "beside a base rate of 51.2% (up) and 57.8% that the best forecast can expect: an edge over chance (p below "
        "0.001)."
    )
    assert sentences[3] == (
        "Without evidence: projection. "
        "To tell 1 point of accuracy takes up to 780 sessions (projection) like these 500."
    )
    assert "what adds to accuracy: news gate" in sentences[4]
    assert "The 90% confidence set of the most accurate network leaves out none of the 3 networks." in sentences[4]
    assert sentences[-1] == "Configurations scored on this store so far: 31."


def test_a_family_without_a_claim_says_none() -> None:
    """And what could still have been seen."""
    sentences = summarise(ablation({**OPEN, "sessions_needed": 400}))
    assert sentences[0] == "Of 1 component, declared beforehand, none is shown to help or to harm."
    assert "1 point of accuracy would most likely have shown within these 500 sessions" in sentences[2]


def test_a_plain_network_without_skill_is_told() -> None:
    """A component that was added to chance was not judged on a working network."""
    chance = {**PLAIN, "scores": {**PLAIN["scores"], "pt_clustered_p": 0.4}}
    assert "shows no skill itself (p 0.40)" in summarise(ablation(OPEN, plain=chance))[1]


def test_one_seed_and_a_failed_variant_are_told() -> None:
    """Nothing that weakens the run is silent."""
    failed = {**OPEN, "claim": "failed", "failure": "4 of 4 networks failed.", "scores": None, "sessions_needed": None}
    sentences = summarise(ablation(failed, seeds=[0]))
    assert "projection could not be judged: 4 of 4 networks failed." in sentences
    assert any(sentence.startswith("One seed was fitted") for sentence in sentences)


@pytest.mark.parametrize(
    ("claim", "needed", "end"),
    [
        ("harms", None, "harms, which holds after Holm's correction for 14 variants"),
        ("open", 400, "though 1 point would most likely have shown in 500 sessions"),
        ("open", None, "so few seeds hide 1 point by their luck alone: fit more"),
        ("contradicts", None, "directions and strength contradict each other, each beyond noise after Holm"),
    ],
)
def test_each_component_has_its_sentence(claim: str, needed: int | None, end: str) -> None:
    """What holds, what would have shown, and what can't be told."""
    accuracy = {"difference": -0.01, "ci": [-0.02, -0.001], "standard_error": 0.005}
    judged = {"accuracy": accuracy, "claim": claim, "n_sessions": 500, "sessions_needed": needed}
    assert tell("projection", judged, 14).endswith(end)
