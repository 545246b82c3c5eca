"""The figures of a page: accuracy over time, calibration, equity, drawdown, and the model less its baselines."""

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stockseq.report import format as wording
from stockseq.report import plot
from stockseq.report.forest import comparison_figure
from stockseq.report.plot import Figure
from stockseq.report.record import calibration, rolling_accuracy, scored
from stockseq.report.run import RunReport

FEWEST_SESSIONS = 10
FEWEST_FORECASTS = 20

CURVES = {
    "strategy": ("Strategy, costs 1x", "--strategy", "solid"),
    "strategy_0x": ("Strategy, no costs", "--strategy", "dot"),
    "strategy_2x": ("Strategy, costs 2x", "--strategy", "dash"),
    "buy_and_hold": ("Buy and hold", "--benchmark", "solid"),
    "equal_weight": ("Equal weight", "--second", "solid"),
    "random_same_turnover": ("Random, same turnover", "--third", "solid"),
}
AT_OTHER_COSTS = ("strategy_0x", "strategy_2x")


def build_figures(run: RunReport) -> dict[str, Figure]:
    """Return the figures that the run has data for, by name."""
    rows = None if run.out_of_sample is None else scored(run.out_of_sample)
    curves = _curves(run.equity)
    drawn = []
    if (forest := comparison_figure(run.measures("comparisons"))) is not None:
        drawn.append(forest)
    if rows is not None and len(rows):
        if (calibrated := calibration_figure(rows)) is not None:
            drawn.append(calibrated)
        if rows["session"].nunique() >= FEWEST_SESSIONS:
            best = wording.finite((run.optimum or {}).get("accuracy"))
            drawn.append(accuracy_figure(rows, base_rates=run.base_rates, best=best))
    if curves is not None:
        drawn += [equity_figure(curves), drawdown_figure(curves)]
    return {figure.name: figure for figure in drawn}


def accuracy_figure(rows: pd.DataFrame, *, base_rates: pd.Series | None, best: float | None) -> Figure:
    """Return rolling accuracy of the rows of `scored`, with its interval, against the base rate and the optimum."""
    window = rolling_window(rows["session"].nunique())
    stretches = rolling_accuracy(rows, window=window, base_rates=base_rates)
    above = float((stretches["low"] > stretches["base_rate"]).mean())
    frame = plot.thin(stretches)
    x = plot.sessions(frame.index)
    band: dict[str, Any] = {"width": 0, "hoverinfo": "skip"}
    data = [
        plot.line(x, frame["high"], "", "--band", showlegend=False, **band),
        plot.line(x, frame["low"], "95% interval", "--band", fill="tonexty", fillcolor="--band", **band),
        plot.line(x, frame["accuracy"], "Accuracy", "--strategy"),
        plot.line(x, frame["base_rate"], "Base rate", "--base", dash="dash"),
    ]
    if best is not None:
        data.append(plot.line([x[0], x[-1]], pd.Series([best, best]), "Best possible here", "--optimum", dash="dot"))
    low, high = (wording.percent(stretches["accuracy"].agg(end)) for end in ("min", "max"))
    return Figure(
        name="accuracy",
        title="Accuracy over time",
        data=data,
        layout=plot.layout(y_format=".0%"),
        reading=_accuracy_reading(window, trained=base_rates is not None, best=best is not None),
        summary=f"Over {window} sessions at a time, accuracy lies between {low} and {high}; its interval lies above "
        f"the base rate in {wording.percent(above, digits=0)} of the stretches.",
    )


def calibration_figure(rows: pd.DataFrame) -> Figure | None:
    """Return how often tickers rose by forecast probability, with counts, of the rows of `scored`.

    The groups are as narrow as leaves most forecasts in one that is large enough for a point; None where none is.
    """
    every = [calibration(rows, max_bins=most) for most in (16, 8, 4, 2)]
    large = [bins.loc[bins["n"] >= FEWEST_FORECASTS, "n"].sum() for bins in every]
    bins = every[next((place for place, n in enumerate(large) if 2 * n > len(rows)), int(np.argmax(large)))]
    shown = bins[bins["n"] >= FEWEST_FORECASTS]
    if shown.empty:
        return None
    ends = pd.Series([bins["low"].min(), bins["high"].max()])
    layout = plot.layout(y_format=".0%", x_format=".0%", x_title="Forecast probability of up", hover="closest")
    layout["yaxis"] |= {"domain": [0.34, 1.0], "title": plot.title("Share that rose")}
    layout["yaxis2"] = plot.axis(domain=[0.0, 0.22], title=plot.title("Forecasts"), nticks=3, rangemode="tozero")
    layout["xaxis"] |= {"anchor": "y2"}
    low, high = (wording.percent(rows["probability_up"].agg(end)) for end in ("min", "max"))
    return Figure(
        name="calibration",
        title="Calibration",
        data=[
            plot.line(plot.numbers(ends), ends, "Perfectly calibrated", "--base", dash="dash", hoverinfo="skip"),
            _calibration_points(shown),
            _calibration_bars(bins),
        ],
        layout=layout,
        reading="Forecasts are grouped by the probability they gave; a point shows how often those tickers then rose, "
        "with a 95% interval clustered by session, and the bars below count the forecasts. Points on the dashed line "
        "mean that 55% happens 55% of the time; a flatter run of points means that the model is too sure of itself."
        + (f" Groups of fewer than {FEWEST_FORECASTS} have a bar but no point." if len(shown) < len(bins) else ""),
        summary=f"Forecast probabilities run from {low} to {high} over {wording.count(len(rows))} forecasts.",
    )


def equity_figure(curves: pd.DataFrame) -> Figure:
    """Return the growth of each curve since its first session."""
    growth = curves / curves.bfill().iloc[0] - 1
    frame = plot.thin(growth)
    ends = [f"{curve_label(name)} {wording.percent(growth[name].ffill().iloc[-1], signed=True)}" for name in growth]
    return Figure(
        name="equity",
        title="Equity against benchmarks",
        data=[_curve(frame[name]) for name in frame],
        layout=plot.layout(y_format="+.0%"),
        reading="Growth of the account since the first session, marked at each close from a ledger of whole shares, "
        "costs, dividends and interest. The solid strategy line pays the costs in the settings, the dotted line none "
        "and the dashed line twice as much: where they part quickly, the result lives on costs that may not hold.",
        summary=f"Growth over the whole run: {'; '.join(ends)}.",
    )


def drawdown_figure(curves: pd.DataFrame) -> Figure:
    """Return the fraction below the running peak, of the strategy at its own costs and of the benchmarks."""
    fall = curves / curves.cummax() - 1
    fall = fall[[name for name in fall if name not in AT_OTHER_COSTS]]
    frame = plot.thin(fall)
    shade = {"fill": "tozeroy", "fillcolor": "--band"}
    worst = [f"{curve_label(name)} {wording.percent(fall[name].min())}" for name in fall]
    return Figure(
        name="drawdown",
        title="Drawdown",
        data=[_curve(frame[name]) | (shade if name == "strategy" else {}) for name in frame],
        layout=plot.layout(y_format=".0%"),
        reading="How far each account stands below its highest close so far. The deepest point is the loss that a "
        "holder would have sat through.",
        summary=f"Deepest: {'; '.join(worst)}.",
    )


def rolling_window(n_sessions: int) -> int:
    """Return how many sessions a rolling stretch holds: a quarter of a year, or a third of a short run.

    Examples
    --------
    >>> rolling_window(500), rolling_window(60), rolling_window(10)
    (63, 20, 5)
    """
    return 63 if n_sessions >= 189 else max(5, n_sessions // 3)


def curve_label(name: object) -> str:
    """Return an equity curve's name in words.

    Examples
    --------
    >>> curve_label("buy_and_hold"), curve_label("my_fund")
    ('Buy and hold', 'My fund')
    """
    return CURVES[str(name)][0] if name in CURVES else wording.label(str(name))


def _curves(equity: pd.DataFrame | None) -> pd.DataFrame | None:
    if equity is None or len(equity) < 2:
        return None
    money = equity.astype(float)
    money = money.where(np.isfinite(money)).dropna(axis="columns", how="all")
    known = [name for name in CURVES if name in money]
    ordered = money[[*known, *(name for name in money if name not in CURVES)]]
    return None if ordered.empty else ordered


def _curve(values: pd.Series) -> dict[str, Any]:
    # Plotly reads a few HTML tags in names, so a name that is not ours is escaped once more.
    other = (html.escape(curve_label(values.name)), "--third", "solid")
    label, color, dash = CURVES.get(str(values.name), other)
    width = 2.2 if values.name == "strategy" else 1.4
    return plot.line(plot.sessions(values.index), values, label, color, dash=dash, width=width)


def _calibration_points(bins: pd.DataFrame) -> Mapping[str, Any]:
    bars = {"type": "data", "array": plot.numbers(bins["error"]), "color": "--strategy", "thickness": 1.5, "width": 3}
    return plot.line(plot.numbers(bins["forecast"]), bins["rose"], "Share that rose", "--strategy") | {
        "mode": "markers",
        "marker": {"size": 8, "color": "--strategy"},
        "error_y": bars,
        "hovertemplate": "forecast %{x:.1%}, rose %{y:.1%}<extra></extra>",
    }


def _calibration_bars(bins: pd.DataFrame) -> Mapping[str, Any]:
    ends = [[wording.percent(end, digits=0) for end in bins[side]] for side in ("low", "high")]
    return {
        "type": "bar",
        "x": plot.numbers((bins["low"] + bins["high"]) / 2),
        "y": [int(n) for n in bins["n"]],
        "width": float((bins["high"] - bins["low"]).iloc[0]) * 0.92,
        "customdata": [f"{low} to {high}" for low, high in zip(*ends, strict=True)],
        "yaxis": "y2",
        "marker": {"color": "--muted"},
        "hovertemplate": "%{customdata}: %{y:,} forecasts<extra></extra>",
        "showlegend": False,
    }


def _accuracy_reading(window: int, *, trained: bool, best: bool) -> str:
    base = (
        "what the constant forecast learnt on the training sessions got right"
        if trained
        else "the better of always saying up and always saying down, chosen with hindsight in each stretch"
    )
    optimum = " The dotted line is the best that any forecast could reach on this simulated market." if best else ""
    return (
        f"Each point is the share of right directions over the {window} sessions up to it. The dashed line is {base}. "
        "The model shows skill where the whole band lies above that line; a band that holds the line is what chance "
        f"looks like.{optimum}"
    )
