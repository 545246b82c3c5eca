"""A fitted family becomes a result: what each variant is, scores, costs and learnt."""

import json

import pytest

from stockseq.ablation.ablation import judge_ablation
from stockseq.ablation.family import FittedFamily
from stockseq.ablation.result import AblationResult
from stockseq.models.variants import Variant
from stockseq.sources.simulated.market import Optimum
from tests.ablation.family_of_fits import failed_fit, made_up_fit

VARIANTS = {
    "plain": Variant(),
    "news_gate": Variant(network={"within": "news_gate"}),
    "without_text": Variant(without=("text",)),
    "wide": Variant(network={"units": 16}),
    "overflow": Variant(network={"after": "projection"}),
    "best_pair": Variant(),
}
READINGS = ({"Gate": {"scale": 0.2, "units": [1.0, 3.0]}}, {"Gate": {"scale": 0.4, "units": [2.0, 5.0]}})
KEYS = [(fold, seed) for fold in (1, 2) for seed in (0, 1)]


@pytest.fixture(scope="module")
def result() -> AblationResult:
    """Two folds, two seeds; one variant failed on one of its four networks."""
    fits = {name: {key: made_up_fit(*key, right=0.6) for key in KEYS} for name in VARIANTS}
    fits["news_gate"] = {
        (fold, seed): made_up_fit(fold, seed, right=0.8, readings=READINGS[seed], seconds_per_epoch=fold, n_weights=120)
        for fold, seed in KEYS
    }
    fits["overflow"][2, 1] = failed_fit("The loss is no number any more.")
    pairs = (("news_gate", "overflow"), ("overflow", "news_gate"))
    family = FittedFamily(VARIANTS, fits, pairs, 2, (0, 1))
    best = Optimum(n=80.0, accuracy=0.6, log_loss=0.6, brier=0.2, ic=0.1)
    return judge_ablation(family, optimum=best, seed=0)


def test_each_variant_is_what_it_changes(result):
    """What is judged has a name, a kind and the words of its settings."""
    assert [(variant.component, variant.kind, variant.changes) for variant in result.variants] == [
        ("plain network", "plain", ""),
        ("news gate", "layer", "within = news_gate"),
        ("text input", "input", "without text"),
        ("wide", "other", "units = 16"),
        ("overflow", "layer", "after = projection"),
        ("best pair of layers", "pair", ""),
    ]
    assert result.variants[-1].chosen == ("news_gate + overflow", "overflow + news_gate")
    assert (result.n, result.n_sessions, result.family, result.n_folds, result.seeds) == (80, 40, 5, 2, (0, 1))
    assert (result.base_rate, result.base_direction) == (0.5, "up")
    assert result.optimum.accuracy == 0.6


def test_a_failed_variant_counts_and_has_no_figures(result):
    """It shows nothing, and the correction is for it too."""
    failed = result.variants[4]
    assert failed.claim == "failed"
    assert failed.failure == "1 of 4 networks failed, first: The loss is no number any more."
    assert failed.scores is failed.effect is failed.by_fold is failed.seeds is None
    tests = [variant.effect.accuracy for variant in result.components if variant.effect and variant.effect.accuracy.p]
    # No session has the five tickers of a coefficient, so five variants are five tests.
    assert min(test.p_holm for test in tests) == pytest.approx(min(1.0, 5 * min(test.p for test in tests)))


def test_what_a_network_costs_is_beside_the_plain_one(result):
    """By hand: epochs of 1 and 2 seconds have a median of 1.5, three times the plain network's 0.5."""
    plain, gate = result.plain.cost, result.variants[1].cost
    assert (plain.ratio, plain.seconds_per_epoch, plain.n_epochs, plain.n_weights) == (1.0, 0.5, 3.0, 100)
    assert (gate.ratio, gate.n_weights) == (3.0, 120)


def test_seeds_spread_by_their_standard_deviation(result):
    """Of two values it is their distance over the root of two."""
    seeds = result.variants[1].seeds
    assert seeds.spread == pytest.approx(abs(seeds.accuracy[0] - seeds.accuracy[1]) / 2**0.5)
    assert result.plain.seeds.effect_spread is None
    assert seeds.effect_spread is not None


def test_readings_are_the_mean_over_the_seeds_of_the_last_fold(result):
    """By hand: the means of .2 and .4, of 1 and 2, of 3 and 5."""
    readings = result.variants[1].readings["Gate"]
    assert readings["scale"] == pytest.approx(0.3)
    assert readings["units"] == [1.5, 4.0]
    assert result.plain.readings == result.variants[4].readings == {}


def test_a_result_comes_back_from_its_json(result):
    """The page is drawn from the file alone."""
    assert AblationResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_result_says_what_it_found(result):
    """In a line, and as a table of the components in a notebook."""
    assert repr(result).startswith("AblationResult(5 components on 80 forecasts of 40 sessions; ")
    assert "failed: overflow" in repr(result)
    html = result._repr_html_()
    assert html.count("<tr>") == 6
    assert "<td>news gate</td>" in html
