"""Leaks in the fit and in its folds: fitted by the real code on everything, and on what the cut's morning knew."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stockseq.dataset.folds as folds_module
import stockseq.models.training as training
from stockseq.audit.models import choose_folds, examine_model
from stockseq.audit.result import Disorder, Finding
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.dataset.panel import Panel
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.dataset.windows import Windows
from stockseq.models.cross_section import fit_scaler
from stockseq.models.distribution import calibrate, read_outputs
from stockseq.models.forecaster import Forecaster
from stockseq.models.matrix import make_predictor
from stockseq.models.model import Model
from stockseq.report.text.audit import finding_sentence
from tests.leaks.world import World, make_world

Plant = Callable[[pytest.MonkeyPatch], None]


class Calibrated(Model):
    """A model whose probabilities are moved to the share of rises that the test had."""

    risen: float

    def forecast(self, panel: Panel, windows: Windows) -> Any:
        given = super().forecast(panel, windows)
        shift = self.risen - given["probability_up"].mean()
        return given.assign(probability_up=(given["probability_up"] + shift).clip(0, 1))


def fitting(change: Callable[..., Any]) -> Plant:
    """Plant a leak in the fit: `change` gets the real fit and what it is given."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = Forecaster.fit_fold
        monkeypatch.setattr(
            Forecaster, "fit_fold", lambda self, data, fold: change(lambda *given: real(self, *given), data, fold)
        )

    return plant


def learning(name: str, stand_in: Callable[[Panel], Any]) -> Plant:
    """Plant a leak in what is learnt of the whole panel instead of the training rows, in place of the real name."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = training.fit_model

        def leaky(panel: Panel, *given: Any, **options: Any) -> Model:
            monkeypatch.setattr(training, name, stand_in(panel))
            return real(panel, *given, **options)

        monkeypatch.setattr(training, "fit_model", leaky)

    return plant


def stopping_on_test(fit: Any, data: Dataset, fold: Fold) -> Model:
    return fit(data, replace(fold, validation=fold.test))


def learning_the_test(fit: Any, data: Dataset, fold: Fold) -> Model:
    return fit(data, replace(fold, train=fold.train.union(fold.test[:-1])))


def calibrated_on_test(fit: Any, data: Dataset, fold: Fold) -> Model:
    model, test = fit(data, fold), data.samples.on(fold.test)
    calibrated = Calibrated(**{field.name: getattr(model, field.name) for field in fields(model)})
    object.__setattr__(calibrated, "risen", float(test.up.mean()) if len(test) else 0.5)
    return calibrated


def intervals_of_the_test(fit: Any, data: Dataset, fold: Fold) -> Model:
    model, test = fit(data, fold), data.samples.on(fold.test)
    if not len(test):
        return model
    matrix, ends = model.read(data.panel, test.ends)
    outputs = [make_predictor(network, matrix.reader())(ends) for network in model.networks]
    readings = read_outputs(outputs, test.volatility)
    return replace(model, calibration=calibrate(readings, test.volatility, test.realised_return))


class Sized(Model):
    """A model whose sigma is the size of the move that it is to forecast."""

    labels: pd.DataFrame

    def forecast(self, panel: Panel, windows: Windows) -> Any:
        given = super().forecast(panel, windows)
        realised = given.merge(self.labels, on=["ticker", "session"], how="left")["realised_variance"] ** 0.5
        return given.assign(sigma=realised.fillna(given["sigma"]))


def sized_by_the_label(fit: Any, data: Dataset, fold: Fold) -> Model:
    model = fit(data, fold)
    sized = Sized(**{field.name: getattr(model, field.name) for field in fields(model)})
    object.__setattr__(sized, "labels", data.labels[["ticker", "session", "realised_variance"]])
    return sized


def scaler_of_all(panel: Panel) -> Any:
    return lambda _, rows, names: fit_scaler(panel, np.arange(len(panel)), names)


def vocabulary_of_all(panel: Panel) -> Any:
    return SimpleNamespace(fit=lambda _, **more: Vocabulary.fit(panel.texts, **more))


# What is planted, and the check that catches it. Each network is fitted for one epoch.
LEAKS: dict[str, tuple[Plant, str]] = {
    "scaler on all dates": (learning("fit_scaler", scaler_of_all), "scaler"),
    "vocabulary on all text": (
        learning("Vocabulary", vocabulary_of_all),
        "vocabulary",
    ),
    "early stopping on test": (fitting(stopping_on_test), "training"),
    "test sessions in the training": (fitting(learning_the_test), "training"),
    "calibration on test": (fitting(calibrated_on_test), "forecasts"),
    "intervals from residuals of the test": (fitting(intervals_of_the_test), "training"),
    "sigma of the labelled session": (fitting(sized_by_the_label), "forecasts"),
}


def findings(world: World) -> Iterator[Finding]:
    """Yield what the audit finds in the first fold, as it finds it."""
    data = world.pipeline.dataset(world.market)
    for fold in choose_folds(world.pipeline, data, n_models=1):
        for _, compared in examine_model(world.pipeline, data, fold, seed=7):
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
    assert [finding_sentence(finding) for finding in findings(make_world(seed))] == []


def only_the_gap(sessions: Any, settings: Any, lag: int, horizon: int) -> int:
    return settings.gap


def unpurged_validation(sessions: pd.DatetimeIndex, settings: Any, purge: int, start: int, stop: int) -> Fold:
    end = start - purge
    validation = end - settings.validation_size
    return Fold(sessions[:validation], sessions[validation:end], sessions[start:stop])


def a_session_less(sessions: pd.DatetimeIndex, settings: Any, lag: int, horizon: int) -> int:
    return lag + horizon - 1 + int(settings.gap)


# A label from one open to a later one ends after that session's decision.
@pytest.mark.parametrize("label", ["open_to_next_open", "open_to_open(5)"])
@pytest.mark.parametrize(
    ("name", "leaky", "learnt", "judged"),
    [
        ("_purge", only_the_gap, "validation", "test"),
        ("_purge", only_the_gap, "train", "validation"),
        ("_purge", a_session_less, "validation", "test"),
        ("_purge", a_session_less, "train", "validation"),
        ("_fold", unpurged_validation, "train", "validation"),
    ],
)
def test_labels_that_reach_into_what_they_are_judged_on_are_caught_by_the_fold(
    label: str, name: str, leaky: Any, learnt: str, judged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purge that forgets the horizon or is a session shorter, and a validation without one."""
    monkeypatch.setattr(folds_module, name, leaky)
    found = find_in_the_fold(make_world(label=label))
    assert any(
        finding.column == learnt and isinstance(finding.evidence, Disorder) and finding.evidence.judged == judged
        for finding in found
    )


@pytest.mark.parametrize("label", ["open_to_next_open", "open_to_open(5)"])
def test_the_real_purge_leaves_no_overlap(label: str) -> None:
    """The same check, without a leak."""
    assert find_in_the_fold(make_world(label=label)) == ()


def test_a_trade_of_several_sessions_is_audited_clean() -> None:
    """Labels, samples and models of five sessions stay what they were when the future is cut or poisoned."""
    world = make_world(label="open_to_open(5)", cuts=(126,))
    assert list(world.findings()) == []
    data = world.pipeline.dataset(world.market)
    (fold,) = choose_folds(world.pipeline, data, n_models=1)
    found = [compared.findings for _, compared in examine_model(world.pipeline, data, fold, seed=7)]
    assert found
    assert not any(found)


def find_in_the_fold(world: World) -> tuple[Finding, ...]:
    data = world.pipeline.dataset(world.market)
    (fold,) = choose_folds(world.pipeline, data, n_models=1)
    _, compared = next(examine_model(world.pipeline, data, fold, seed=7))
    return compared.findings
