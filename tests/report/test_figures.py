"""Tests of the figures of a page."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from stockseq.report.figures import build_figures, drawdown_figure, equity_figure
from stockseq.report.plot import MOST_POINTS, thin


def painted(value: Any) -> Any:
    """The figure with a real colour wherever it names a CSS property."""
    if isinstance(value, list | tuple):
        return [painted(item) for item in value]
    if isinstance(value, dict):
        return {key: painted(item) for key, item in value.items()}
    return "#123456" if isinstance(value, str) and value.startswith("--") else value


def curves(**columns: list[float]) -> pd.DataFrame:
    """Equity curves over business days."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.bdate_range("2024-01-01", periods=length, name="session"))


def test_a_whole_run_has_all_five_figures_and_plotly_accepts_each(build_run) -> None:
    """Plotly's own validators refuse an unknown key or a value of the wrong kind."""
    figures = build_figures(build_run(n_tickers=5, n_sessions=60))
    assert list(figures) == ["comparisons", "calibration", "accuracy", "equity", "drawdown"]
    for figure in figures.values():
        go.Figure(data=painted(list(figure.data)), layout=painted(figure.layout))


def test_a_run_without_forecasts_and_equity_has_no_figure(build_run) -> None:
    """A page says what is absent instead of drawing empty axes."""
    assert build_figures(build_run(out_of_sample=None, equity=None, metrics={})) == {}


def test_accuracy_over_time_needs_ten_sessions(build_run) -> None:
    """Over fewer sessions a rolling line is one or two points of chance."""
    assert "accuracy" not in build_figures(build_run(n_tickers=5, n_sessions=9))
    assert "accuracy" in build_figures(build_run(n_tickers=5, n_sessions=10))


def test_a_run_of_one_ticker_is_calibrated_in_wider_groups(build_run) -> None:
    """92 forecasts in steps of 1 or 2 percent leave no group of 20; in wider ones most of them have a point."""
    figure = build_figures(build_run(n_tickers=1, n_sessions=92))["calibration"]
    points, bars = figure.data[1:]
    assert len(points["x"]) >= 2
    assert sum(n for n in bars["y"] if n >= 20) > 92 / 2


def test_too_few_forecasts_are_not_calibrated(build_run) -> None:
    """A picture of bars without a point would be read as one."""
    assert "calibration" not in build_figures(build_run(n_tickers=1, n_sessions=12))


def test_the_optimum_is_drawn_only_where_it_is_known(build_run) -> None:
    """Only a simulated market has a best possible accuracy."""
    names = [
        {trace["name"] for trace in build_figures(build_run(n_sessions=60, optimum=optimum))["accuracy"].data}
        for optimum in ({"accuracy": 0.579}, None)
    ]
    assert names[0] - names[1] == {"Best possible here"}


def test_growth_starts_at_zero_and_a_late_curve_at_its_own_first_session() -> None:
    """By hand: 100 to 110 is 10 %; a curve that begins on the second session grows from there."""
    nan = float("nan")
    figure = equity_figure(curves(strategy=[100.0, 105.0, 110.0], equal_weight=[nan, 50.0, 40.0]))
    assert figure.data[0]["y"] == pytest.approx([0.0, 0.05, 0.1])
    assert figure.data[1]["y"] == [None, 0.0, pytest.approx(-0.2)]


def test_drawdown_is_the_fraction_below_the_running_peak() -> None:
    """By hand: from a peak of 110 down to 99 is 10 %."""
    figure = drawdown_figure(curves(strategy=[100.0, 110.0, 99.0], strategy_0x=[100.0, 110.0, 100.0]))
    assert [trace["y"] for trace in figure.data] == [[0.0, 0.0, pytest.approx(-0.1)]]


def test_a_curve_of_a_foreign_name_is_escaped_for_plotly(build_run) -> None:
    """Plotly reads links and other tags in the names of traces."""
    equity = curves(strategy=[1.0, 2.0]).assign(**{"<a href='x'>y": [1.0, 1.0]})
    assert build_figures(build_run(equity=equity))["equity"].data[1]["name"].startswith("&lt;a")


def test_long_curves_are_thinned_and_keep_their_newest_session() -> None:
    """A figure of more points than pixels costs time and shows nothing more."""
    frame = thin(pd.DataFrame({"a": range(2 * MOST_POINTS + 1)}))
    assert len(frame) <= MOST_POINTS
    assert frame["a"].iloc[-1] == 2 * MOST_POINTS


def test_a_difference_that_may_be_luck_is_a_hollow_dot(build_run) -> None:
    """By hand: a p of .006 fills the dot, none or .09 leaves it hollow; the bar is half the interval, .86 points."""
    accuracy, loss = build_figures(build_run(n_tickers=5, n_sessions=60))["comparisons"].data
    assert accuracy["marker"]["symbol"] == ["circle", "circle-open"]
    assert loss["marker"]["symbol"] == ["circle-open", "circle-open"]
    assert accuracy["y"] == ["Majority", "Logistic regression"]
    assert accuracy["error_x"]["array"] == [0.86, 0.86]
