"""The figures of a page as plain Plotly JSON; colours are names of CSS properties, which the page's script fills in."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stockseq.report import wording
from stockseq.report.record import calibration, rolling_accuracy, scored
from stockseq.report.run import RunReport

MOST_POINTS = 3000
FEWEST_SESSIONS = 10

CURVES = {
    "strategy": ("Strategy, costs 1x", "--strategy", "solid"),
    "strategy_0x": ("Strategy, no costs", "--strategy", "dot"),
    "strategy_2x": ("Strategy, costs 2x", "--strategy", "dash"),
    "buy_and_hold": ("Buy and hold", "--benchmark", "solid"),
    "equal_weight": ("Equal weight", "--second", "solid"),
}


@dataclass(frozen=True)
class Figure:
    """One figure: Plotly's `data` and `layout`, with the words around it.

    `reading` says how to read it; `summary` says in one sentence what it shows, for who can't see it.
    """

    name: str
    title: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    reading: str
    summary: str
    height: int = 360


def accuracy_over_time(run: RunReport) -> Figure | None:
    """Return rolling accuracy with its interval against the base rate, or None where fewer than 10 sessions are scored."""
    rows = _scored(run)
    if rows is None or rows["session"].nunique() < FEWEST_SESSIONS:
        return None
    window = rolling_window(rows["session"].nunique())
    frame = rolling_accuracy(rows, window=window, base_rates=run.base_rates)
    frame = _thin(frame)
    x = _sessions(frame.index)
    data = [
        _line(x, frame["high"], "", "--band", width=0, showlegend=False, hoverinfo="skip"),
        _line(x, frame["low"], "95% interval", "--band", width=0, fill="tonexty", fillcolor="--band", hoverinfo="skip"),
        _line(x, frame["accuracy"], "Accuracy", "--strategy"),
        _line(x, frame["base_rate"], "Base rate", "--base", dash="dash"),
    ]
    best = wording.finite((run.optimum or {}).get("accuracy"))
    if best is not None:
        ends = pd.Series([best, best])
        data.append(_line([x[0], x[-1]], ends, "Best possible here", "--optimum", dash="dot"))
    base = (
        "The dashed line is what the constant forecast learnt on the training sessions got right."
        if run.base_rates is not None
        else "The dashed line is the better of always saying up and always saying down, chosen with hindsight in each stretch."
    )
    above = float((frame["low"] > frame["base_rate"]).mean())
    return Figure(
        name="accuracy",
        title="Accuracy over time",
        data=data,
        layout=_layout(y_format=".0%"),
        reading=f"Each point is the share of right directions over the {window} sessions up to it. {base} The model shows "
        "skill where the whole band lies above that line; a band that holds the line is what chance looks like."
        + (" The dotted line is the best that any forecast could reach on this simulated market." if best else ""),
        summary=f"Over {window} sessions at a time, accuracy lies between {wording.percent(frame['accuracy'].min())} and "
        f"{wording.percent(frame['accuracy'].max())}; its interval lies above the base rate in {wording.percent(above, digits=0)} "
        "of the stretches.",
    )


def calibration_figure(run: RunReport) -> Figure | None:
    """Return how often tickers rose by forecast probability, with counts, or None where nothing is scored."""
    rows = _scored(run)
    if rows is None:
        return None
    bins = calibration(rows)
    shown = bins[bins["n"] >= 20]
    ends = pd.Series([bins["low"].min(), bins["high"].max()])
    names = [
        f"{wording.percent(low, digits=0)} to {wording.percent(high, digits=0)}"
        for low, high in zip(bins["low"], bins["high"], strict=True)
    ]
    data: list[Mapping[str, Any]] = [
        _line(_numbers(ends), ends, "Perfectly calibrated", "--base", dash="dash", hoverinfo="skip"),
        {
            **_line(_numbers(shown["forecast"]), shown["rose"], "Share that rose", "--strategy"),
            "mode": "markers",
            "marker": {"size": 8, "color": "--strategy"},
            "error_y": {
                "type": "data",
                "array": _numbers(shown["error"]),
                "color": "--strategy",
                "thickness": 1.5,
                "width": 3,
            },
            "hovertemplate": "forecast %{x:.1%}, rose %{y:.1%}<extra></extra>",
        },
        {
            "type": "bar",
            "x": _numbers((bins["low"] + bins["high"]) / 2),
            "y": [int(n) for n in bins["n"]],
            "width": float((bins["high"] - bins["low"]).iloc[0]) * 0.92,
            "customdata": names,
            "yaxis": "y2",
            "marker": {"color": "--muted"},
            "hovertemplate": "%{customdata}: %{y:,} forecasts<extra></extra>",
            "showlegend": False,
        },
    ]
    layout = _layout(y_format=".0%", x_format=".0%", x_title="Forecast probability of up", hover="closest")
    layout["yaxis"] |= {"domain": [0.34, 1.0], "title": {"text": "Share that rose"}}
    layout["yaxis2"] = _axis(domain=[0.0, 0.22], title={"text": "Forecasts"}, nticks=3, rangemode="tozero")
    layout["xaxis"] |= {"anchor": "y2"}
    hidden = len(bins) - len(shown)
    return Figure(
        name="calibration",
        title="Calibration",
        data=data,
        layout=layout,
        reading="Forecasts are grouped by the probability they gave; a point shows how often those tickers then rose, with a 95% "
        "interval clustered by session, and the bars below count the forecasts. Points on the dashed line mean that 55% "
        "happens 55% of the time; a flatter run of points means that the model is too sure of itself."
        + (f" {hidden} group(s) of fewer than 20 forecasts have a bar but no point." if hidden else ""),
        summary=f"Forecast probabilities run from {wording.percent(rows['probability_up'].min())} to "
        f"{wording.percent(rows['probability_up'].max())} over {wording.count(len(rows))} forecasts.",
        height=430,
    )


def equity_figure(run: RunReport) -> Figure | None:
    """Return the growth of each curve since the first session, or None where the run has no equity."""
    curves = _curves(run)
    if curves is None:
        return None
    growth = curves / curves.bfill().iloc[0] - 1
    frame = _thin(growth)
    data = [_curve(name, frame[name]) for name in _ordered(frame)]
    ends = ", ".join(
        f"{curve_label(str(name))} {wording.percent(growth[name].ffill().iloc[-1], signed=True)}"
        for name in _ordered(growth)
    )
    return Figure(
        name="equity",
        title="Equity against benchmarks",
        data=data,
        layout=_layout(y_format="+.0%"),
        reading="Growth of the account since the first session, marked at each close from a ledger of whole shares, costs, dividends and "
        "interest. The solid strategy line pays the costs in the settings, the dotted line none and the dashed line twice as "
        "much: where they part quickly, the result lives on costs that may not hold.",
        summary=f"Growth over the whole run: {ends}.",
        height=400,
    )


def drawdown_figure(run: RunReport) -> Figure | None:
    """Return the fraction below the running peak, of the strategy and the benchmarks, or None without equity."""
    curves = _curves(run)
    if curves is None:
        return None
    curves = curves[[name for name in _ordered(curves) if name not in ("strategy_0x", "strategy_2x")]]
    fall = curves / curves.cummax() - 1
    frame = _thin(fall)
    data = [
        _curve(name, frame[name]) | ({"fill": "tozeroy", "fillcolor": "--band"} if name == "strategy" else {})
        for name in _ordered(frame)
    ]
    worst = ", ".join(f"{curve_label(str(name))} {wording.percent(fall[name].min())}" for name in fall)
    return Figure(
        name="drawdown",
        title="Drawdown",
        data=data,
        layout=_layout(y_format=".0%"),
        reading="How far each account stands below its highest close so far. The deepest point is the loss that a holder would have sat through.",
        summary=f"Deepest: {worst}.",
        height=280,
    )


def build_figures(run: RunReport) -> dict[str, Figure]:
    """Return the figures that the run has data for, by name."""
    drawn = (accuracy_over_time(run), calibration_figure(run), equity_figure(run), drawdown_figure(run))
    return {figure.name: figure for figure in drawn if figure is not None}


def rolling_window(n_sessions: int) -> int:
    """Return how many sessions a rolling stretch holds: a quarter of a year, or a third of a short run.

    Examples
    --------
    >>> rolling_window(500), rolling_window(60), rolling_window(10)
    (63, 20, 5)
    """
    return 63 if n_sessions >= 189 else max(5, n_sessions // 3)


def curve_label(name: str) -> str:
    """Return an equity curve's name in words."""
    return CURVES[name][0] if name in CURVES else wording.label(name)


def _scored(run: RunReport) -> pd.DataFrame | None:
    if run.out_of_sample is None:
        return None
    rows = scored(run.out_of_sample)
    return rows if len(rows) else None


def _curves(run: RunReport) -> pd.DataFrame | None:
    if run.equity is None or len(run.equity) < 2:
        return None
    curves = run.equity.astype(float).where(np.isfinite(run.equity.astype(float)))
    return curves.loc[:, curves.notna().any()]


def _ordered(frame: pd.DataFrame) -> list[str]:
    known = [name for name in CURVES if name in frame.columns]
    return known + [name for name in frame.columns if name not in CURVES]


def _curve(name: str, values: pd.Series) -> dict[str, Any]:
    label, color, dash = CURVES.get(name, (html.escape(wording.label(name)), "--third", "solid"))
    return _line(_sessions(values.index), values, label, color, dash=dash, width=2.2 if name == "strategy" else 1.4)


def _line(
    x: list[Any], y: pd.Series, name: str, color: str, *, dash: str = "solid", width: float = 2.0, **more: Any
) -> dict[str, Any]:
    line = {"color": color, "dash": dash, "width": width}
    return {"type": "scatter", "mode": "lines", "x": x, "y": _numbers(y), "name": name, "line": line, **more}


def _layout(*, y_format: str, x_format: str = "", x_title: str = "", hover: str = "x unified") -> dict[str, Any]:
    return {
        "xaxis": _axis(tickformat=x_format, title={"text": x_title}),
        "yaxis": _axis(tickformat=y_format, hoverformat=y_format.replace(".0%", ".1%")),
        "hovermode": hover,
        "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--rule", "font": {"color": "--ink"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "--quiet"},
        "paper_bgcolor": "--surface",
        "plot_bgcolor": "--surface",
        "dragmode": False,
    }


def _axis(**more: Any) -> dict[str, Any]:
    return {"automargin": True, "gridcolor": "--rule", "linecolor": "--rule", "zerolinecolor": "--axis", **more}


def _sessions(index: pd.Index) -> list[str]:
    return list(pd.DatetimeIndex(index).strftime("%Y-%m-%d"))


def _numbers(values: pd.Series) -> list[float | None]:
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    # Counted from the end, so that the newest session is always drawn.
    return frame if len(frame) <= MOST_POINTS else frame.iloc[:: -(-(-len(frame) // MOST_POINTS))].iloc[::-1]
