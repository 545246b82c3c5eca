"""Tests of the plots: Plotly takes each, in colours that a page and a notebook share, and numbers are those by hand."""

import re
from pathlib import Path

import pandas as pd
import pytest

from stockseq import plots
from stockseq.evaluate.comparison import PairedTest, tabulate_tests
from stockseq.evaluate.record import calibration_bins, mark_hits, rolling_accuracy
from stockseq.plots import MOST_POINTS, PALETTE, Plot, plot_account, plot_drawdown, plot_equity, thin
from tests.report.conftest import made_up_equity, made_up_forecasts


def curves(**columns: list[float]) -> pd.DataFrame:
    """Equity curves over business days."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.bdate_range("2024-01-01", periods=length, name="session"))


def every_plot() -> dict[str, Plot]:
    """One plot of each kind."""
    rows = mark_hits(made_up_forecasts(5, 60))
    test = PairedTest(difference=0.02, standard_error=0.005, n_sessions=60, ci=(0.01, 0.03), p_holm=0.01)
    table = tabulate_tests({"majority": test})
    return {
        "account": plot_account(made_up_equity(60)),
        "accuracy": plots.plot_accuracy(rolling_accuracy(rows, window=20), best=0.58),
        "calibration": plots.plot_calibration(calibration_bins(rows)),
        "differences": plots.plot_differences({"accuracy": table, "log_loss": table}),
    }


@pytest.mark.parametrize("name", ["account", "accuracy", "calibration", "differences"])
def test_plotly_takes_every_plot_in_real_colours(name: str) -> None:
    """Plotly's validators refuse an unknown key, a value of the wrong kind, and the name of a CSS property."""
    figure = every_plot()[name].as_figure("A title")
    assert figure.layout.title.text == "A title"
    assert '"--' not in figure.to_json()


def test_the_palette_is_the_page_s_on_a_light_ground() -> None:
    """A notebook and a page show the strategy in one colour."""
    style = (Path(plots.__file__).parent / "report" / "templates" / "page.css").read_text(encoding="utf-8")
    light = style[: style.index("}")]
    assert PALETTE.items() <= dict(re.findall(r"(--\w+): ([^;]+);", light)).items()


def test_growth_starts_at_zero_and_a_late_curve_at_its_own_first_session() -> None:
    """By hand: 100 to 110 is 10 %; a curve that begins on the second session grows from there."""
    nan = float("nan")
    strategy, other = plot_equity(curves(strategy=[100.0, 105.0, 110.0], equal_weight=[nan, 50.0, 40.0])).data
    assert strategy["y"] == pytest.approx([0.0, 0.05, 0.1])
    assert other["y"] == [None, 0.0, pytest.approx(-0.2)]


def test_drawdown_is_the_fraction_below_the_running_peak() -> None:
    """By hand: from a peak of 110 down to 99 is 10 %; the strategy at other costs is not drawn."""
    plot = plot_drawdown(curves(strategy=[100.0, 110.0, 99.0], strategy_0x=[100.0, 110.0, 100.0]))
    assert [trace["y"] for trace in plot.data] == [[0.0, 0.0, pytest.approx(-0.1)]]


def test_a_curve_of_another_name_is_escaped_for_plotly() -> None:
    """Plotly reads links and other tags in the names of traces."""
    plot = plot_equity(curves(strategy=[1.0, 2.0]).assign(**{"<a href='x'>y": [1.0, 1.0]}))
    assert plot.data[1]["name"].startswith("&lt;a")


def test_long_curves_are_thinned_and_keep_their_newest_session() -> None:
    """A figure of more points than pixels costs time and shows nothing more."""
    frame = thin(pd.DataFrame({"a": range(2 * MOST_POINTS + 1)}))
    assert len(frame) <= MOST_POINTS
    assert frame["a"].iloc[-1] == 2 * MOST_POINTS


def test_a_difference_that_may_be_luck_is_a_hollow_dot() -> None:
    """By hand: a p of .006 fills the dot, .09 or none leaves it hollow; the bar is half the interval, 1 point."""
    tests = {
        name: PairedTest(difference=0.02, standard_error=0.005, n_sessions=60, ci=(0.01, 0.03), p_holm=p)
        for name, p in {"a": 0.006, "b": 0.09, "c": None}.items()
    }
    trace = plots.dots(tabulate_tests(tests), "accuracy")
    assert trace["marker"]["symbol"] == ["circle", "circle-open", "circle-open"]
    assert (trace["y"], trace["x"]) == (["a", "b", "c"], [2.0, 2.0, 2.0])
    assert trace["error_x"]["array"] == [1.0, 1.0, 1.0]
