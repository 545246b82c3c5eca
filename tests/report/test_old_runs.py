"""Runs that version 0.1.0 wrote, in `runs_0_1_0.zip`, draw a page as they are.

A backtest, a morning, an ablation and a benchmark on the simulated market. Of the fills the first 60 are left, and of
the last two the forecasts are left out, which no page reads.
"""

import json
import shutil
from pathlib import Path

import pytest

from stockseq.report.metrics import BacktestMetrics
from stockseq.report.render import render_run
from stockseq.report.run import read_run
from tests.report.test_page import Page

BACKTEST, DAILY = "20190426T130000Z-backtest", "20190426T130000Z-daily"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old") / "runs"
    shutil.unpack_archive(Path(__file__).with_name("runs_0_1_0.zip"), folder)
    return folder


@pytest.mark.parametrize(
    ("name", "n_figures", "said"),
    [
        (BACKTEST, 7, "skill is not shown (p 0.29)"),
        (DAILY, 2, "There is no live record yet"),
        ("20190426T130000Z-ablation", 1, "Ablation"),
        ("20261128T142625Z-benchmark", 4, "Xu & Cohen"),
    ],
)
def test_every_recipe_s_page_is_drawn(runs: Path, name: str, n_figures: int, said: str) -> None:
    """`make report` draws what is there; nobody trains again for a newer page."""
    page = Page(render_run(runs / name).read_text(encoding="utf-8"))
    assert len([script for script in page.named("script") if "data-plot" in script]) == n_figures
    assert said in page.text
    assert "book" not in [section.get("id") for section in page.named("section")]


def test_the_metrics_of_a_backtest_are_read_without_loss(runs: Path) -> None:
    """What was written comes out again, key by key; what an older version didn't write stays absent."""
    written = json.loads((runs / BACKTEST / "metrics.json").read_text(encoding="utf-8"))
    assert BacktestMetrics.from_dict(written).to_dict() == written


def test_what_an_old_run_lacks_is_named(runs: Path) -> None:
    """Diebold and Mariano's test came with 0.2; the momentum baseline needed a year of bars."""
    page = Page(render_run(runs / BACKTEST).read_text(encoding="utf-8"))
    assert "This run is from before version 0.2: it has no Diebold-Mariano test" in page.text
    assert "Left out: momentum 12-1." in page.text


def test_a_placebo_that_was_not_run_keeps_its_reason(runs: Path) -> None:
    """Before 0.2 only the sentence had it."""
    written = json.loads((runs / BACKTEST / "metrics.json").read_text(encoding="utf-8"))
    nothing = {"as_expected": None, "accuracy": None, "verdict": "Not run: All went up."}
    metrics = BacktestMetrics.from_dict(written | {"placebos": {"late_features": nothing}})
    assert metrics.placebos["late_features"].error == "All went up."


def test_the_models_of_a_morning_have_their_record(runs: Path) -> None:
    """Accuracy never without its base rate and its count."""
    models = read_run(runs / DAILY).models
    assert models is not None
    assert models[["accuracy", "base_rate", "n"]].round(4).to_numpy().tolist() == [[0.4556, 0.5889, 180.0]]
