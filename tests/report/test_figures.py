"""Tests of which figures a page has."""

import pandas as pd

from stockseq.report.figures import build_figures
from tests.report.conftest import made_up_metrics


def test_a_whole_run_has_all_five_figures(build_run) -> None:
    """In the order of the page."""
    figures = build_figures(build_run(n_tickers=5, n_sessions=60))
    assert list(figures) == ["comparisons", "calibration", "accuracy", "equity", "drawdown"]
    assert all(figure.reading and figure.summary for figure in figures.values())


def test_a_run_without_forecasts_and_equity_has_no_figure(build_run) -> None:
    """A page says what is absent instead of drawing empty axes."""
    assert build_figures(build_run(out_of_sample=None, equity=None, backtest=None)) == {}


def test_accuracy_over_time_needs_ten_sessions(build_run) -> None:
    """Over fewer sessions a rolling line is one or two points of chance."""
    assert "accuracy" not in build_figures(build_run(n_tickers=5, n_sessions=9))
    assert "accuracy" in build_figures(build_run(n_tickers=5, n_sessions=10))


def test_a_run_of_one_ticker_is_calibrated_in_wider_groups(build_run) -> None:
    """92 forecasts in steps of 1 or 2 percent leave no group of 20; in wider ones most of them have a point."""
    _, points, bars = build_figures(build_run(n_tickers=1, n_sessions=92))["calibration"].plot.data
    assert len(points["x"]) >= 2
    assert sum(n for n in bars["y"] if n >= 20) > 92 / 2


def test_too_few_forecasts_are_not_calibrated(build_run) -> None:
    """A picture of bars without a point would be read as one."""
    assert "calibration" not in build_figures(build_run(n_tickers=1, n_sessions=12))


def test_the_optimum_is_drawn_only_where_it_is_known(build_run) -> None:
    """Only a simulated market has a best possible accuracy."""
    runs = [build_run(n_sessions=60), build_run(n_sessions=60, backtest=made_up_metrics(optimum=None))]
    names = [{trace["name"] for trace in build_figures(run)["accuracy"].plot.data} for run in runs]
    assert names[0] - names[1] == {"Best possible here"}


def test_the_nearest_baseline_is_the_first_row(build_run) -> None:
    """By hand: logistic regression is 1.26 points below the model, majority 4.22."""
    accuracy, _ = build_figures(build_run(n_tickers=5, n_sessions=60))["comparisons"].plot.data
    assert accuracy["y"] == ["Logistic regression", "Majority"]


def test_curves_of_other_names_come_last_in_words(build_run) -> None:
    """Equity may have a column that we have no name for."""
    equity = pd.DataFrame(
        {"my_fund": [1.0, 1.1], "strategy": [1.0, 1.2]}, index=pd.bdate_range("2024-01-01", periods=2)
    )
    names = [trace["name"] for trace in build_figures(build_run(equity=equity))["equity"].plot.data]
    assert names == ["Strategy, costs 1x", "My fund"]


def test_the_news_are_drawn_only_where_there_are_some(build_run) -> None:
    """An old run left no table of them, and a store without headlines has nothing to show."""
    rows = {"ticker": ["A"], "year": 2024, "source": "edgar", "n_headlines": 3, "n_sessions": 250, "n_with_news": 3}
    news = pd.DataFrame(rows)
    figure = build_figures(build_run(n_tickers=5, n_sessions=9, news=news))["news"]
    assert figure.summary == "3 headlines of 1 ticker from edgar, 2024 to 2024; 1.2% of the sessions have news."
    assert "news" not in build_figures(build_run(n_tickers=5, n_sessions=9, news=news.assign(n_headlines=0)))
