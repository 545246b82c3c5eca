"""How long the page of a large run takes to write and to open, and how large it gets. Run by `make bench`."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from tests.bench.figures import Recorder
from tests.report.conftest import made_up_forecasts, made_up_run
from tests.report.made_up_tickers import made_up_history, made_up_intervals
from tests.report.visit import Visit, open_browser

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return the machine's own Chromium, or skip where there is none."""
    yield from open_browser()


def large_run(n_tickers: int, n_sessions: int) -> RunReport:
    """A backtest with everything that its ticker view shows; two of three sessions have a headline."""
    forecasts = made_up_intervals(made_up_forecasts(n_tickers, n_sessions), n_folds=8)
    return made_up_run(n_tickers, n_sessions, out_of_sample=forecasts, **made_up_history(forecasts))


@pytest.mark.bench
@pytest.mark.parametrize(("n_tickers", "n_sessions"), [(30, 500), (230, 2500)])
def test_large_runs_stay_small_and_quick(bench: Recorder, tmp_path: Path, n_tickers: int, n_sessions: int) -> None:
    """Below 2 MB and below 5 s of processor time without the ticker view, for 575,000 forecasts too."""
    run = made_up_run(n_tickers=n_tickers, n_sessions=n_sessions)
    started = time.process_time()
    page = render_report(run, tmp_path)
    seconds = time.process_time() - started
    bench.record(f"page of {n_tickers} x {n_sessions} written", seconds, "s")
    bench.record(f"page of {n_tickers} x {n_sessions}", page.stat().st_size / MEGABYTE, "MB")
    print(f"\n{n_tickers * n_sessions:,} forecasts: {seconds:.2f} s, {page.stat().st_size / MEGABYTE:.2f} MB")
    assert seconds < 5.0
    assert page.stat().st_size < 2 * MEGABYTE


@pytest.mark.bench
@pytest.mark.parametrize(
    ("n_tickers", "n_sessions", "most_seconds", "most_megabytes"), [(30, 2500, 2.0, 25), (230, 2520, 3.0, 100)]
)
def test_a_large_page_opens_at_once_and_a_chart_when_asked(
    bench: Recorder,
    browser: Any,
    tmp_path: Path,
    n_tickers: int,
    n_sessions: int,
    most_seconds: float,
    most_megabytes: int,
) -> None:
    """The first view needs no chart, no ticker's data and no plotly: below 2 MB, and open within seconds."""
    started = time.process_time()
    page = render_report(large_run(n_tickers, n_sessions), tmp_path)
    written = time.process_time() - started
    visit = Visit(browser, page, draws=False, viewport={"width": 1280, "height": 800})
    opened = visit.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    first_view = sum((tmp_path / url.rpartition("/")[2]).stat().st_size for url in visit.requests)
    at = time.monotonic()
    # From the first view, so that no figure comes near before it is asked for.
    visit.page.locator("#ticker-table button.ticker-link").last.evaluate("button => button.click()")
    visit.page.wait_for_selector("#ticker-detail h3")
    visit.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    chart = time.monotonic() - at
    visit.page.click("[data-zoom='0']")
    frames = visit.page.evaluate(PAN)
    folder = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) / MEGABYTE
    bench.record(f"page of {n_tickers} x {n_sessions} with tickers written", written, "s")
    bench.record(f"page of {n_tickers} x {n_sessions} opened", opened, "s")
    bench.record(f"chart of {n_tickers} x {n_sessions}", chart, "s")
    print(
        f"\n{n_tickers} x {n_sessions:,}: written in {written:.1f} s, opened in {opened:.2f} s with "
        f"{first_view / MEGABYTE:.2f} MB, a chart in {chart:.2f} s more, a frame of panning in {frames:.0f} ms, "
        f"{folder:.1f} MB in all"
    )
    assert first_view < 2 * MEGABYTE
    assert opened < most_seconds
    assert chart < most_seconds
    assert folder < most_megabytes


# The mean time of a frame while all sessions are moved through.
PAN = """async () => {
  const [buttons, n] = [document.querySelectorAll("[data-zoom]"), 20];
  const started = performance.now();
  for (let step = 0; step < n; step += 1) {
    buttons[step % 2].click();
    await new Promise((done) => requestAnimationFrame(done));
  }
  return (performance.now() - started) / n;
}"""
