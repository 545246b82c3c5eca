"""The forest plot: the model less each baseline, with the interval of the difference."""

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
    layout = plot.layout(y_format="", hover="closest")
    for (title, place, form), domain in zip(PANELS.values(), ([0.0, 0.48], [0.52, 1.0]), strict=True):
        axis = plot.axis(
            domain=domain, tickformat=form, title=plot.title(title), zeroline=True, zerolinewidth=2, nticks=5
        )
        layout[place.replace("x", "xaxis")] = axis
    layout["yaxis"] = plot.axis(autorange="reversed", showgrid=False)
    layout["showlegend"] = False
    beaten = [name for name, pair in pairs.items() if _told(pair["accuracy"]) and pair["accuracy"]["difference"] > 0]
    least, most = (end(pair["accuracy"]["difference"] for pair in pairs.values()) for end in (min, max))
    return Figure(
        name="comparisons",
        title="The model less each simple forecast",
        data=[_panel(pairs, measure) for measure in PANELS],
        layout=layout,
        reading="A dot is the difference on the forecasts that both made, the bar its 95% interval, clustered by "
        "session. Filled dots are beyond noise after Holm's correction for the number of baselines, hollow ones may be "
        "luck. Accuracy speaks for the model to the right of the line, log loss to the left of it.",
        summary=f"In accuracy the model lies {wording.percent(least, signed=True)} to "
        f"{wording.percent(most, signed=True)} from {len(pairs)} simple forecasts, and is better beyond noise than "
        f"{len(beaten)} of them.",
    )


def _panel(pairs: Mapping[str, Any], measure: str) -> dict[str, Any]:
    tested = [pair[measure] for pair in pairs.values()]
    _, axis, form = PANELS[measure]
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": axis,
        "x": [round(pair["difference"], 5) for pair in tested],
        # Plotly reads a few HTML tags in texts.
        "y": [html.escape(wording.label(name_words(name))) for name in pairs],
        "error_x": {
            "type": "data",
            "array": [round(pair["ci"][1] - pair["difference"], 5) for pair in tested],
            "color": "--strategy",
            "thickness": 1.5,
            "width": 3,
        },
        "marker": {
            "size": 9,
            "color": "--strategy",
            "symbol": ["circle" if _told(pair) else "circle-open" for pair in tested],
        },
        "hovertemplate": f"%{{y}}: %{{x:{form}}}<extra></extra>",
    }


def _told(tested: Mapping[str, Any]) -> bool:
    return tested["p_holm"] is not None and tested["p_holm"] < SIZE
