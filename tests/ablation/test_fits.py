"""Networks are fitted one by one; what was fitted is saved by what it depends on, and failures are recorded."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.ablation import fits
from stockseq.ablation.fits import (
    FitCache,
    FitRecord,
    FitTask,
    NetworkFit,
    _LookTimes,
    fit_one,
    fit_tasks,
    select_features,
)
from stockseq.errors import TrainingFailed
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.settings import NetworkSettings, TrainingSettings

# The penalty is beyond what a float can hold.
OVERFLOW = {"after": "projection", "after_options": {"dimension": 2, "orthogonality": 3e38}}


@pytest.fixture
def task(folds) -> FitTask:
    """The plain network of the first fold and seed."""
    training = TrainingSettings(n_seeds=2, epochs=1)
    return FitTask("plain", 1, folds[0], 0, NetworkSettings(lookback=3, units=2), training, sentiment=True)


@pytest.fixture
def cache(tmp_path, data) -> FitCache:
    """An empty cache of the dataset."""
    return FitCache.open(tmp_path / "ablation", data, code="the code")


def fit_of(probability: float = 0.5) -> NetworkFit:
    row = {"ticker": "A", "session": pd.Timestamp("2024-11-25"), "probability_up": probability}
    return NetworkFit(pd.DataFrame([row]), FitRecord(failure=None, n_epochs=1, readings={"Gate": {"share": 0.5}}))


def test_a_saved_network_comes_back_whatever_its_variant_is_called(cache, task):
    """A variant that was renamed is the same network."""
    cache.save(task, fit_of(0.25))
    loaded = cache.load(replace(task, variant="mine"))
    assert loaded.record == fit_of().record
    pd.testing.assert_frame_equal(loaded.forecasts, fit_of(0.25).forecasts)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"sentiment": False},
        {"network": NetworkSettings(lookback=3, units=3)},
        {"network": NetworkSettings(lookback=3, units=2, after="projection", after_options={"orthogonality": np.inf})},
        {"training": TrainingSettings(epochs=2)},
    ],
)
def test_another_network_is_not_taken_for_a_saved_one(cache, task, changes):
    """An answer of other settings would pass for this one's."""
    cache.save(task, fit_of())
    assert cache.load(replace(task, **changes)) is None


def test_a_network_of_another_fold_data_or_code_is_fitted_anew(cache, task, data, folds, tmp_path):
    """An upgrade of the code costs a fit, never a wrong figure."""
    cache.save(task, fit_of())
    assert cache.load(replace(task, fold=folds[1])) is None
    shuffled = replace(data, samples=replace(data.samples, target=data.samples.target[::-1]))
    for other in (FitCache.open(cache.folder, shuffled, code="the code"), FitCache.open(cache.folder, data, code="b")):
        assert other.load(task) is None
    assert FitCache.open(cache.folder, data, code="the code").load(task) is not None


def test_the_number_of_seeds_is_not_part_of_a_network(cache, task):
    """Whoever asks for more seeds fits the new ones alone."""
    cache.save(task, fit_of())
    assert cache.load(replace(task, training=TrainingSettings(n_seeds=5, epochs=1))) is not None


@pytest.mark.parametrize("pattern", ["*.parquet", "*.json"])
def test_a_damaged_file_counts_as_none(cache, task, pattern):
    """Power loss can leave an empty file, which must cost one network and no traceback."""
    cache.save(task, fit_of())
    (path,) = cache.folder.glob(pattern)
    path.write_bytes(b"")
    assert cache.load(task) is None


def test_what_is_saved_comes_first_and_only_the_rest_is_fitted(monkeypatch, cache, task, data):
    """A stopped run goes on where it was."""
    fitted: list[int] = []
    monkeypatch.setattr(fits, "fit_one", lambda task, panel, samples: fitted.append(task.seed) or fit_of())
    first, second = task, replace(task, seed=1)
    cache.save(second, fit_of(0.75))
    results = list(fit_tasks([first, second], data, cache=cache))
    assert [result[0].seed for result in results] == [1, 0]
    assert fitted == [0]
    assert cache.count([first, second]) == 2
    assert [result.seed for result, _ in fit_tasks([first, second], data)] == [0, 1]
    assert fitted == [0, 0, 1]


def test_a_failure_that_may_lie_in_the_machine_is_tried_again(monkeypatch, cache, task, data):
    """A lack of memory is no property of the layer; only its first line is told."""

    def fail(*arguments: Any) -> None:
        raise MemoryError("no room\nfor a tensor")

    monkeypatch.setattr(fits, "_fit", fail)
    fit = fit_one(task, data.panel, data.samples)
    assert fit.record.failure == "MemoryError: no room"
    cache.save(task, fit)
    assert cache.count([task]) == 0


def test_a_failure_to_train_is_saved(monkeypatch, cache, task, data):
    """The same again would fail the same way."""

    def fail(*arguments: Any) -> None:
        raise TrainingFailed("The loss is no number any more.")

    monkeypatch.setattr(fits, "_fit", fail)
    cache.save(task, fit_one(task, data.panel, data.samples))
    assert cache.load(task).record.failure == "The loss is no number any more."


def test_a_network_that_diverges_is_recorded(task, data):
    """The family goes on without it."""
    network = NetworkSettings(lookback=3, units=2, **OVERFLOW)
    training = TrainingSettings(epochs=3)
    fit = fit_one(replace(task, network=network, training=training), data.panel, data.samples)
    assert "is no number any more" in fit.record.failure
    assert fit.forecasts.empty
    assert fit.repeatable


def test_a_fit_has_its_forecasts_its_cost_and_its_readings(task, data):
    """Forecasts of the test sessions alone; a gate says what it learnt."""
    network = NetworkSettings(lookback=3, units=2, within="news_gate")
    training = TrainingSettings(epochs=3)
    fit = fit_one(replace(task, network=network, training=training), data.panel, data.samples)
    test = data.samples.on(task.fold.test)
    assert fit.forecasts["session"].tolist() == pd.DatetimeIndex(test.session).tolist()
    assert fit.forecasts["realised_return"].tolist() == test.realised_return.tolist()
    assert fit.record.failure is None
    assert fit.record.n_epochs == 3
    assert 0 < fit.record.seconds_per_epoch < fit.record.seconds
    assert fit.record.n_weights > 0
    assert fit.record.readings["NewsGateCell"].keys() >= {"input_gate_scale"}


def test_networks_are_fitted_side_by_side_where_there_is_an_executor(monkeypatch, task, data):
    """Each task is handed to it once."""

    class Immediate(Executor):
        def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(function(*arguments, **options))
            return future

    monkeypatch.setattr(fits, "fit_one", lambda task, panel, samples: fit_of(task.seed / 10))
    tasks = [replace(task, seed=seed) for seed in range(3)]
    results: Iterator[tuple[FitTask, NetworkFit]] = fit_tasks(tasks, data, executor=Immediate())
    assert {task.seed: fit.forecasts["probability_up"].item() for task, fit in results} == {0: 0.0, 1: 0.1, 2: 0.2}


def test_without_sentiment_no_feature_of_it_is_left(data):
    """What is judged is the input as a whole."""
    assert not set(select_features(data.panel, sentiment=False).names) & set(SENTIMENT_COLUMNS)
    assert select_features(data.panel, sentiment=True) is data.panel


def test_the_time_of_an_epoch_is_that_of_its_looks() -> None:
    """By hand: six looks make up two epochs; the first took 9 seconds with the graph, the others 1 by the median."""
    looks = _LookTimes([0.0, 9.0, 10.0, 11.0, 12.0, 14.0, 15.0])
    assert (looks.total, looks.per_epoch(2.0)) == (15.0, 3.0)
    assert _LookTimes([0.0, 9.0]).per_epoch(1.0) is None
