"""The family: what is fitted, in what order, which pair each fold chooses, and the ensemble of each variant."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest

from stockseq.ablation import fits
from stockseq.ablation.family import FittedFamily, build_networks, choose_pairs, fit_family
from stockseq.errors import PluginError, SettingsError, TrainingFailed
from stockseq.models.settings import NetworkSettings
from stockseq.models.variants import AblationSettings, Variant
from tests.ablation.family_of_fits import failed_fit, made_up_fit

VARIANTS = {
    "news_gate": {"network": {"within": "news_gate"}},
    "projection": {"network": {"after": "projection", "after_options": {"dimension": 2}}},
    "without_text": {"without": ["text"]},
}


@pytest.fixture
def fit_made_up(monkeypatch) -> list[Any]:
    """Let every fit be a made-up one, that of the projection the best on validation sessions; return the tasks."""
    tasks: list[Any] = []

    def fit(task: Any, panel: Any, samples: Any) -> Any:
        tasks.append(task)
        if task.network.units == 99:
            return failed_fit("It can't.")
        return made_up_fit(task.number, task.seed, validation_loss=0.6 if task.variant == "projection" else 0.7)

    monkeypatch.setattr(fits, "fit_one", fit)
    return tasks


def losses(**by_variant: list[float | None]) -> dict[str, dict[tuple[int, int], Any]]:
    """Return fits of one seed, with the validation loss of each fold."""
    return {
        name: {(fold, 0): made_up_fit(fold, validation_loss=loss) for fold, loss in enumerate(values, start=1)}
        for name, values in by_variant.items()
    }


def test_every_variant_is_fitted_on_the_same_folds_and_seeds(fit_made_up, forecaster, data, folds):
    """Two folds and two seeds of five networks: else a difference would be of them."""
    family = fit_family(forecaster, data, folds, AblationSettings(variants=VARIANTS))
    assert list(family.variants) == ["plain", *VARIANTS, "best_pair"]
    assert family.n_declared == 4
    assert Counter(task.variant for task in fit_made_up) == dict.fromkeys(family.variants, 4)
    assert all(task.fold is folds[task.number - 1] for task in fit_made_up)
    assert {task.seed for task in fit_made_up} == {0, 1}
    assert [task.sentiment for task in fit_made_up] == [True] * 20
    rows = {name: frame[["ticker", "session", "fold"]] for name, frame in family.forecasts.items()}
    assert all(frame.equals(rows["plain"]) for frame in rows.values())
    assert repr(family) == "FittedFamily(4 variants and the plain network, 2 folds, 2 seeds, 0 failed)"


def test_every_variant_comes_early(fit_made_up, forecaster, data, folds):
    """Then the time left is known early."""
    fit_family(forecaster, data, folds, AblationSettings(variants=VARIANTS, best_pair=False))
    assert [task.variant for task in fit_made_up[:4]] == ["plain", *VARIANTS]


def test_the_best_pair_is_fitted_with_both_layers(fit_made_up, forecaster, data, folds):
    """Input removals take no part, and the trial's name says what was joined."""
    family = fit_family(forecaster, data, folds, AblationSettings(variants=VARIANTS))
    assert family.pairs == (("projection", "news_gate"),) * 2
    pair = fit_made_up[-1].network
    assert (pair.within, pair.after, pair.after_options) == ("news_gate", "projection", {"dimension": 2})
    assert family.trial_name("best_pair") == ("ablation best_pair (projection + news_gate; projection + news_gate)")
    assert family.trial_name("without_text") == "ablation without_text (without text)"
    assert family.trial_name("plain") == "ablation plain"


def test_a_variant_that_fails_is_left_out_of_the_forecasts_and_stays_declared(fit_made_up, forecaster, data, folds):
    """Else the family would be chosen after the fact."""
    variants = {**VARIANTS, "wide": {"network": {"units": 99}}}
    family = fit_family(forecaster, data, folds, AblationSettings(variants=variants, best_pair=False))
    assert family.forecasts.keys() == {"plain", *VARIANTS}
    assert family.n_declared == 4


def test_nothing_is_judged_by_a_plain_network_that_fails(fit_made_up, forecaster, data, folds):
    """There is nothing to judge by, and hours to lose."""
    wide = forecaster.network.model_copy(update={"units": 99})
    plain = type(forecaster)(wide, forecaster.training)
    with pytest.raises(TrainingFailed, match="no variant can be judged: It can't"):
        fit_family(plain, data, folds, AblationSettings(variants=VARIANTS))
    assert len(fit_made_up) == 1


def test_a_pair_that_cannot_be_chosen_counts_as_failed(monkeypatch, forecaster, data, folds):
    """It was declared: without validation sessions no fold can choose."""
    monkeypatch.setattr(fits, "fit_one", lambda task, panel, samples: made_up_fit(task.number, task.seed))
    family = fit_family(forecaster, data, folds, AblationSettings(variants=VARIANTS))
    assert family.pairs == ()
    assert family.n_declared == 4
    assert "best_pair" not in family.forecasts
    (fit,) = family.fits["best_pair"].values()
    assert "fewer than two slots" in fit.record.failure


def test_each_fold_chooses_by_its_own_validation_sessions():
    """By hand: of the layers within the first has the lower loss in fold 1, the second in fold 2."""
    slots = {"gate": "within", "aware": "within", "projection": "after"}
    family = losses(gate=[0.6, 0.7], aware=[0.65, 0.6], projection=[0.64, 0.64])
    assert choose_pairs(slots, family, 2) == (("gate", "projection"), ("aware", "projection"))


@pytest.mark.parametrize("projection", [None, 0.6])
def test_no_pair_is_chosen_of_fewer_than_two_slots(projection):
    """A layer that was not fitted in a fold is none there."""
    slots = {"gate": "within", "projection": "after" if projection is None else "within"}
    assert choose_pairs(slots, losses(gate=[0.6], projection=[projection]), 1) == ()


def test_the_ensemble_is_the_mean_of_its_seeds():
    """With each seed's forecasts beside it, fold after fold."""
    members = {(fold, seed): made_up_fit(fold, seed) for fold in (2, 1) for seed in (0, 1)}
    family = FittedFamily({"plain": Variant()}, {"plain": members}, (), 2, (0, 1))
    frame = family.forecasts["plain"]
    assert frame["fold"].tolist() == [1] * 40 + [2] * 40
    for name in ("probability_up", "expected_return"):
        mean = (frame[f"{name}_seed_0"] + frame[f"{name}_seed_1"]) / 2
        pd.testing.assert_series_equal(frame[name], mean, check_names=False)
    assert frame["probability_up_seed_1"].tolist()[:40] == members[1, 1].forecasts["probability_up"].tolist()


@pytest.mark.parametrize(
    ("network", "error", "sentence"),
    [
        ({"within": "news_gat"}, PluginError, "The variant mine can't be built.*did you mean `news_gate`"),
        ({"afterr": "projection"}, SettingsError, "no setting `afterr`; did you mean `after`"),
        ({"units": 0}, SettingsError, "The variant mine can't be made"),
    ],
)
def test_a_variant_that_cannot_be_made_is_refused_before_anything_is_fetched(network, error, sentence):
    """A misspelt name must not cost hours."""
    with pytest.raises(error, match=sentence):
        build_networks(AblationSettings(variants={"mine": {"network": network}}), NetworkSettings())


def test_layers_that_do_not_compose_are_refused_before_any_network_is_fitted(fit_made_up, forecaster, data, folds):
    """A layer that gives one vector per window can't be followed by one that reads sessions."""
    both = {"both": {"network": {"before": "temporal_convolution + causal_normalisation"}}}
    with pytest.raises(PluginError, match="The variant both can't be built"):
        fit_family(forecaster, data, folds, AblationSettings(variants=both))
    assert fit_made_up == []
