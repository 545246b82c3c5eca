"""The page of a benchmark: a verdict, a picture of each sample, one table, and how to read them."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report import format as wording
from stockseq.report import plot, tables
from stockseq.report.plot import Figure
from stockseq.report.rendering import write_page
from stockseq.report.run import RunReport
from stockseq.report.text.benchmark import (
    FORECASTERS,
    duel_title,
    forecaster,
    gain,
    paragraph,
    sample_title,
)

COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "forecaster": ("Forecast", str),
    "accuracy": ("Accuracy", wording.percent),
    "accuracy_ci": ("95% interval", wording.interval),
    "seeds": ("Seeds alone", wording.interval),
    "mcc": ("MCC", wording.number),
    "pt_clustered_p": ("PT p", wording.p_value),
    "rank_ic": ("Rank IC", wording.number),
}
# Figures have a digit after their point, and no sentence begins with one.
SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")
PIXELS_PER_FORECASTER, PIXELS_AROUND = 32, 90


def render_benchmark(run: RunReport, folder: Path) -> Path:
    """Write the page of a run whose metrics have `benchmark` into `folder`, and return the path of its index.html.

    Like every page of ours it loads nothing from a network. Raises `OSError` if the folder can't be written.
    """
    benchmark = run.measures("benchmark")
    lead, *findings = verdict_sentences(benchmark)
    context = {
        "run": run,
        "lead": lead,
        "findings": findings,
        "forests": forest_figures(benchmark),
        "train": benchmark["train"],
        "heads": [head for head, _ in COLUMNS.values()],
        "groups": _groups(benchmark),
        "duels": [
            (duel_title(duel), gain(duel["accuracy"]), wording.p_value(duel["p_holm"])) for duel in benchmark["duels"]
        ],
        "dropped": tables.dropped_table(run.dropped),
        "n_dropped": sum(drop.n_rows for drop in run.dropped),
        "settings": tables.mapping_table(run.settings, ("Setting", "Value")),
        "manifest": tables.mapping_table(run.manifest, ("Part", "Value")),
    }
    return write_page("benchmark.html", context, folder)


def verdict_sentences(benchmark: Mapping[str, Any]) -> list[str]:
    """Return the sentences of `paragraph`, for who reads them one by one: what was found first, then how to take it."""
    return SENTENCE_END.split(paragraph(benchmark))


def benchmark_rows(sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` for each forecaster of a sample, networks first.

    `seeds` is the worst and the best member's accuracy, None without an ensemble.

    Examples
    --------
    >>> scores = {"accuracy": 0.5, "accuracy_ci": [0.4, 0.6], "mcc": None, "pt_clustered_p": None, "rank_ic": None}
    >>> seeds = [{"accuracy": 0.52}, {"accuracy": 0.49}]
    >>> row = benchmark_rows({"scores": {"prices": {**scores, "seeds": seeds}}})[0]
    >>> row["forecaster"], row["seeds"]
    ('Network on prices', [0.49, 0.52])
    """
    order = list(FORECASTERS)
    names = sorted(sample["scores"], key=lambda name: (order.index(name) if name in order else len(order), name))
    rows = ((name, sample["scores"][name]) for name in names)
    return [
        {
            **{key: scores.get(key) for key in COLUMNS},
            "forecaster": forecaster(name),
            "seeds": _spread([seed["accuracy"] for seed in scores["seeds"]]),
        }
        for name, scores in rows
    ]


def forest_figures(benchmark: Mapping[str, Any]) -> list[Figure]:
    """Return a figure for each period and sample: accuracies with their intervals against the base rate.

    All share one scale, so that they can be compared.
    """
    samples = [(period, sample) for period in benchmark["periods"] for sample in period["samples"]]
    bounds = [
        bound
        for _, sample in samples
        for scores in sample["scores"].values()
        for bound in (*scores["accuracy_ci"], scores["base_rate"])
    ]
    reach = [max(min(bounds) - 0.01, 0.0), min(max(bounds) + 0.01, 1.0)]
    return [_forest_figure(period, sample, reach) for period, sample in samples]


def _forest_figure(period: Mapping[str, Any], sample: Mapping[str, Any], reach: Sequence[float]) -> Figure:
    layout = plot.layout(y_format="", hover="closest")
    layout |= {
        "height": len(sample["scores"]) * PIXELS_PER_FORECASTER + PIXELS_AROUND,
        "showlegend": False,
        "xaxis": plot.axis(tickformat=".0%", range=reach, nticks=5, tickangle=0),
        "yaxis": plot.axis(autorange="reversed", showgrid=False),
    }
    return Figure(
        name=f"forest-{period['name']}-{sample['name']}",
        title=sample_title(period, sample),
        data=_panel(sample),
        layout=layout,
        reading="",
        summary=f"Of {len(sample['scores'])} forecasters, {_above(sample)}.",
    )


def _panel(sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = benchmark_rows(sample)
    names = [plot.row_name(row["forecaster"]) for row in rows]
    base = next(iter(sample["scores"].values()))["base_rate"]
    accuracy = [row["accuracy"] for row in rows]
    low, high = ([row["accuracy_ci"][end] for row in rows] for end in (0, 1))
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(value, 5) for value in accuracy],
        "y": names,
        "error_x": plot.interval_bars(accuracy, low, high, "--strategy"),
        "marker": {"size": 8, "color": "--strategy"},
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    line = plot.line([round(base, 5)] * 2, pd.Series([0.0, 0.0]), "Base rate", "--base", dash="dash")
    return [points, line | {"y": [names[0], names[-1]], "hovertemplate": "base rate %{x:.1%}<extra></extra>"}]


def _above(sample: Mapping[str, Any]) -> str:
    names = [
        forecaster(name).lower()
        for name, scores in sample["scores"].items()
        if scores["accuracy_ci"][0] > scores["base_rate"]
    ]
    if not names:
        return "none has an interval wholly above the base rate"
    return f"these have their whole interval above the base rate, uncorrected for their number: {', '.join(names)}"


def _groups(benchmark: Mapping[str, Any]) -> list[tuple[str, list[list[str]]]]:
    return [
        (
            sample_title(period, sample),
            [[write(row[key]) for key, (_, write) in COLUMNS.items()] for row in benchmark_rows(sample)],
        )
        for period in benchmark["periods"]
        for sample in period["samples"]
    ]


def _spread(accuracies: Sequence[float]) -> list[float] | None:
    return [min(accuracies), max(accuracies)] if len(accuracies) > 1 else None
