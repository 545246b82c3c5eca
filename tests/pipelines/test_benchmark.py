"""The benchmark's recipe leaves its record, its forecasts and its page; a wrong name leaves nothing."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.benchmark import run_benchmark
from pipelines.report import list_runs, run_report
from stockseq.benchmarks.forecasts import NETWORKS
from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError, SourceError
from stockseq.report.render import render_run
from stockseq.store import Store
from tests.benchmarks.stocknet_folder import NOW, make_tables, write_tidy

# The judging of the same forecasts is in tests/benchmarks; here the whole recipe runs.
pytestmark = pytest.mark.slow

SMALL = {
    "source": "stocknet",
    "network.units": 2,
    "training.n_seeds": 2,
    "training.epochs": 1,
    "folds.validation_size": 30,
}


def settings_of(folder: Path, data: Path) -> Settings:
    return load_settings(overrides={**SMALL, "stocknet.folder": str(folder), "data": str(data)})


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings of a small made-up dataset and a store of their own."""
    folder = write_tidy(tmp_path_factory.mktemp("tidy"), *make_tables())
    return settings_of(folder, tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def run(settings) -> Path:
    """The folder that one run left."""
    return run_benchmark(settings, NOW, dataset="stocknet")


@pytest.fixture(scope="module")
def metrics(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_the_record_is_of_the_literatures_test_quarter(metrics):
    """The development period is what choices may be made on."""
    assert metrics["benchmark"]["main_period"] == "test"
    scores = metrics["benchmark"]["periods"][1]["samples"][0]["scores"]
    assert metrics["forecast"] == scores["prices_and_text"]
    assert {**metrics["baselines"], "prices_and_text": metrics["forecast"]} == scores
    assert set(NETWORKS) < scores.keys() >= {"majority", "logistic"}


def test_each_network_is_a_trial(run, metrics):
    """What was scored on test dates counts, or luck would be measured against too little."""
    trials = Store(str(run.parents[1])).read("trials")
    assert sorted(trials["name"]) == sorted(f"benchmark stocknet: {name}" for name in NETWORKS)
    assert metrics["trials"] == len(NETWORKS)


def test_the_forecasts_of_all_forecasters_lie_in_the_run(run, metrics):
    """So that anybody can score them with another tool."""
    forecasts = pd.read_parquet(run / "benchmark_forecasts.parquet")
    test = forecasts[(forecasts["session"] >= "2015-10-01") & (forecasts["forecaster"] == "prices_and_text")]
    right = ((test["probability_up"] > 0.5) == (test["realised_return"] > 0)).mean()
    assert right == pytest.approx(metrics["forecast"]["accuracy"])
    assert test["realised_return"].abs().min() >= 0.005


def test_the_page_is_drawn_from_the_folder_alone(run):
    """A page that needs more could not be drawn again later."""
    page = run / "report" / "index.html"
    before = page.read_text(encoding="utf-8")
    assert render_run(run).read_text(encoding="utf-8") == before
    assert "Nobody could have traded this." in before
    assert "NaN" not in before


def test_listing_and_drawing_runs_take_a_benchmark_like_any_other(run, settings, capsys):
    """One odd folder must not cost the user the list of all."""
    list_runs(settings, NOW)
    run_report(settings, NOW, name=run.name, open_page=False)
    assert run.name in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(("dataset", "hint"), [("stoknet", "did you mean stocknet"), ("imdb", "known: stocknet")])
def test_an_unknown_dataset_is_refused_with_the_nearest(tmp_path, dataset, hint):
    """Nothing is written for a misspelt name."""
    with pytest.raises(SettingsError, match=hint):
        run_benchmark(settings_of(tmp_path, tmp_path / "data"), NOW, dataset=dataset)
    assert not (tmp_path / "data").exists()


def test_of_a_folder_that_is_not_there_nothing_is_written(tmp_path):
    """The commonest mistake is a misspelt path."""
    with pytest.raises(SourceError, match="There is no folder"):
        run_benchmark(settings_of(tmp_path / "nowhere", tmp_path / "data"), NOW, dataset="stocknet")
    assert not (tmp_path / "data").exists()
