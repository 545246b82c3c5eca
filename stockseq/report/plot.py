"""The Plotly JSON of which figures are made; colours are names of CSS properties, which the page's script fills in."""

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

MOST_POINTS = 3000
# Characters of a row's name in one line.
WIDEST_NAME = 20


@dataclass(frozen=True)
class Figure:
    """One figure: Plotly's `data` and `layout`, with the words around it.

    `reading` says how to read it, empty where the page says it once for many; `summary` says in one sentence what it
    shows, also for who can't see it.
    """

    name: str
    title: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    reading: str
    summary: str


def line(
    x: list[Any], y: pd.Series, name: str, color: str, *, dash: str = "solid", width: float = 2.0, **more: Any
) -> dict[str, Any]:
    """Return a line trace; a missing value of `y` is a gap. `more` are keys of Plotly's scatter trace."""
    style = {"color": color, "dash": dash, "width": width}
    return {"type": "scatter", "mode": "lines", "x": x, "y": numbers(y), "name": name, "line": style, **more}


def layout(*, y_format: str, x_format: str = "", x_title: str = "", hover: str = "x unified") -> dict[str, Any]:
    """Return the layout that all figures share; formats are d3's."""
    return {
        "xaxis": axis(tickformat=x_format, **({"title": title(x_title)} if x_title else {})),
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


def axis(**more: Any) -> dict[str, Any]:
    """Return an axis in the page's colours. `more` are keys of Plotly's axis."""
    return {"automargin": True, "gridcolor": "--rule", "linecolor": "--rule", "zerolinecolor": "--axis", **more}


def title(text: str) -> dict[str, Any]:
    """Return an axis title."""
    return {"text": text, "font": {"size": 12}, "standoff": 8}


def interval_bars(middle: Sequence[float], low: Sequence[float], high: Sequence[float], color: str) -> dict[str, Any]:
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
        "array": [round(end - place, 5) for place, end in zip(middle, high, strict=True)],
        "arrayminus": [round(place - end, 5) for place, end in zip(middle, low, strict=True)],
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
    return "<br>".join(html.escape(line) for line in textwrap.wrap(text, WIDEST_NAME))


def sessions(index: pd.Index) -> list[str]:
    """Return sessions as dates in text.

    Examples
    --------
    >>> sessions(pd.DatetimeIndex(["2024-11-29"]))
    ['2024-11-29']
    """
    return list(pd.DatetimeIndex(index).strftime("%Y-%m-%d"))


def numbers(values: pd.Series) -> list[float | None]:
    """Return numbers to five places, None where missing or infinite, since JSON has no NaN.

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
