"""Plots of the size of moves: intervals with outcomes, how often they held, and sizes against outcomes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stockseq.plots.plot import Json, Plot, axis, axis_title, layout, line, numbers, session_labels

# Sessions of a fan: more would be a smear.
MOST_SESSIONS = 250
LEVELS: Mapping[str, tuple[str, str]] = {"80": ("--strategy", "circle"), "95": ("--benchmark", "diamond")}


def plot_fan(rows: pd.DataFrame) -> Plot:
    """Return the intervals of one ticker's last sessions, and what was realised, marked where it fell outside.

    Parameters
    ----------
    rows : DataFrame of n_sessions rows
        Index session; low_95, low_80, high_80, high_95 and realised_return, fractions.

    Examples
    --------
    >>> row = {"low_95": -0.04, "low_80": -0.02, "high_80": 0.02, "high_95": 0.04, "realised_return": 0.03}
    >>> [trace["name"] for trace in plot_fan(pd.DataFrame(row, index=pd.to_datetime(["2024-11-29"]))).data[-2:]]
    ['Within 95%', 'Outside 95%']
    """
    frame = rows.tail(MOST_SESSIONS)
    x = session_labels(frame.index)
    data: list[Json] = []
    for level in ("95", "80"):
        data.append(line(x, frame[f"high_{level}"], "", "--band", width=0, showlegend=False, hoverinfo="skip"))
        band: Json = {"fill": "tonexty", "fillcolor": "--band", "hoverinfo": "skip"}
        data.append(line(x, frame[f"low_{level}"], f"{level}% interval", "--band", width=0, **band))
    outside = ~frame["realised_return"].between(frame["low_95"], frame["high_95"])
    for name, those, color in (("Within 95%", ~outside, "--ink"), ("Outside 95%", outside, "--base")):
        values = frame["realised_return"].where(those)
        data.append(line(x, values, name, color) | {"mode": "markers", "marker": {"size": 4, "color": color}})
    return Plot(data, layout(y_format=".1%", hover="closest"))


def plot_coverage(by_year: pd.DataFrame) -> Plot:
    """Return how often the intervals held the outcome, year by year, beside the share that they name.

    Parameters
    ----------
    by_year : DataFrame of n_years rows
        Index year; a column a level, such as "80", its coverage as a fraction.

    Examples
    --------
    >>> [trace["name"] for trace in plot_coverage(pd.DataFrame({"80": [0.79]}, index=["2020"])).data]
    ['80% interval', '80% intended']
    """
    x = [str(year) for year in by_year.index]
    data: list[Json] = []
    for level in map(str, by_year):
        color, symbol = LEVELS[level]
        dots = {"mode": "markers", "marker": {"size": 9, "color": color, "symbol": symbol}}
        data.append(line(x, by_year[level], f"{level}% interval", color) | dots)
        intended = pd.Series(int(level) / 100, index=by_year.index)
        # A line of one year is no line: a dash of its own marks the level there.
        alone = {"mode": "markers", "marker": {"symbol": "line-ew-open", "size": 40, "color": color}}
        data.append(
            line(x, intended, f"{level}% intended", color, dash="dash", hoverinfo="skip")
            | (alone if len(x) == 1 else {})
        )
    shape = layout(y_format=".0%", hover="closest")
    shape["xaxis"] = axis(type="category")
    return Plot(data, shape)


def plot_sizes(groups: pd.DataFrame) -> Plot:
    """Return the realised volatility of forecasts grouped by their sigma; on the diagonal sizes are right.

    Parameters
    ----------
    groups : DataFrame of n_groups rows
        sigma and realised (roots of mean variances, fractions per trade) and n, ascending by sigma.

    Examples
    --------
    >>> plot_sizes(pd.DataFrame({"sigma": [0.01], "realised": [0.012], "n": [50]})).data[1]["y"]
    [0.012]
    """
    ends = pd.Series([groups[["sigma", "realised"]].min().min(), groups[["sigma", "realised"]].max().max()])
    diagonal = line(numbers(ends), ends, "Right size", "--base", dash="dash", hoverinfo="skip")
    points = line(numbers(groups["sigma"]), groups["realised"], "Realised", "--strategy") | {
        "mode": "markers",
        "marker": {"size": 8, "color": "--strategy"},
        "customdata": [int(n) for n in groups["n"]],
        "hovertemplate": "forecast %{x:.2%}, realised %{y:.2%} (%{customdata:,} forecasts)<extra></extra>",
    }
    shape = layout(y_format=".1%", x_format=".1%", x_title="Forecast size of the move", hover="closest")
    shape["xaxis"] |= {"type": "log", "nticks": 6}
    shape["yaxis"] |= {"type": "log", "nticks": 6, "title": axis_title("Realised")}
    return Plot([diagonal, points], shape)


def group_sizes(rows: pd.DataFrame, *, n_groups: int = 20) -> pd.DataFrame:
    """Return forecasts in groups of equal number by their sigma, as `plot_sizes` takes them.

    Parameters
    ----------
    rows : DataFrame of n rows
        sigma and realised_variance; rows that lack either are left out.
    n_groups : int, default=20

    Examples
    --------
    >>> rows = pd.DataFrame({"sigma": [0.01, 0.02], "realised_variance": [0.0001, 0.0009]})
    >>> group_sizes(rows, n_groups=2)["realised"].round(4).tolist()
    [0.01, 0.03]
    """
    known = rows[["sigma", "realised_variance"]].dropna()
    ranks = np.arange(len(known)) * n_groups // max(len(known), 1)
    ordered = known.sort_values("sigma", kind="stable").assign(sigma=lambda frame: frame["sigma"] ** 2)
    means = ordered.groupby(ranks).agg(
        sigma=("sigma", "mean"), realised=("realised_variance", "mean"), n=("sigma", "size")
    )
    return means.assign(sigma=means["sigma"] ** 0.5, realised=means["realised"] ** 0.5)
