"""The rules of axe-core 4.12 find nothing serious on a page, as a screen reader and a keyboard meet it."""

from pathlib import Path
from typing import Any

import pytest

from stockseq.report.page import render_report
from tests.report.visit import Visit

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious_on_the_page(
    browser: Any, build_run: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    """With every fold open: in a fold that is shut, nothing is looked at."""
    page = Visit(
        browser, render_report(build_run(), tmp_path), color_scheme=scheme, viewport={"width": width, "height": 900}
    ).page
    page.eval_on_selector_all("details", "folds => folds.forEach(fold => { fold.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    grave = {rule["id"]: rule["nodes"][0]["html"] for rule in found if rule["impact"] in ("serious", "critical")}
    assert grave == {}
