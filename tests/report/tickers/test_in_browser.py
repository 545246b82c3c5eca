"""The ticker view in a real browser: files on demand, charts, words, keys, and nothing foreign that runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from tests.report.conftest import ATTACK
from tests.report.made_up_tickers import made_up_history, made_up_intervals
from tests.report.tickers.test_files import bars_of, run_of
from tests.report.visit import Visit

CLOSES = (101.0, 99.0, 102.0, 100.5)
SESSIONS = bars_of(closes=CLOSES)["session"]


def small_run(ticker: str = "KOLA", text: str = "Kola wins an order", *, label: str = "open_to_close") -> RunReport:
    """Two tickers and four sessions worked by hand, with the next session's forecast."""
    bars = pd.concat([bars_of(ticker, closes=CLOSES), bars_of("OTHER", closes=CLOSES)])
    forecasts = pd.DataFrame(
        {
            "ticker": ticker,
            "session": SESSIONS,
            "probability_up": [0.6, 0.55, 0.45, 0.6],
            "expected_return": 0.001,
            "low_80": -0.02,
            "high_80": 0.03,
            "realised_return": [0.01, -0.01, -0.02, 0.005],
            "fold": [1, 1, 2, 2],
        }
    )
    fills = pd.DataFrame(
        {
            "session": SESSIONS[:2],
            "ticker": ticker,
            "moment": ["open", "close"],
            "shares": [120.0, -120.0],
            "fill_price": [100.05, 98.95],
            "cost": [1.5, 1.25],
        }
    )
    news = pd.DataFrame(
        {
            "ticker": ticker,
            "session": SESSIONS[:1],
            "published_at": pd.to_datetime(["2024-11-24T18:30Z"]),
            "text": text,
            "compound": 0.57,
            "stale": False,
            "n": 3,
        }
    )
    profits = pd.DataFrame({"session": SESSIONS[:2], "ticker": ticker, "profit": [-100.0, -34.75]})
    settings = {"label": label}
    return run_of(bars, out_of_sample=forecasts, fills=fills, ticker_news=news, profits=profits, settings=settings)


def open_page(browser: Any, run: RunReport, folder: Path, **context: Any) -> Visit:
    """Open the page of a run and go to its ticker view."""
    visit = Visit(browser, render_report(run, folder), draws=False, **context)
    visit.page.locator("#tickers").scroll_into_view_if_needed()
    visit.page.wait_for_selector("#ticker-detail h3")
    return visit


@pytest.fixture(scope="module")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """Return a visit to the view of a small run; each test leaves it as it was."""
    return open_page(browser, small_run(), tmp_path_factory.mktemp("tickers"), viewport={"width": 390, "height": 800})


def test_a_ticker_is_summed_up_in_words(visit: Visit) -> None:
    """By hand: right are the first, third and fourth, and two of four rose; two of three headlines are not there."""
    assert visit.page.inner_text("#ticker-summary") == (
        "KOLA, 2024-11-25 to 2024-11-28: 4 scored forecasts, right 75.0% against a base rate of 50.0%; "
        "profit −135 after costs of 3, in 2 fills; 3 headlines (2 not shown)."
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    assert visit.complaints == []


def test_arrow_keys_read_the_chart_session_by_session(visit: Visit) -> None:
    """What the eye finds by pointing, a key and a screen reader find, too."""
    slider = visit.page.locator("#ticker-session")
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "2024-11-28, up 60.0%, realised +0.50%, right"
    visit.page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == (
        "2024-11-25, up 60.0%, realised +1.00%, right, 1 fill, 3 headlines"
    )
    words = visit.page.inner_text("#ticker-detail")
    for said in (
        "2024-11-25, fold 1",
        "−2.0% and +3.0%",
        "100.00 to 101.00",
        "Bought 120 at 100.05, at the open; costs 1.50.",
        "Kola wins an order 2024-11-24 18:30 UTC",
        "2 more headlines of this session are not shown here.",
    ):
        assert said in words
    visit.page.keyboard.press("End")


def test_the_chart_draws_bands_candles_and_marks(visit: Visit) -> None:
    """Pixels of the page's own colours: the band's blue on white, candles up and down, a bought and a sold fill."""
    visit.page.click("[data-zoom='0']")
    visit.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    colours = visit.page.eval_on_selector_all(
        "#ticker-chart canvas",
        """canvases => [...new Set(canvases.flatMap(canvas => {
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
          return [...seen];
        }))]""",
    )
    up, down, bought, sold = "28,93,153", "180,83,10", "47,125,79", "138,90,163"
    band = "221,231,240"  # .15 of 28, 93, 153 on white
    assert {up, down, bought, sold, band} <= set(colours)


def test_a_stretch_restricts_the_chart_the_words_and_the_table(visit: Visit) -> None:
    """By hand: in fold 2 both forecasts are right and one rose, and nothing was traded."""
    page = visit.page
    page.select_option("#stretch-choice", label="Fold 2: 2024-11-27 to 2024-11-28")
    assert "2024-11-27 to 2024-11-28: 2 scored forecasts, right 100.0%" in page.inner_text("#ticker-summary")
    assert page.get_attribute("#ticker-session", "min") == "2"
    assert page.locator("#ticker-table tbody tr").first.inner_text().split() == [
        "KOLA", "–", "100.0%", "50.0%", "2", "0", "0"
    ]  # fmt: skip
    page.select_option("#stretch-choice", label="All sessions")
    assert page.locator("#ticker-table tbody tr").first.inner_text().split() == [
        "KOLA", "−135", "75.0%", "50.0%", "4", "3", "2"
    ]  # fmt: skip


def test_the_table_opens_a_chart_whose_file_is_loaded_only_then(visit: Visit) -> None:
    """Thirty tickers of ten years are megabytes; who looks at one loads one."""
    page = visit.page
    assert not [url for url in visit.requests if url.endswith("t-OTHER.js")]
    page.get_by_role("button", name="OTHER").click()
    page.wait_for_selector("#ticker-summary:has-text('OTHER, 2024')")
    assert [url.rpartition("/")[2] for url in visit.requests[-1:]] == ["t-OTHER.js"]
    assert "no scored forecast; no fill; 0 headlines" in page.inner_text("#ticker-summary")
    page.select_option("#ticker-choice", label="KOLA")
    page.wait_for_selector("#ticker-summary:has-text('KOLA, 2024')")
    assert all(url.startswith("file://") for url in visit.requests)


def test_paper_has_the_words_and_the_table_but_no_empty_chart(visit: Visit) -> None:
    """A canvas of a screen in dark colours says nothing on paper."""
    visit.page.emulate_media(media="print")
    hidden = [visit.page.locator(f"#ticker-{name}").is_visible() for name in ("chart", "session", "fills")]
    shown = [visit.page.locator(f"#ticker-{name}").is_visible() for name in ("summary", "detail", "table")]
    visit.page.emulate_media(media="screen")
    assert (hidden, shown) == ([False] * 3, [True] * 3)


def test_nothing_foreign_runs_in_a_ticker_s_chart(browser: Any, tmp_path: Path) -> None:
    """A hostile ticker and its headlines stay text: in the file beside the page, the choice, the table, the words."""
    visit = open_page(browser, small_run(ATTACK, f"{ATTACK} =HYPERLINK(1)", label="open_to_open(2)"), tmp_path)
    visit.page.select_option("#ticker-choice", index=0)
    # A trade of Thursday ends on Monday, two weekdays after the last bar.
    visit.page.focus("#ticker-session")
    visit.page.keyboard.press("End")
    assert "2024-12-02" in visit.page.inner_text("#ticker-detail h3")
    visit.page.keyboard.press("Home")
    assert "Its trade ends at the open of 2024-11-27." in visit.page.inner_text("#ticker-detail")
    assert "<img src=x" in visit.page.inner_text("#ticker-detail .headlines")
    assert visit.page.evaluate("window.attacked") is None
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []


def test_a_file_that_is_missing_is_named(browser: Any, tmp_path: Path) -> None:
    """A folder that was copied in part says what it lacks, and the table still stands."""
    page = render_report(small_run(), tmp_path)
    (tmp_path / "tickers" / "t-KOLA.js").unlink()
    visit = Visit(browser, page, draws=False)
    visit.page.locator("#tickers").scroll_into_view_if_needed()
    visit.page.wait_for_selector("#ticker-summary:has-text('tickers/t-KOLA.js is missing next to this page')")


def test_ten_years_of_a_ticker_are_drawn_with_the_next_session_s_forecast(
    browser: Any, build_run: Any, tmp_path: Path
) -> None:
    """The forecast of a session without a bar stands around the last close, after the last candle."""
    run = build_run(n_tickers=2, n_sessions=2500)
    forecasts = made_up_intervals(run.out_of_sample, n_folds=8)
    following = forecasts["session"].max() + pd.offsets.BDay()
    ahead = forecasts.tail(2).assign(session=following, realised_return=np.nan)
    made_at = pd.Timestamp("2023-08-03 12:50", tz="UTC")
    ahead = ahead.assign(made_at=made_at, decision_at=made_at, late=False, spread=0.0)
    history = made_up_history(forecasts)
    visit = open_page(
        browser, build_run(n_tickers=2, out_of_sample=forecasts, next_forecasts=ahead, **history), tmp_path
    )
    assert "not known yet" in visit.page.inner_text("#ticker-detail")
    assert "made at 2023-08-03 12:50 UTC" in visit.page.inner_text("#ticker-detail")
    assert visit.page.get_attribute("#ticker-session", "max") == "2500"
    assert visit.complaints == []
