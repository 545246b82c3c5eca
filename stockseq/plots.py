"""Plots of tables: as Plotly figures in a notebook, and in the page's own colours on a page."""

import html
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Json = dict[str, Any]

# Plots name the properties of the page's style sheet instead of colours; these are its colours on a light ground.
PALETTE = {
    "--surface": "#ffffff",
    "--ink": "#16202b",
    "--quiet": "#566270",
    "--rule": "#e3e5e6",
    "--axis": "#a9b1b8",
    "--strategy": "#1c5d99",
    "--band": "rgba(28, 93, 153, .15)",
    "--base": "#b4530a",
    "--optimum": "#2f7d4f",
    "--benchmark": "#8a5aa3",
    "--second": "#7b8794",
    "--third": "#3f8f8b",
    "--muted": "#b9c2ca",
}
# Name, colour and dash of the curves of an account.
CURVES = {
    "strategy": ("Strategy, costs 1x", "--strategy", "solid"),
    "strategy_0x": ("Strategy, no costs", "--strategy", "dot"),
    "strategy_2x": ("Strategy, costs 2x", "--strategy", "dash"),
    "buy_and_hold": ("Buy and hold", "--benchmark", "solid"),
    "equal_weight": ("Equal weight", "--second", "solid"),
    "random_same_turnover": ("Random, same turnover", "--third", "solid"),
}
AT_OTHER_COSTS = ("strategy_0x", "strategy_2x")
# Measure: title of its panel, its axis, how hovering writes it, and what a fraction is multiplied by.
PANELS = {
    "accuracy": ("Accuracy, points", "x", "+.2f", 100.0),
    "log_loss": ("Log loss × 1,000", "x2", "+.1f", 1000.0),
    "ic": ("IC × 1,000", "x2", "+.1f", 1000.0),
}
PIXELS_PER_ROW, PIXELS_AROUND = 32, 110
MOST_POINTS = 3000
# Forecasts of a bin from which the share that rose is drawn.
FEWEST_FORECASTS = 20
# Characters of a row's name in one line.
WIDEST_NAME = 20


@dataclass(frozen=True)
class Plot:
    """Plotly's `data` and `layout`; colours are names of `PALETTE`, which a page replaces by those of its style."""

    data: Sequence[Json]
    layout: Json

    def as_figure(self, title: str) -> "Figure":
        """Return the plot as a Plotly figure in the colours of `PALETTE`."""
        import plotly.graph_objects as go

        heading = {"text": title, "yref": "container", "y": 0.98, "yanchor": "top"}
        # Room for the title above two rows of names.
        margin = {**self.layout["margin"], "t": 110}
        layout = {"height": 460, **self.layout, "dragmode": "zoom", "title": heading, "margin": margin}
        return go.Figure(data=_paint(list(self.data)), layout=_paint(layout))


def plot_equity(curves: pd.DataFrame) -> Plot:
    """Return the growth of each curve since its first session.

    Parameters
    ----------
    curves : DataFrame of n_sessions rows
        Money by session, a column a curve; see `CURVES`. NaN before a curve begins.
    """
    return Plot([_curve(values) for _, values in thin(compute_growth(curves)).items()], layout(y_format="+.0%"))


def plot_drawdown(curves: pd.DataFrame) -> Plot:
    """Return the fraction below the running peak, of the strategy at its own costs and of the benchmarks.

    The parameters are those of `plot_equity`.
    """
    shade = {"fill": "tozeroy", "fillcolor": "--band"}
    falls = thin(compute_falls(curves))
    data = [_curve(values) | (shade if name == "strategy" else {}) for name, values in falls.items()]
    return Plot(data, layout(y_format=".0%"))


def plot_account(curves: pd.DataFrame) -> Plot:
    """Return growth above drawdown over the same sessions.

    The parameters are those of `plot_equity`.
    """
    growth, falls = plot_equity(curves), plot_drawdown(curves)
    below = [trace | {"yaxis": "y2", "showlegend": False} for trace in falls.data]
    both = growth.layout | {
        "yaxis": growth.layout["yaxis"] | {"domain": [0.36, 1.0], "title": axis_title("Growth")},
        "yaxis2": falls.layout["yaxis"] | {"domain": [0.0, 0.28], "title": axis_title("Drawdown")},
        "xaxis": growth.layout["xaxis"] | {"anchor": "y2"},
        "height": 640,
    }
    return Plot([*growth.data, *below], both)


def compute_growth(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the growth of each curve since its first session, a fraction."""
    return curves / curves.bfill().iloc[0] - 1


def compute_falls(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the fraction below the running peak, at most 0, without the strategy at other costs than its own."""
    falls = curves / curves.cummax() - 1
    return falls[[name for name in falls if name not in AT_OTHER_COSTS]]


def plot_accuracy(stretches: pd.DataFrame, *, best: float | None = None) -> Plot:
    """Return accuracy over time with its interval, against the base rate.

    Parameters
    ----------
    stretches : DataFrame of n_stretches rows
        Index session; accuracy, low, high and base_rate as fractions: see `evaluate.record.rolling_accuracy`.
    best : float, optional
        The best accuracy that any forecast can reach, where the market is simulated.
    """
    frame = thin(stretches)
    x = session_labels(frame.index)
    band: Json = {"width": 0, "hoverinfo": "skip"}
    data = [
        line(x, frame["high"], "", "--band", showlegend=False, **band),
        line(x, frame["low"], "95% interval", "--band", fill="tonexty", fillcolor="--band", **band),
        line(x, frame["accuracy"], "Accuracy", "--strategy"),
        line(x, frame["base_rate"], "Base rate", "--base", dash="dash"),
    ]
    if best is not None:
        data.append(line([x[0], x[-1]], pd.Series([best, best]), "Best possible here", "--optimum", dash="dot"))
    return Plot(data, layout(y_format=".0%"))


def plot_calibration(bins: pd.DataFrame) -> Plot:
    """Return how often tickers rose by forecast probability, above the count of forecasts.

    Parameters
    ----------
    bins : DataFrame of n_bins rows
        low, high, forecast, rose, error and n: see `evaluate.record.calibration_bins`. A bin of fewer than 20
        forecasts has a bar and no point.
    """
    ends = pd.Series([bins["low"].min(), bins["high"].max()])
    shape = layout(y_format=".0%", x_format=".0%", x_title="Forecast probability of up", hover="closest")
    shape["yaxis"] |= {"domain": [0.34, 1.0], "title": axis_title("Share that rose")}
    shape["yaxis2"] = axis(domain=[0.0, 0.22], title=axis_title("Forecasts"), nticks=3, rangemode="tozero")
    shape["xaxis"] |= {"anchor": "y2"}
    diagonal = line(numbers(ends), ends, "Perfectly calibrated", "--base", dash="dash", hoverinfo="skip")
    points = _calibration_points(bins[bins["n"] >= FEWEST_FORECASTS])
    return Plot([diagonal, points, _calibration_bars(bins)], shape)


def plot_differences(tables: Mapping[str, pd.DataFrame]) -> Plot:
    """Return a forest plot: paired differences with their intervals, a panel for each of two measures.

    Parameters
    ----------
    tables : mapping of measure to DataFrame
        Measures of `PANELS`; index the name of the row, difference, low, high (fractions) and significant (bool), as
        `evaluate.comparison.tabulate_tests` gives them.
    """
    n_rows = max(len(table) for table in tables.values())
    return Plot([dots(table, measure) for measure, table in tables.items()], panel_layout(n_rows, list(tables)))


def panel_layout(n_rows: int, measures: Sequence[str]) -> Json:
    """Return the layout of the panels of two measures side by side over the same rows."""
    shape = layout(y_format="", hover="closest")
    shape["height"] = n_rows * PIXELS_PER_ROW + PIXELS_AROUND
    for measure, domain in zip(measures, ([0.0, 0.47], [0.53, 1.0]), strict=True):
        name, x_axis, _, _ = PANELS[measure]
        shape[x_axis.replace("x", "xaxis")] = axis(
            domain=domain,
            tickformat="+",
            tickangle=0,
            title=axis_title(name),
            zeroline=True,
            zerolinewidth=2,
            # The line of no difference must be in sight.
            rangemode="tozero",
            nticks=4,
        )
    shape["yaxis"] = axis(autorange="reversed", showgrid=False)
    shape["showlegend"] = False
    return shape


def dots(table: pd.DataFrame, measure: str, *, color: str = "--strategy", symbol: str = "circle") -> Json:
    """Return a trace of differences in the panel of the measure, filled where they are significant.

    `table` is one of those that `plot_differences` takes.
    """
    _, x_axis, form, scale = PANELS[measure]
    middle, low, high = (scale * table[name] for name in ("difference", "low", "high"))
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": x_axis,
        "x": numbers(middle),
        "y": list(table.index),
        "error_x": interval_bars(middle, low, high, color),
        "marker": {
            "size": 9,
            "color": color,
            "symbol": [symbol if filled else f"{symbol}-open" for filled in table["significant"]],
        },
        "hovertemplate": f"%{{y}}: %{{x:{form}}}<extra></extra>",
    }


def line(
    x: Sequence[object], y: pd.Series, name: str, color: str, *, dash: str = "solid", width: float = 2.0, **more: Any
) -> Json:
    """Return a line trace; a missing value of `y` is a gap. `more` are keys of Plotly's scatter trace."""
    style = {"color": color, "dash": dash, "width": width}
    return {"type": "scatter", "mode": "lines", "x": x, "y": numbers(y), "name": name, "line": style, **more}


def layout(*, y_format: str, x_format: str = "", x_title: str = "", hover: str = "x unified") -> Json:
    """Return the layout that all plots share; formats are d3's."""
    return {
        "xaxis": axis(tickformat=x_format, **({"title": axis_title(x_title)} if x_title else {})),
        "yaxis": axis(tickformat=y_format, hoverformat=y_format.replace(".0%", ".1%")),
        "hovermode": hover,
        "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--rule", "font": {"color": "--ink"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "--quiet"},
        "paper_bgcolor": "--surface",
        "plot_bgcolor": "--surface",
        "dragmode": False,
    }


def axis(**more: Any) -> Json:
    """Return an axis in the palette's colours. `more` are keys of Plotly's axis."""
    return {"automargin": True, "gridcolor": "--rule", "linecolor": "--rule", "zerolinecolor": "--axis", **more}


def axis_title(text: str) -> Json:
    """Return an axis title."""
    return {"text": text, "font": {"size": 12}, "standoff": 8}


def interval_bars(middle: Iterable[float], low: Iterable[float], high: Iterable[float], color: str) -> Json:
    """Return the error bars of points whose intervals run from `low` to `high`.

    Examples
    --------
    >>> bars = interval_bars([0.5], [0.4], [0.7], "--strategy")
    >>> bars["arrayminus"], bars["array"]
    ([0.1], [0.2])
    """
    return {
        "type": "data",
        "symmetric": False,
        "array": [round(float(end - start), 5) for start, end in zip(middle, high, strict=True)],
        "arrayminus": [round(float(start - end), 5) for start, end in zip(middle, low, strict=True)],
        "color": color,
        "thickness": 1.5,
        "width": 3,
    }


def row_name(text: str) -> str:
    """Return the name of a row, a few words a line, so that it leaves a phone room for what it names.

    Plotly reads a few HTML tags in texts, so what others wrote is escaped.

    Examples
    --------
    >>> row_name("Logistic regression on indicators"), row_name("a<b")
    ('Logistic regression<br>on indicators', 'a&lt;b')
    """
    return "<br>".join(html.escape(row) for row in textwrap.wrap(text, WIDEST_NAME))


def session_labels(index: pd.Index) -> list[str]:
    """Return sessions as dates in text.

    Examples
    --------
    >>> session_labels(pd.DatetimeIndex(["2024-11-29"]))
    ['2024-11-29']
    """
    return list(pd.DatetimeIndex(index).strftime("%Y-%m-%d"))


def numbers(values: pd.Series) -> list[float | None]:
    """Return numbers to five digits after the point, None where missing or infinite, since JSON has no NaN.

    Examples
    --------
    >>> numbers(pd.Series([0.123456789, float("nan")]))
    [0.12346, None]
    """
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def thin(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every k-th row, counted from the end so that the newest is drawn, with at most `MOST_POINTS` rows.

    Examples
    --------
    >>> thin(pd.DataFrame({"a": range(3001)})).iloc[[0, -1]]["a"].tolist()
    [0, 3000]
    """
    step = (len(frame) + MOST_POINTS - 1) // MOST_POINTS
    return frame if step <= 1 else frame.iloc[::-step].iloc[::-1]


def _curve(values: pd.Series) -> Json:
    other = (html.escape(str(values.name)), "--third", "solid")
    label, color, dash = CURVES.get(str(values.name), other)
    width = 2.2 if values.name == "strategy" else 1.4
    return line(session_labels(values.index), values, label, color, dash=dash, width=width)


def _calibration_points(bins: pd.DataFrame) -> Json:
    bars = {"type": "data", "array": numbers(bins["error"]), "color": "--strategy", "thickness": 1.5, "width": 3}
    return line(numbers(bins["forecast"]), bins["rose"], "Share that rose", "--strategy") | {
        "mode": "markers",
        "marker": {"size": 8, "color": "--strategy"},
        "error_y": bars,
        "hovertemplate": "forecast %{x:.1%}, rose %{y:.1%}<extra></extra>",
    }


def _calibration_bars(bins: pd.DataFrame) -> Json:
    return {
        "type": "bar",
        "x": numbers((bins["low"] + bins["high"]) / 2),
        "y": [int(n) for n in bins["n"]],
        "width": float((bins["high"] - bins["low"]).iloc[0]) * 0.92,
        "customdata": [f"{low:.0%} to {high:.0%}" for low, high in zip(bins["low"], bins["high"], strict=True)],
        "yaxis": "y2",
        "marker": {"color": "--muted"},
        "hovertemplate": "%{customdata}: %{y:,} forecasts<extra></extra>",
        "showlegend": False,
    }


def _paint(value: object) -> Any:
    """Return Plotly JSON with the colours of the palette for their names."""
    if isinstance(value, Mapping):
        return {key: _paint(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_paint(item) for item in value]
    return PALETTE.get(value, value) if isinstance(value, str) else value
