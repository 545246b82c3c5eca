"""An ablation judges a declared family on equal terms, tells what failed, and goes on where it was killed."""

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
from pipelines.backtest import walk
from pipelines.context import Context
from pipelines.ingest import universe
from pipelines.prepare import prepare
from stockseq.config import load_settings
from stockseq.errors import PluginError, SettingsError
from stockseq.sessions import DecisionPolicy
from stockseq.store import Store
from tests.pipelines.small import SMALL

REPOSITORY = Path(__file__).parents[2]
FAMILY = {
    "news_gate": {"network": {"within": "news_gate"}},
    "projection": {"network": {"after": "projection", "after_options": {"dimension": 2}}},
    "without_text": {"without": ["text"]},
    # The penalty is beyond what a float can hold.
    "overflow": {"network": {"after": "projection", "after_options": {"dimension": 2, "orthogonality": 3e38}}},
}


def settings_of(data: Path, variants: dict[str, Any] = FAMILY) -> Any:
    return load_settings(overrides={**SMALL, "data": str(data), "ablation.variants": variants})


@pytest.fixture(scope="module")
def run(tmp_path_factory, market) -> tuple[Any, pd.Timestamp, Path]:
    """Settings, instant and folder of a small ablation."""
    settings = settings_of(tmp_path_factory.mktemp("ablation") / "data")
    now = market.calendar.decision_at(DecisionPolicy())[market.sessions[-1]]
    return settings, now, run_ablation(settings, now)


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text())["ablation"]


def variant(folder: Path, name: str) -> dict[str, Any]:
    return next(one for one in told(folder)["variants"] if one["name"] == name)


def test_every_variant_forecasts_the_same_sessions_and_is_judged_against_the_plain_network(run):
    """The folds, seeds and rows are the same, or a difference would be of them."""
    _, _, folder = run
    ablation = told(folder)
    assert [one["name"] for one in ablation["variants"]] == ["plain", *FAMILY, "best_pair"]
    assert (ablation["family"], ablation["n_folds"], ablation["seeds"]) == (5, 2, [0, 1])
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    rows = {
        name: list(zip(group["ticker"], group["session"], strict=True)) for name, group in forecasts.groupby("variant")
    }
    assert all(own == rows["plain"] for own in rows.values())
    assert rows.keys() == {"plain", *FAMILY, "best_pair"} - {"overflow"}
    gate = variant(folder, "news_gate")
    assert gate["kind"] == "layer"
    assert gate["changes"] == "within = news_gate"
    assert len(gate["by_fold"]) == len(gate["seeds"]["accuracy"]) == 2
    assert gate["readings"]["NewsGateCell"].keys() >= {"input_gate_scale"}
    assert gate["cost"]["n_weights"] > variant(folder, "plain")["cost"]["n_weights"]
    assert variant(folder, "without_text")["component"] == "text input"
    chosen = [set(pair.split(" + ")) for pair in variant(folder, "best_pair")["chosen"]]
    assert chosen == [{"news_gate", "projection"}] * 2


def test_the_plain_network_is_the_backtests_to_the_last_bit(run):
    """What is judged is what the product forecasts with."""
    settings, now, folder = run
    context = Context(settings, now)
    walked = walk(context, prepare(context, universe(context))).forecasts
    forecasts = pd.read_parquet(folder / "forecasts.parquet").query("variant == 'plain'").reset_index(drop=True)
    exact = [name for name in walked if name in forecasts and name != "expected_return"]
    assert {"probability_up", "probability_up_seed_0", "probability_up_seed_1", "fold"} <= set(exact)
    pd.testing.assert_frame_equal(forecasts[exact], walked[exact], check_exact=True)
    # Here the mean is taken of returns, there of scaled ones.
    pd.testing.assert_series_equal(forecasts["expected_return"], walked["expected_return"], rtol=1e-12)


def test_a_variant_that_diverges_is_recorded_and_the_family_goes_on(run):
    """It counts in the correction as one that shows nothing, or the family would be chosen after the fact."""
    _, _, folder = run
    failed = variant(folder, "overflow")
    assert failed["claim"] == "failed"
    assert "is no number any more" in failed["failure"]
    assert failed["scores"] is failed["effect"] is None
    assert any("overflow could not be judged" in sentence for sentence in told(folder)["verdict"])
    p = [
        one["effect"]["accuracy"]
        for one in told(folder)["variants"]
        if one["effect"] and one["effect"]["accuracy"]["p"]
    ]
    assert min(one["p_holm"] for one in p) == pytest.approx(min(1.0, 5 * min(one["p"] for one in p)))


def test_every_configuration_is_a_trial(run):
    """The deflated Sharpe ratio and the reader count what was looked at."""
    settings, _, folder = run
    names = set(Store(settings.data).read("trials")["name"])
    assert {name.partition(" (")[0] for name in names} == {
        f"ablation {name}" for name in ("plain", *FAMILY, "best_pair")
    }
    assert "ablation without_text (without text)" in names
    assert any(name.startswith("ablation best_pair (") and "news_gate" in name for name in names)
    assert told(folder)["trials"] == len(names)


def test_a_second_run_fits_nothing_and_says_the_same(run):
    """What was fitted is kept by what it depends on."""
    settings, now, folder = run
    before, first = kept(settings), told(folder)
    again = told(run_ablation(settings, now))
    assert kept(settings) == before
    assert again == first


def test_a_damaged_kept_network_is_fitted_anew(run):
    """Power loss can leave an empty file, which must cost one network and no traceback."""
    settings, now, folder = run
    first = told(folder)["variants"]
    folder_of_kept = Path(settings.data) / "ablation"
    damaged = sorted(folder_of_kept.glob("*.parquet"))[0]
    damaged.write_bytes(b"")
    again = told(run_ablation(settings, now))["variants"]
    assert damaged.stat().st_size > 0
    assert [one["scores"] for one in again] == [one["scores"] for one in first]


def test_a_killed_run_goes_on_where_it_was(tmp_path, market):
    """kill -9 after some networks; the second run leaves those alone and judges the same family."""
    settings = settings_of(tmp_path / "data", {"projection": FAMILY["projection"]})
    path = tmp_path / "settings.toml"
    path.write_text(tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    command = [sys.executable, "-m", "pipelines", "ablation", "--config", str(path)]
    quiet = {"cwd": REPOSITORY, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet, start_new_session=True)
    deadline = time.monotonic() + 240
    while len(kept(settings)) < 2:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no network was ever kept"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = kept(settings)
    assert not list((tmp_path / "data" / "runs").glob("[0-9]*"))
    subprocess.run(command, **quiet, check=True)
    after = kept(settings)
    assert before.items() <= after.items()
    assert len(after) == 2 * 2 * 2


def test_an_unknown_layer_is_refused_before_anything_is_fetched(tmp_path, mornings):
    """A misspelt name must not cost hours."""
    settings = settings_of(tmp_path / "data", {"gate": {"network": {"within": "news_gat"}}})
    with pytest.raises(PluginError, match="did you mean `news_gate`"):
        run_ablation(settings, mornings[-1])
    assert not (tmp_path / "data").exists()


def test_layers_that_do_not_compose_are_told_before_any_network_is_fitted(tmp_path, mornings):
    """A layer that gives one vector per window can't be followed by one that reads sessions."""
    layers = {"network": {"before": "temporal_convolution + causal_normalisation"}}
    settings = settings_of(tmp_path / "data", {"both": layers})
    with pytest.raises(PluginError, match="The variant both can't be built"):
        run_ablation(settings, mornings[-1])
    assert kept(settings) == {}


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"x": {"network": {"afterr": "projection"}}}, "no setting `afterr`; did you mean `after`"),
        ({"x": {"network": {"lookback": 5}}}, "all variants see the same windows"),
        ({"plain": {}}, "neither plain nor best_pair"),
        ({"x": {"without": ["prices"]}}, "'text', 'sentiment', 'before'"),
        ({"x": {"network": {"units": 0}}}, "ablation.variants.x"),
        ({"x": {}}, "x does neither"),
    ],
)
def test_a_family_that_makes_no_sense_is_refused_with_the_settings(declared, sentence):
    """Each says what is wrong, before anything runs."""
    with pytest.raises(SettingsError, match=sentence):
        load_settings(overrides={"ablation.variants": declared})


def kept(settings: Any) -> dict[str, int]:
    """The networks kept so far, each with the time it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (Path(settings.data) / "ablation").glob("*.json")}
