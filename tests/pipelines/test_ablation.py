"""The ablation's recipe leaves its record, judges what the product forecasts with, and goes on where it was killed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tomli_w

from pipelines.ablation import run_ablation
from stockseq.config import Settings, load_settings
from stockseq.dataset.folds import cut_folds
from stockseq.errors import PluginError
from stockseq.models.forecasting import forecast_samples
from stockseq.sessions import DecisionPolicy
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.pipelines.small import SMALL

REPOSITORY = Path(__file__).parents[2]
FAMILY = {
    "news_gate": {"network": {"within": "news_gate"}},
    "projection": {"network": {"after": "projection", "after_options": {"dimension": 2}}},
}
VARIANTS = ["plain", *FAMILY, "best_pair"]


def settings_of(data: Path, variants: dict[str, Any] = FAMILY) -> Settings:
    quick = {**SMALL, "training.n_seeds": 2, "training.epochs": 1, "folds.n_folds": 1}
    return load_settings(overrides={**quick, "data": str(data), "ablation.variants": variants})


@pytest.fixture(scope="module")
def run(tmp_path_factory, market) -> tuple[Settings, pd.Timestamp, Path]:
    """Settings, instant and folder of a small ablation."""
    settings = settings_of(tmp_path_factory.mktemp("ablation") / "data")
    now = market.calendar.decision_at(DecisionPolicy())[market.sessions[-1]]
    return settings, now, run_ablation(settings, now)


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text())["ablation"]


def saved(settings: Settings) -> dict[str, int]:
    """The networks saved so far, each with the time it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (Path(settings.data) / "ablation").glob("*.json")}


def test_a_run_leaves_its_record_its_forecasts_and_its_page(run):
    """The keys are a contract with whoever reads metrics.json; the sentences stand beside the figures."""
    _, _, folder = run
    ablation = read(folder)
    assert [variant["name"] for variant in ablation["variants"]] == VARIANTS
    assert (ablation["family"], ablation["n_folds"], ablation["seeds"]) == (3, 1, [0, 1])
    gate = ablation["variants"][1]
    assert gate["effect"].keys() == {"accuracy", "ic", "log_loss", "size"}
    assert gate["readings"]["NewsGateCell"].keys() >= {"input_gate_scale"}
    assert gate["cost"]["n_weights"] > ablation["variants"][0]["cost"]["n_weights"]
    assert gate["verdict"].startswith("news gate: ")
    assert ablation["variants"][0]["verdict"] is None
    assert ablation["verdict"][0].startswith("Of 3 components, declared beforehand")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["forecast"] == ablation["variants"][0]["scores"]
    assert metrics["optimum"] == ablation["optimum"] is not None
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    assert forecasts["variant"].unique().tolist() == VARIANTS
    assert "What each component adds" in (folder / "report" / "index.html").read_text(encoding="utf-8")


def test_the_plain_network_is_the_backtests(run):
    """What is judged is what the product forecasts with: ranks and sizes but for rounding.

    Each network of an ablation is calibrated by itself, so that it can be kept; the product calibrates the ensemble.
    """
    settings, now, folder = run
    workspace = Workspace(settings, now=now)
    data = workspace.dataset(workspace.market())
    (fold,) = cut_folds(data.sessions, settings.folds, horizon=data.inputs.horizon)
    # As a walk forward does for each fold, beside its baselines.
    model = workspace.forecaster.fit_fold(data, fold)
    walked = forecast_samples(model, data.panel, data.samples.on(fold.test))
    forecasts = pd.read_parquet(folder / "forecasts.parquet").query("variant == 'plain'").reset_index(drop=True)
    assert (forecasts["fold"] == 1).all()
    exact = ["ticker", "session", "realised_return", "realised_variance"]
    pd.testing.assert_frame_equal(forecasts[exact], walked[exact], check_exact=True)
    rounded = ["relative", "sigma"]
    pd.testing.assert_frame_equal(forecasts[rounded], walked[rounded], rtol=1e-12, atol=1e-15)
    names = ["probability_up", "probability_up_seed_0", "probability_up_seed_1"]
    pd.testing.assert_frame_equal(forecasts[names], walked[names], atol=0.01, rtol=0)


def test_every_configuration_is_a_trial(run):
    """The deflated Sharpe ratio and the reader count what was looked at."""
    settings, _, folder = run
    names = set(Store(settings.data).read("trials")["name"])
    assert {name.partition(" (")[0] for name in names} == {f"ablation {name}" for name in VARIANTS}
    assert "ablation news_gate (within = news_gate)" in names
    assert read(folder)["trials"] == len(names)


def test_a_second_run_fits_nothing_and_says_the_same(run):
    """What was fitted is saved by what it depends on."""
    settings, now, folder = run
    before, first = saved(settings), read(folder)
    assert read(run_ablation(settings, now)) == first
    assert saved(settings) == before


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path, mornings):
    """kill -9 after some networks; the second run leaves those alone and judges the same family."""
    settings = settings_of(tmp_path / "data", {"projection": FAMILY["projection"]})
    path = tmp_path / "settings.toml"
    path.write_text(tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    command = [sys.executable, "-m", "pipelines", "ablation", "--config", str(path), "--now", mornings[-1].isoformat()]
    quiet = {"cwd": REPOSITORY, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet, start_new_session=True)
    deadline = time.monotonic() + 240
    while not saved(settings):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no network was ever saved"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = saved(settings)
    assert not list((tmp_path / "data" / "runs").glob("[0-9]*"))
    run_ablation(settings, mornings[-1])
    after = saved(settings)
    assert before.items() <= after.items()
    assert len(before) < len(after) == 2 * 2


def test_an_unknown_layer_is_refused_before_anything_is_fetched(tmp_path, mornings):
    """A misspelt name must not cost hours."""
    settings = settings_of(tmp_path / "data", {"gate": {"network": {"within": "news_gat"}}})
    with pytest.raises(PluginError, match="did you mean `news_gate`"):
        run_ablation(settings, mornings[-1])
    assert Store(settings.data).read("bars").empty
