"""Leaks in the fit and in its folds: fitted by the real code on everything, and on what the cut's morning knew."""

from collections.abc import Callable
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import pipelines.audit_models as models
import stockseq.dataset.walk_forward as folds_module
import stockseq.models.training as training
from pipelines.audit_models import cut_folds, examine_model
from stockseq.dataset.panel import Panel
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.dataset.walk_forward import Fold
from stockseq.evaluate.lookahead import Finding
from stockseq.models.model import Model
from tests.leaks.world import World, make_world

Plant = Callable[[pytest.MonkeyPatch], None]


class Calibrated(Model):
    """A model whose probabilities are moved to the share of rises that the test had."""

    def forecast(self, panel: Panel, ends: Any, *, volatility: Any = None) -> Any:
        given = super().forecast(panel, ends, volatility=volatility)
        shift = self.record["risen"] - given["probability_up"].mean()
        return given.assign(probability_up=(given["probability_up"] + shift).clip(0, 1))


def fitting(change: Callable[..., Any]) -> Plant:
    """Plant a leak in the fit: `change` gets the real fit and what it is given."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = models.fit
        monkeypatch.setattr(models, "fit", lambda context, prepared, fold: change(real, context, prepared, fold))

    return plant


def learning(name: str, learn: Callable[..., Any]) -> Plant:
    """Plant a leak in what is learnt of the whole panel instead of the training rows."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = training.fit_model

        def leaky(panel: Panel, *given: Any, **options: Any) -> Model:
            monkeypatch.setattr(training, name, SimpleNamespace(fit=lambda _, **more: learn(panel, **more)))
            return real(panel, *given, **options)

        monkeypatch.setattr("pipelines.train.fit_model", leaky)

    return plant


def stopping_on_test(real: Any, context: Any, prepared: Any, fold: Fold) -> Model:
    return real(context, prepared, replace(fold, validation=fold.test))


def learning_the_test(real: Any, context: Any, prepared: Any, fold: Fold) -> Model:
    return real(context, prepared, replace(fold, train=fold.train.union(fold.test[:-1])))


def calibrated_on_test(real: Any, context: Any, prepared: Any, fold: Fold) -> Model:
    model, test = real(context, prepared, fold), prepared.samples.on(fold.test)
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return Calibrated(**{**values, "record": {"risen": float(test.up.mean()) if len(test) else 0.5}})


# What is planted, and the check that catches it. Each network is fitted for one epoch.
LEAKS: dict[str, tuple[Plant, str]] = {
    "scaler on all dates": (learning("Scaler", lambda panel: Scaler.fit(panel.indicators)), "scaler"),
    "vocabulary on all text": (
        learning("Vocabulary", lambda panel, **more: Vocabulary.fit(panel.texts, **more)),
        "vocabulary",
    ),
    "early stopping on test": (fitting(stopping_on_test), "training"),
    "test sessions in the training": (fitting(learning_the_test), "training"),
    "calibration on test": (fitting(calibrated_on_test), "forecasts"),
}


def findings(world: World) -> Any:
    """Yield what the audit finds in the first fold, as it finds it."""
    context, prepared = world.describer.context, world.describer.prepare(world.tables)
    for fold in cut_folds(context, prepared, n_models=1):
        for _, compared in examine_model(world.describer, world.tables, prepared, fold, seed=7):
            yield from compared.findings


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_in_the_fit_is_caught_by_its_check(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them shows in the data, and each flatters what is reported."""
    plant, check = LEAKS[leak]
    plant(monkeypatch)
    assert any(finding.artefact == check for finding in findings(make_world()))


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_an_honest_fit_forecasts_the_same_to_the_bit_without_the_future(seed: int) -> None:
    """Determinism is on, so nothing but the future can make a difference."""
    assert [finding.sentence for finding in findings(make_world(seed))] == []


def only_the_gap(sessions: Any, settings: Any, lag: int, horizon: int) -> int:
    return settings.gap


def unpurged_validation(sessions: pd.DatetimeIndex, settings: Any, purge: int, start: int, stop: int) -> Fold:
    end = start - purge
    validation = end - settings.validation_size
    return Fold(sessions[:validation], sessions[validation:end], sessions[start:stop])


# A label from one open to the next ends after the next session's decision.
@pytest.mark.parametrize(
    ("name", "leaky", "learnt", "judged"),
    [
        ("_purge", only_the_gap, "validation", "test"),
        ("_purge", only_the_gap, "train", "validation"),
        ("_fold", unpurged_validation, "train", "validation"),
    ],
)
def test_labels_that_reach_into_what_they_are_judged_on_are_caught_by_the_fold(
    name: str, leaky: Any, learnt: str, judged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purge that forgets the horizon, and a validation without one."""
    monkeypatch.setattr(folds_module, name, leaky)
    found = _of_the_fold(make_world(label="open_to_next_open"))
    assert any(finding.column == learnt and f"first decision of {judged}" in finding.what for finding in found)


def test_the_real_purge_leaves_no_overlap() -> None:
    """The same check, without a leak."""
    assert _of_the_fold(make_world(label="open_to_next_open")) == ()


def _of_the_fold(world: World) -> tuple[Finding, ...]:
    prepared = world.describer.prepare(world.tables)
    (fold,) = cut_folds(world.describer.context, prepared, n_models=1)
    _, compared = next(examine_model(world.describer, world.tables, prepared, fold, seed=7))
    return compared.findings
