"""The ticker view: what each ticker did in the whole run, in a year and in a fold, and which files lie beside."""

from pathlib import Path

import pandas as pd

from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from stockseq.report.tickers.view import build_tickers
from tests.report.made_up_tickers import made_up_history, made_up_intervals
from tests.report.test_page import Page
from tests.report.tickers.test_files import bars_of, read, run_of

SESSIONS = pd.to_datetime(["2024-12-30", "2024-12-31", "2025-01-02", "2025-01-03"]).astype("datetime64[us]")


def two_years() -> RunReport:
    """Two tickers, four sessions in two years and two folds, with an account."""
    bars = pd.concat([bars_of(ticker, closes=(100.0,) * 4, session=SESSIONS) for ticker in ("A", "B")])
    forecasts = pd.DataFrame(
        {
            "ticker": ["A"] * 4 + ["B"],
            "session": [*SESSIONS, SESSIONS[0]],
            "probability_up": [0.6, 0.6, 0.4, 0.6, 0.4],
            "realised_return": [0.01, -0.01, -0.02, 0.01, None],
            "fold": [1, 1, 1, 2, 1],
        }
    )
    fills = pd.DataFrame(
        {
            "session": SESSIONS[[0, 0, 3]],
            "ticker": "A",
            "moment": ["open", "close", "open"],
            "shares": [10.0, -10.0, 5.0],
            "fill_price": 100.0,
            "cost": [1.0, 1.5, 0.25],
        }
    )
    profits = pd.DataFrame({"session": SESSIONS[[0, 3]], "ticker": "A", "profit": [-12.345, 30.0]})
    return run_of(bars, out_of_sample=forecasts, fills=fills, profits=profits)


def test_a_ticker_is_summed_up_over_the_run_a_year_and_a_fold() -> None:
    """By hand: A is right in three of four, which rose twice; B's only forecast has no outcome yet."""
    view = build_tickers(two_years())
    assert view is not None
    _, (sessions,) = read(view.scripts["sessions.js"])
    figures = {stretch.name: rows for stretch, rows in zip(view.stretches, sessions["figures"], strict=True)}
    assert figures["All sessions"] == [[4, 3, 2, 17.66, 2.75, 3], [0, 0, 0, 0.0, 0.0, 0]]
    assert figures["2024"][0] == [2, 1, 1, -12.34, 2.5, 2]
    assert figures["2025"][0] == [2, 2, 1, 30.0, 0.25, 1]
    assert figures["Fold 2: 2025-01-03 to 2025-01-03"][0] == [1, 1, 1, 30.0, 0.25, 1]
    assert [cell.text for cell in view.rows[0].cells] == ["+18", "75.0%", "50.0%", "4", "3", "3"]
    assert [cell.text for cell in view.rows[1].cells] == ["–", "–", "–", "0", "0", "0"]


def test_a_run_of_before_the_view_is_drawn_without_it() -> None:
    """Old runs have no bars; an empty chart would be read as a ticker that never traded."""
    run = two_years()
    assert build_tickers(RunReport(run.run_id, run.recipe, run.created_at, run.title)) is None


def test_the_files_of_tickers_that_left_are_removed(build_run, tmp_path: Path) -> None:
    """A page that is drawn again has its own files beside it and no others, and the licence of what draws them."""
    run = build_run(n_tickers=3, n_sessions=30)
    forecasts = made_up_intervals(run.out_of_sample, n_folds=2)
    whole = build_run(n_tickers=3, n_sessions=30, out_of_sample=forecasts, **made_up_history(forecasts))
    (tmp_path / "tickers").mkdir()
    (tmp_path / "tickers" / "t-GONE.js").touch()
    page = Page(render_report(whole, tmp_path).read_text(encoding="utf-8"))
    names = sorted(path.name for path in (tmp_path / "tickers").iterdir())
    assert names == ["sessions.js", "t-T000.js", "t-T001.js", "t-T002.js"]
    assert "Apache License" in (tmp_path / "lightweight-charts.LICENSE.txt").read_text(encoding="utf-8")
    assert [option["value"] for option in page.named("option")][:3] == ["t-T000", "t-T001", "t-T002"]
    assert [section["id"] for section in page.named("section")][1:5] == ["book", "outlook", "tickers", "record"]
    assert [link["href"] for link in page.named("a") if "tradingview" in (link["href"] or "")] == [
        "https://www.tradingview.com/"
    ]
    render_report(run, tmp_path)
    assert not list((tmp_path / "tickers").iterdir())
