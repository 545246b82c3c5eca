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
MOST_POINTS = 3000
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


def _paint(value: object) -> Any:
    """Return Plotly JSON with the colours of the palette for their names."""
    if isinstance(value, Mapping):
        return {key: _paint(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_paint(item) for item in value]
    return PALETTE.get(value, value) if isinstance(value, str) else value
