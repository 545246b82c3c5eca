"""Tests of the plots: Plotly takes each, in colours that a page and a notebook share, and numbers are those by hand."""

import re
from pathlib import Path

import pandas as pd
import pytest

from stockseq import plots
from stockseq.evaluate.comparison import PairedTest, tabulate_tests
from stockseq.evaluate.record import calibration_bins, mark_hits, rolling_accuracy
from stockseq.plots import Plot, plot_account, plot_drawdown, plot_equity
from stockseq.plots.plot import MOST_POINTS, PALETTE, thin
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
        "quintiles": plots.plot_quintiles(
            pd.DataFrame({"mean_return": 0.001, "low": -0.001, "high": 0.003}, index=range(1, 6))
        ),
        "cumulative_ic": plots.plot_cumulative_ic(curves(model=[0.1, -0.1], boosting=[0.0, float("nan")])),
        "news": plots.plot_news(plots.group_news(news_coverage(n_tickers=2, years=[2023, 2024]))),
        "fan": plots.plot_fan(intervals(0.0, -0.05)),
        "coverage": plots.plot_coverage(pd.DataFrame({"80": [0.79, 0.7], "95": [0.95, 0.9]}, index=["2019", "2020"])),
        "sizes": plots.plot_sizes(plots.group_sizes(pd.DataFrame({"sigma": [0.01], "realised_variance": [1e-4]}))),
    }


def news_coverage(n_tickers: int, years: list[int]) -> pd.DataFrame:
    """Headlines of two sources, in each year one more for each ticker that comes later."""
    rows = [
        (f"T{number:02}", year, source, 1 + number, 250, 100)
        for number in range(n_tickers)
        for year in years
        for source in ("alpaca", "edgar")
    ]
    return pd.DataFrame(rows, columns=["ticker", "year", "source", "n_headlines", "n_sessions", "n_with_news"])


def test_a_cell_of_the_news_names_its_sources_and_sessions() -> None:
    """The most headlines first; the sessions that two sources share are counted once."""
    plot = plots.plot_news(plots.group_news(news_coverage(n_tickers=2, years=[2024])))
    assert plot.data[0]["y"] == ["T01", "T00"]
    assert plot.data[0]["text"][0] == ["4 headlines: alpaca 2, edgar 2; news in 40% of 250 sessions"]


def test_tickers_and_years_beyond_the_map_are_summed_up() -> None:
    """62 tickers and 22 years become 60 rows and 20 columns, and no headline is lost."""
    whole = news_coverage(n_tickers=62, years=list(range(2003, 2025)))
    grouped = plots.group_news(whole)
    plot = plots.plot_news(grouped)
    assert len(plot.data[0]["y"]) == plots.MOST_TICKERS
    assert plot.data[0]["y"][-1] == "3 other tickers"
    assert plot.data[0]["x"][0] == "until 2005"
    assert len(plot.data[0]["x"]) == plots.MOST_YEARS
    assert grouped["n_headlines"].sum() == whole["n_headlines"].sum()
    # Three tickers of 1, 2 and 3 headlines from each of two sources, in three years of 250 sessions.
    assert plot.data[0]["text"][-1][0] == "36 headlines: alpaca 18, edgar 18; news in 40% of 2,250 sessions"


def intervals(*realised: float) -> pd.DataFrame:
    """Sessions of one ticker with the same intervals."""
    bounds = {"low_95": -0.04, "low_80": -0.02, "high_80": 0.02, "high_95": 0.04}
    return curves(realised_return=list(realised)).assign(**bounds)


@pytest.mark.parametrize(
    "name",
    [
        "account",
        "accuracy",
        "calibration",
        "differences",
        "quintiles",
        "cumulative_ic",
        "news",
        "fan",
        "coverage",
        "sizes",
    ],
)
def test_plotly_takes_every_plot_in_real_colours(name: str) -> None:
    """Plotly's validators refuse an unknown key, a value of the wrong kind, and the name of a CSS property."""
    figure = every_plot()[name].as_figure("A title")
    assert figure.layout.title.text == "A title"
    assert '"--' not in figure.to_json()


def test_the_palette_is_the_page_s_on_a_light_ground() -> None:
    """A notebook and a page show the strategy in one colour."""
    styles = Path(plots.__file__).parents[1] / "report" / "templates" / "styles"
    style = (styles / "frame.css").read_text(encoding="utf-8")
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


def test_a_fan_marks_what_fell_outside_its_interval() -> None:
    """By hand: bounds of -4 % and 4 %, bounds included; a session is drawn on one side only."""
    inside, outside = plots.plot_fan(intervals(0.03, -0.05, 0.04)).data[-2:]
    assert inside["y"] == [0.03, None, 0.04]
    assert outside["y"] == [None, -0.05, None]


def test_a_session_without_a_rank_adds_nothing_to_the_sum() -> None:
    """Two forecasters that rank other sessions are summed over the same axis."""
    model, rival = plots.plot_cumulative_ic(curves(model=[0.1, 0.2, 0.0], boosting=[float("nan"), 0.1, 0.1])).data
    assert model["y"] == pytest.approx([0.1, 0.3, 0.3])
    assert rival["y"] == pytest.approx([0.0, 0.1, 0.2])


def test_sizes_are_grouped_by_their_forecast_and_averaged_as_variances() -> None:
    """By hand: of 3 % and 4 % the root of the mean square is sqrt(12.5) %; a row without an outcome is left out."""
    rows = pd.DataFrame({"sigma": [0.04, 0.01, 0.03, 0.02, 0.5]})
    rows["realised_variance"] = [0.0009, 0.0001, 0.0007, 0.0001, float("nan")]
    groups = plots.group_sizes(rows, n_groups=2)
    assert groups["n"].tolist() == [2, 2]
    assert groups["sigma"].tolist() == pytest.approx([0.025**0.5 / 10, 0.00125**0.5])
    assert groups["realised"].tolist() == pytest.approx([0.01, 0.0008**0.5])
