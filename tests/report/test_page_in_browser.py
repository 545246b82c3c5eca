"""Tests of the page in a real browser: it draws, asks nobody, and nothing foreign runs."""

from pathlib import Path
from typing import Any

import pytest

from stockseq.report.ablation.page import render_ablation
from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from tests.report.conftest import ATTACK
from tests.report.made_up_ablation import made_up_ablation, made_up_ablation_run, made_up_result
from tests.report.visit import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def visit(browser: Any, build_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """Return a visit to the page of a whole run; each test leaves it as it was."""
    return Visit(browser, render_report(build_run(), tmp_path_factory.mktemp("report")), color_scheme="light")


def test_every_plot_is_drawn_without_a_complaint_or_a_request(visit: Visit) -> None:
    """The page works from a folder on a machine without a network, under its own policy."""
    drawn = visit.page.eval_on_selector_all(".plot", "plots => plots.map(plot => plot.querySelectorAll('path').length)")
    assert len(drawn) == 7
    assert min(drawn) > 0
    assert visit.complaints == []
    assert len(visit.requests) == 4
    assert all(url.startswith("file://") for url in visit.requests)


def test_plotly_is_loaded_when_the_first_figure_comes_near(browser: Any, build_run: Any, tmp_path: Path) -> None:
    """Most of the page's bytes are plotly's, and the verdict needs none; on paper every figure is wanted."""
    visit = Visit(browser, render_report(build_run(), tmp_path), draws=False, viewport={"width": 1000, "height": 400})
    assert [url.rpartition("/")[2] for url in visit.requests] == ["index.html", "page.js", "tables.js"]
    visit.page.locator("#plot-accuracy").scroll_into_view_if_needed()
    visit.page.wait_for_selector("#plot-accuracy .main-svg")
    assert visit.page.locator("#plot-drawdown .main-svg").count() == 0
    visit.page.evaluate("window.print = () => document.body.classList.add('on-paper')")
    visit.page.keyboard.press("Control+p")
    visit.page.wait_for_selector("body.on-paper")
    assert visit.page.locator(".plot:empty").count() == 0
    assert visit.complaints == []


def test_nothing_foreign_runs(browser: Any, attacked_run: RunReport, tmp_path: Path) -> None:
    """Hostile headlines, tickers, reasons and names stay text, with every fold open and every head clicked."""
    visit = Visit(browser, render_report(attacked_run, tmp_path))
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    visit.page.eval_on_selector_all("thead button", "buttons => buttons.forEach(button => button.click())")
    assert visit.page.evaluate("window.attacked") is None
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []
    assert all(url.startswith("file://") for url in visit.requests)


def test_a_script_put_into_the_page_is_refused(browser: Any, build_run: Any, tmp_path: Path) -> None:
    """Should escaping ever fail, the policy still stands: an inline script and a remote image are not loaded."""
    path = render_report(build_run(n_tickers=3, n_sessions=30), tmp_path)
    injected = "<script>window.attacked=1</script><img src='http://127.0.0.1:9/x.png'></main>"
    path.write_text(path.read_text(encoding="utf-8").replace("</main>", injected), encoding="utf-8")
    visit = Visit(browser, path)
    assert visit.page.evaluate("window.attacked") is None
    assert sum("Content Security Policy" in complaint for complaint in visit.complaints) == 2


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_fits_its_window(visit: Visit, width: int) -> None:
    """Wide tables scroll within themselves; the page as a whole never scrolls sideways, on a phone either."""
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = false)")


def test_the_figures_follow_the_colour_scheme(visit: Visit) -> None:
    """A reader who switches to dark sees dark figures at once: #ffffff and #171e26 are the page's surfaces."""
    background = visit.page.locator("#plot-equity .main-svg").first
    playwright.expect(background).to_have_css("background-color", "rgb(255, 255, 255)")
    visit.page.emulate_media(color_scheme="dark")
    playwright.expect(background).to_have_css("background-color", "rgb(23, 30, 38)")
    visit.page.emulate_media(color_scheme="light")


def test_tables_sort_by_value_with_missing_values_last(visit: Visit) -> None:
    """By hand: accuracies 55.24, 51.02, 48.3 and 53.98 percent; two rows have an AUC, .571 and .551."""
    table = visit.page.locator("table", has_text="Every measure of the model and its baselines")
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    rows = table.locator("tbody th")
    accuracy, auc = (
        table.locator("thead th:nth-child(2) button"),
        table.locator("thead th", has_text="AUC").locator("button"),
    )
    assert auc.inner_text() == "AUC"
    accuracy.click()
    assert rows.all_inner_texts() == ["This model", "Logistic regression", "Majority", "Momentum 12-1"]
    accuracy.click()
    assert rows.all_inner_texts() == ["Momentum 12-1", "Majority", "Logistic regression", "This model"]
    auc.click()
    assert rows.all_inner_texts()[:2] == ["This model", "Logistic regression"]
    auc.click()
    assert rows.all_inner_texts()[:2] == ["Logistic regression", "This model"]
    visit.page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = false)")


def test_printing_opens_every_fold_and_closes_them_again(visit: Visit) -> None:
    """Paper can't be clicked."""
    count_open = "document.querySelectorAll('details[open]').length"
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert visit.page.evaluate(count_open) == visit.page.locator("details").count() > 0
    visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert visit.page.evaluate(count_open) == 0


@pytest.fixture(scope="module")
def ablation_visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """Return a visit to the page of an ablation; each test leaves it as it was."""
    folder = tmp_path_factory.mktemp("ablation")
    return Visit(browser, render_ablation(made_up_ablation_run(), made_up_result(), folder), color_scheme="light")


def test_an_ablation_is_drawn_without_a_complaint_or_a_request(ablation_visit: Visit) -> None:
    """By hand: four components are judged, in two panels, so that the picture has eight marks with their bars."""
    marks = ablation_visit.page.locator("#plot-effects .scatterlayer .point")
    bars = ablation_visit.page.locator("#plot-effects .scatterlayer .errorbar")
    assert (marks.count(), bars.count()) == (8, 8)
    assert ablation_visit.complaints == []
    assert len(ablation_visit.requests) == 4
    assert all(url.startswith("file://") for url in ablation_visit.requests)


@pytest.mark.parametrize("width", [390, 1280])
def test_an_ablation_fits_its_window_with_its_links(ablation_visit: Visit, width: int) -> None:
    """Nothing is cut on a phone: neither the page, nor what leads to its sections, nor a row of the heat map."""
    page = ablation_visit.page
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ends = "cells => cells.map(cell => cell.getBoundingClientRect().right)"
    assert max(page.eval_on_selector_all("nav a, .heat td", ends)) <= width


def test_the_heat_map_tells_gain_from_loss_by_colour(ablation_visit: Visit) -> None:
    """2.4 points, the deepest, is half the page's blue on its surface; a loss is of another colour, and 0 has none."""
    colour = "cell => getComputedStyle(cell).backgroundColor"
    rows = ablation_visit.page.locator(".heat tbody tr")
    deepest, loss, nothing = (
        rows.nth(row).locator("td").nth(fold).evaluate(colour) for row, fold in ((0, 1), (3, 1), (2, 1))
    )
    assert deepest.startswith("color(srgb 0.55")  # (28 + 255) / 2 of 255
    assert loss.startswith("color(srgb 0.95")  # 29 % of half the way from 255 to 180
    assert nothing == "rgba(0, 0, 0, 0)"


def test_nothing_foreign_runs_on_an_ablation(browser: Any, tmp_path: Path) -> None:
    """Names of variants and readings of a user's layer stay text, on the picture too."""
    ablation = made_up_ablation()
    for variant in ablation["variants"][1:]:
        variant |= {"component": ATTACK, "changes": ATTACK, "readings": {ATTACK: {ATTACK: [0.1, 0.2]}}}
    visit = Visit(browser, render_ablation(made_up_ablation_run(), made_up_result(**ablation), tmp_path))
    assert visit.page.evaluate("window.attacked") is None
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []
