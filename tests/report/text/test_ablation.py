"""The sentences of an ablation follow from its figures, and claim no more than they show."""

from typing import Any

import pytest

from stockseq.report.text.ablation import (
    ablation_limits,
    ablation_sentences,
    chosen_pairs,
    component_sentence,
    network_name,
    undecided_sentences,
)
from tests.report.made_up_ablation import (
    made_up_ablation,
    made_up_effect,
    made_up_result,
    made_up_test,
    made_up_variant,
)
from tests.report.made_up_scores import made_up_scores

PLAIN = made_up_variant("plain", "plain", 0.572, component="plain network", changes="")
GAIN = made_up_test(0.009, 0.006, 0.04)
GATE = made_up_variant("news_gate", "layer", 0.58, claim="helps", effect=made_up_effect(GAIN, None, GAIN))
OPEN = made_up_variant(
    "projection", "layer", 0.57, claim="open", sessions_needed=780, effect=made_up_effect(GAIN, None, GAIN)
)


def result(*variants: dict[str, Any], plain: dict[str, Any] = PLAIN, **changes: Any) -> Any:
    names = [plain["name"], *(variant["name"] for variant in variants if variant["scores"])]
    return made_up_result(
        variants=[plain, *variants],
        family=len(variants),
        superior={"names": [], "size": 0.05, "note": None},
        confidence_set={"names": names, "size": 0.10, "note": None},
        **changes,
    )


def test_what_holds_comes_first_with_its_figures():
    """Then the base rate and the optimum, what is open, and how many configurations were looked at."""
    superior = {"names": ["news_gate"], "size": 0.05, "note": None}
    sentences = ablation_sentences(
        made_up_result(
            variants=[PLAIN, GATE, OPEN],
            family=2,
            superior=superior,
            confidence_set={"names": ["plain", "news_gate", "projection"], "size": 0.10, "note": None},
        )
    )
    assert sentences == [
        "Of 2 components, declared beforehand, 1 holds after correction for all; shown to help: news gate.",
        "news gate: +0.9 points [+0.3, +1.5], holds after Holm's correction for 2 variants.",
        "The plain network is right on 57.2% of 15,000 forecasts over 500 sessions (95% interval 56.2% to 58.2%), "
        "beside a base rate of 51.2% (up) and 57.9% that the best forecast can expect: an edge over chance (p below "
        "0.001).",
        "Without evidence: projection. To tell 1 point of accuracy from luck takes up to 780 sessions (projection) "
        "like these 500.",
        "Tested together (stepwise bootstrap over sessions, which allows for variants being alike, but not for the "
        "luck of seeds), what adds to accuracy: news gate. The 90% confidence set of the most accurate network leaves "
        "out none of the 3 networks.",
        "Configurations scored on this store so far: 31.",
    ]


def test_a_family_without_a_claim_says_none():
    """And what would still have shown."""
    sentences = ablation_sentences(result({**OPEN, "sessions_needed": 400}))
    assert sentences[0] == "Of 1 component, declared beforehand, none is shown to help or to harm."
    assert "1 point of accuracy would most likely have shown within these 500 sessions" in sentences[2]


def test_a_plain_network_without_skill_is_called_so():
    """A component that was added to chance was not judged on a working network."""
    chance = {**PLAIN, "scores": made_up_scores(0.51, pt_clustered_p=0.4)}
    assert "shows no skill itself (p 0.40)" in ablation_sentences(result(OPEN, plain=chance))[1]


def test_one_seed_and_a_failed_variant_are_said():
    """Nothing that weakens the run is silent."""
    failed = {**OPEN, "claim": "failed", "failure": "4 of 4 networks failed.", "scores": None, "effect": None}
    sentences = ablation_sentences(result(failed, seeds=[0]))
    assert "projection could not be judged: 4 of 4 networks failed." in sentences
    assert any(sentence.startswith("One seed was fitted") for sentence in sentences)


def test_sets_that_could_not_be_tested_say_why():
    """Their note stands in place of the names."""
    note = {"names": [], "size": 0.05, "note": "Four sessions are too few."}
    assert "Four sessions are too few." in ablation_sentences(made_up_result(superior=note))


def test_the_confidence_set_names_networks_and_stepm_components():
    """What may be the best is the network without text; what StepM finds is that text adds."""
    ablation = made_up_ablation()
    ablation["confidence_set"]["names"] = ["plain", "news_gate", "without_text"]
    ablation["superior"]["names"] = ["without_text"]
    (sentence,) = [text for text in ablation_sentences(made_up_result(**ablation)) if text.startswith("Tested")]
    assert "what adds to accuracy: text input." in sentence
    assert sentence.endswith("has plain network, news gate and without text input.")
    assert network_name(made_up_result().variants[3]) == "without text input"


@pytest.mark.parametrize(
    ("claim", "needed", "end"),
    [
        ("harms", None, "harms, which holds after Holm's correction for 1 variant"),
        ("open", 400, "though 1 point would most likely have shown in 500 sessions"),
        ("open", 780, "no evidence at this size (+0.9 points [+0.3, +1.5]); 780 sessions would be needed for 1 point"),
        ("open", None, "sessions and seeds are both too few for 1 point, sessions first"),
        ("contradicts", None, "these contradict each other, at least two of them beyond noise after Holm's correction"),
    ],
)
def test_each_component_has_its_sentence(claim, needed, end):
    """What holds, what would have shown, and what can't be said."""
    judged = result({**OPEN, "claim": claim, "sessions_needed": needed})
    assert component_sentence(judged.components[0], judged).endswith(end)


def test_more_seeds_are_asked_for_only_where_they_leave_most_of_the_doubt():
    """A seed error of 0.9 points beside a standard error of 0.3."""
    noisy = {**GAIN, "standard_error": 0.003, "seed_error": 0.009}
    judged = result({**OPEN, "sessions_needed": None, "effect": made_up_effect(noisy, None, noisy)})
    assert component_sentence(judged.components[0], judged).endswith("may hide 1 point: fit more seeds")


def test_a_difference_without_noise_cannot_be_tested():
    """A copy of the plain network."""
    same = {**GAIN, "difference": 0.0, "standard_error": 0.0}
    judged = result({**OPEN, "effect": made_up_effect(same, None, same)})
    assert undecided_sentences(judged) == [
        "projection: the difference is the same in every session, so nothing can be tested."
    ]


def test_limits_follow_from_the_figures():
    """Three seeds, one open component of 780 sessions where there are 500, and 31 configurations."""
    text = " ".join(ablation_limits(made_up_result()))
    assert text.startswith("Of 1 component neither help nor harm is shown")
    assert "To tell an edge of 1.0 points from luck would take 780 sessions; there are 500." in text
    assert "trained from 3 seeds" in text
    assert "Only the best pair" in text
    assert "31 configurations" in text
    assert "how they work together was not tested" in " ".join(ablation_limits(result(GATE, trials=None)))


@pytest.mark.parametrize("n_seeds", [1, 5])
def test_seeds_are_a_limit_only_where_they_are_few(n_seeds):
    """One says nothing of luck; of five, the spread is known well enough."""
    text = " ".join(ablation_limits(made_up_result(seeds=list(range(n_seeds)))))
    assert ("from one seed" in text) == (n_seeds == 1)
    assert "rained from 5 seeds" not in text


def test_the_pair_of_each_fold_is_listed():
    """By fold, from 1."""
    assert chosen_pairs(made_up_result()) == [(f"Fold {fold}", "news_gate + projection") for fold in range(1, 5)]
