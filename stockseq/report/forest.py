"""Forest plots: paired differences with their intervals, in a panel for accuracy and one for another measure."""

from collections.abc import Mapping, Sequence
from typing import Any

from stockseq.evaluate.significance import SIZE
from stockseq.report import format as wording
from stockseq.report import plot
from stockseq.report.plot import Figure
from stockseq.report.text.findings import name_words

# Measure: title of its panel, its axis, how hovering writes it, and what a fraction is multiplied by.
PANELS = {
    "accuracy": ("Accuracy, points", "x", "+.2f", 100.0),
    "log_loss": ("Log loss × 1,000", "x2", "+.1f", 1000.0),
    "ic": ("IC × 1,000", "x2", "+.1f", 1000.0),
}
RIVAL_MEASURES = ("accuracy", "log_loss")
PIXELS_PER_ROW, PIXELS_AROUND = 32, 110


def comparison_figure(compared: Mapping[str, Any]) -> Figure | None:
    """Return the differences that `compare_with_baselines` gives, the nearest baseline first, or None without any."""
    pairs = {name: pair for name, pair in compared.items() if isinstance(pair, Mapping) and "accuracy" in pair}
    if not pairs:
        return None
    pairs = dict(sorted(pairs.items(), key=lambda item: item[1]["accuracy"]["difference"]))
    rows = {plot.row_name(wording.label(name_words(name))): pair for name, pair in pairs.items()}
    beaten = [name for name, pair in pairs.items() if holds(pair["accuracy"]) and pair["accuracy"]["difference"] > 0]
    least, most = (end(pair["accuracy"]["difference"] for pair in pairs.values()) for end in (min, max))
    return Figure(
        name="comparisons",
        title="The model less each simple forecast",
        data=[dots({row: pair[measure] for row, pair in rows.items()}, measure) for measure in RIVAL_MEASURES],
        layout=panel_layout(len(rows), RIVAL_MEASURES),
        reading="A dot is the difference on the forecasts that both made, the bar its 95% interval, clustered by "
        "session. Filled dots are beyond noise after Holm's correction for the number of baselines, hollow ones may be "
        "luck. Accuracy speaks for the model to the right of the line, log loss to the left of it.",
        summary=f"In accuracy the model lies {wording.percent(least, signed=True)} to "
        f"{wording.percent(most, signed=True)} from {len(pairs)} simple forecasts, and is better beyond noise than "
        f"{len(beaten)} of them.",
    )


def panel_layout(n_rows: int, measures: Sequence[str]) -> dict[str, Any]:
    """Return the layout of the panels of two measures side by side over the same rows."""
    layout = plot.layout(y_format="", hover="closest")
    layout["height"] = n_rows * PIXELS_PER_ROW + PIXELS_AROUND
    for measure, domain in zip(measures, ([0.0, 0.47], [0.53, 1.0]), strict=True):
        title, place, _, _ = PANELS[measure]
        layout[place.replace("x", "xaxis")] = plot.axis(
            domain=domain,
            tickformat="+",
            tickangle=0,
            title=plot.title(title),
            zeroline=True,
            zerolinewidth=2,
            # The line that a component has to clear must be seen.
            rangemode="tozero",
            nticks=4,
        )
    layout["yaxis"] = plot.axis(autorange="reversed", showgrid=False)
    layout["showlegend"] = False
    return layout


def dots(
    tested: Mapping[str, Mapping[str, Any]], measure: str, *, color: str = "--strategy", symbol: str = "circle"
) -> dict[str, Any]:
    """Return a trace of paired differences by row in the panel of the measure, filled where they hold.

    `tested` has `difference`, `ci` and `p_holm`, of which the latter two may be None.
    """
    _, axis, form, scale = PANELS[measure]
    middles = [scale * pair["difference"] for pair in tested.values()]
    intervals = [pair.get("ci") or (pair["difference"], pair["difference"]) for pair in tested.values()]
    bars = plot.interval_bars(
        middles, [scale * low for low, _ in intervals], [scale * high for _, high in intervals], color
    )
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": axis,
        "x": [round(middle, 5) for middle in middles],
        "y": list(tested),
        "error_x": bars,
        "marker": {
            "size": 9,
            "color": color,
            "symbol": [symbol if holds(pair) else f"{symbol}-open" for pair in tested.values()],
        },
        "hovertemplate": f"%{{y}}: %{{x:{form}}}<extra></extra>",
    }


def holds(tested: Mapping[str, Any]) -> bool:
    """Return whether a difference is beyond noise after Holm's correction.

    Examples
    --------
    >>> holds({"p_holm": 0.04}), holds({"p_holm": None})
    (True, False)
    """
    corrected = wording.finite(tested.get("p_holm"))
    return corrected is not None and corrected < SIZE
