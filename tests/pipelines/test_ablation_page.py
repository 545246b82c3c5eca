"""The page of an ablation is drawn from its folder alone."""

import json
from pathlib import Path

import pytest
import tomli_w

from pipelines.page import PAGES, render_run
from tests.report.made_up_ablation import made_up_ablation


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that a run leaves, without any table."""
    run = tmp_path / "20160104T131200Z-ablation"
    run.mkdir()
    manifest = {"recipe": "ablation", "title": "Ablation of 5 variants", "now": "2016-01-04T13:12:00+00:00"}
    dropped = [{"stage": "features", "ticker": "T1", "reason": "warm-up", "n_rows": 60}]
    account = {"dropped": dropped, "outcomes": [], "doubts": ["Prices of T1 repeat."], "models": []}
    for name, value in {
        "manifest": manifest,
        "account": account,
        "metrics": {"ablation": made_up_ablation(), "coverage": {"sessions": 1500}},
    }.items():
        (run / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    (run / "settings.toml").write_text(tomli_w.dumps({"source": "files"}), encoding="utf-8")
    return run


def test_an_ablation_has_a_page_of_its_own(folder):
    """`make report` draws any run by the recipe in its manifest."""
    page = render_run(folder)
    text = page.read_text(encoding="utf-8")
    assert page == folder / "report" / "index.html"
    assert "Ablation of 5 variants" in text
    assert "60 rows were left out" in text
    assert "Prices of T1 repeat." in text
    assert "survivorship" in text


def test_recipes_with_pages_of_their_own_are_these():
    """All others forecast, and share one page."""
    assert sorted(PAGES) == ["ablation", "benchmark"]


def test_a_page_can_be_drawn_again(folder):
    """It replaces the one before it, to the byte."""
    first = render_run(folder).read_bytes()
    assert render_run(folder).read_bytes() == first
