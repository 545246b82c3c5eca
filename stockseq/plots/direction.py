"""Plots of the direction: accuracy over time, calibration, and differences from other forecasts."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stockseq.plots.plot import Json, Plot, axis, axis_title, interval_bars, layout, line, numbers, session_labels, thin

# Measure: title of its panel, its axis, how hovering writes it, and what a fraction is multiplied by.
PANELS = {
    "accuracy": ("Accuracy, points", "x", "+.2f", 100.0),
    "log_loss": ("Log loss × 1,000", "x2", "+.1f", 1000.0),
    "ic": ("IC × 1,000", "x2", "+.1f", 1000.0),
    "size": ("QLIKE taken off × 1,000", "x3", "+.1f", 1000.0),
}
BETWEEN_PANELS = 0.06
PIXELS_PER_ROW, PIXELS_AROUND = 32, 110
# Forecasts of a bin from which the share that rose is drawn.
FEWEST_FORECASTS = 20


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
    """Return the layout of the panels of some measures side by side over the same rows."""
    shape = layout(y_format="", hover="closest")
    shape["height"] = n_rows * PIXELS_PER_ROW + PIXELS_AROUND
    width = (1 - BETWEEN_PANELS * (len(measures) - 1)) / len(measures)
    for number, measure in enumerate(measures):
        begin = number * (width + BETWEEN_PANELS)
        domain = [round(begin, 4), round(begin + width, 4)]
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
