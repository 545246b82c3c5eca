"""Forest plots: paired differences with their intervals, in a panel for accuracy and one for log loss."""

import html
from collections.abc import Mapping
from typing import Any

from stockseq.evaluate.findings import name_words
from stockseq.evaluate.verdict import SIZE
from stockseq.report import plot, wording
from stockseq.report.plot import Figure

PANELS = {"accuracy": ("Accuracy, model less baseline", "x", ".1%"), "log_loss": ("Log loss", "x2", ".3f")}


def comparison_figure(compared: Mapping[str, Any]) -> Figure | None:
    """Return the differences that `compare_with_rivals` gives, the nearest baseline first, or None without any."""
    pairs = {name: pair for name, pair in compared.items() if isinstance(pair, Mapping) and "accuracy" in pair}
    if not pairs:
        return None
    pairs = dict(sorted(pairs.items(), key=lambda item: item[1]["accuracy"]["difference"]))
    # Plotly reads a few HTML tags in texts.
    rows = {html.escape(wording.label(name_words(name))): pair for name, pair in pairs.items()}
    beaten = [name for name, pair in pairs.items() if holds(pair["accuracy"]) and pair["accuracy"]["difference"] > 0]
    least, most = (end(pair["accuracy"]["difference"] for pair in pairs.values()) for end in (min, max))
    return Figure(
        name="comparisons",
        title="The model less each simple forecast",
        data=[
            dots({row: pair[measure] for row, pair in rows.items()}, axis=axis, form=form)
            for measure, (_, axis, form) in PANELS.items()
        ],
        layout=panel_layout({axis: (title, form) for title, axis, form in PANELS.values()}),
        reading="A dot is the difference on the forecasts that both made, the bar its 95% interval, clustered by "
        "session. Filled dots are beyond noise after Holm's correction for the number of baselines, hollow ones may be "
        "luck. Accuracy speaks for the model to the right of the line, log loss to the left of it.",
        summary=f"In accuracy the model lies {wording.percent(least, signed=True)} to "
        f"{wording.percent(most, signed=True)} from {len(pairs)} simple forecasts, and is better beyond noise than "
        f"{len(beaten)} of them.",
    )


def panel_layout(panels: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the layout of two panels side by side over the same rows; `panels` is title and d3 format by axis."""
    layout = plot.layout(y_format="", hover="closest")
    for (place, (title, form)), domain in zip(panels.items(), ([0.0, 0.48], [0.52, 1.0]), strict=True):
        layout[place.replace("x", "xaxis")] = plot.axis(
            domain=domain, tickformat=form, title=plot.title(title), zeroline=True, zerolinewidth=2, nticks=5
        )
    layout["yaxis"] = plot.axis(autorange="reversed", showgrid=False)
    layout["showlegend"] = False
    return layout


def dots(
    tested: Mapping[str, Mapping[str, Any]],
    *,
    axis: str,
    form: str,
    color: str = "--strategy",
    symbol: str = "circle",
    scale: float = 1.0,
) -> dict[str, Any]:
    """Return a trace of paired differences by row, filled where they hold; `scale` multiplies what is a fraction.

    `tested` has `difference`, `ci` and `p_holm`, of which the latter two may be None.
    """
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
