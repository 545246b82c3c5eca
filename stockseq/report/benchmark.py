"""The page of a benchmark: a verdict, one picture, one table, and how to read them."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report import plot, tables, wording
from stockseq.report.benchmark_words import (
    FORECASTERS,
    SAMPLES,
    duel_title,
    forecaster,
    gain,
    paragraph,
    sample_title,
)
from stockseq.report.plot import Figure
from stockseq.report.rendering import write_page
from stockseq.report.run import RunReport

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
PIXELS_PER_FORECASTER, PIXELS_AROUND = 26, 70
# Between the panels of the picture, as a share of its width and height.
GAP = 0.06


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
        "forest": forest_figure(benchmark),
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


def forest_figure(benchmark: Mapping[str, Any]) -> Figure:
    """Return accuracies with their intervals against the base rates: a row of panels a period, a column a sample."""
    periods = benchmark["periods"]
    n_columns = max(len(period["samples"]) for period in periods)
    n_names = max(len(sample["scores"]) for period in periods for sample in period["samples"])
    bounds = [
        bound
        for period in periods
        for sample in period["samples"]
        for scores in sample["scores"].values()
        for bound in (*scores["accuracy_ci"], scores["base_rate"])
    ]
    reach = [max(min(bounds) - 0.01, 0.0), min(max(bounds) + 0.01, 1.0)]
    layout = plot.layout(y_format="", hover="closest")
    layout |= {
        "height": len(periods) * (n_names * PIXELS_PER_FORECASTER + PIXELS_AROUND),
        "showlegend": False,
        "annotations": [],
    }
    data: list[dict[str, Any]] = []
    for row, period in enumerate(periods):
        for column, sample in enumerate(period["samples"]):
            number = row * n_columns + column + 1
            axes = {"xaxis": "x", "yaxis": "y"} if number == 1 else {"xaxis": f"x{number}", "yaxis": f"y{number}"}
            x_domain, y_domain = _domain(column, n_columns), _domain(len(periods) - 1 - row, len(periods))
            layout[f"xaxis{number if number > 1 else ''}"] = plot.axis(
                tickformat=".0%", range=reach, domain=x_domain, anchor=axes["yaxis"]
            )
            layout[f"yaxis{number if number > 1 else ''}"] = plot.axis(
                domain=y_domain, anchor=axes["xaxis"], autorange="reversed", showticklabels=column == 0, showgrid=False
            )
            layout["annotations"].append(_panel_title(period, sample, x_domain, y_domain))
            data += [trace | axes for trace in _panel(sample)]
    return Figure(
        name="forest",
        title="Accuracy against the base rate",
        data=data,
        layout=layout,
        reading="A point is the share of directions that a forecaster named, its bar the 95% interval clustered by "
        "date: all tickers of a date move together, so the dates and not the instances are what is counted. The "
        "dashed line is what always naming the commoner direction gives in hindsight. A bar that lies wholly to the "
        "right of that line is worth a look, no more: one in forty does so by luck, and the bars are many.",
        summary="; ".join(
            f"{sample_title(period, sample)}: {_above(sample)}" for period in periods for sample in period["samples"]
        )
        + ".",
    )


def _panel(sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = benchmark_rows(sample)
    names = [row["forecaster"] for row in rows]
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


def _panel_title(
    period: Mapping[str, Any], sample: Mapping[str, Any], x_domain: Sequence[float], y_domain: Sequence[float]
) -> dict[str, Any]:
    return {
        "text": f"{period['name']}: {SAMPLES[sample['name']]}",
        "x": x_domain[0],
        "y": y_domain[1],
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": "--ink"},
    }


def _domain(place: int, n: int) -> list[float]:
    width = (1 - GAP * (n - 1)) / n
    start = place * (width + GAP)
    return [round(start, 4), round(min(start + width, 1.0), 4)]


def _above(sample: Mapping[str, Any]) -> str:
    names = [
        forecaster(name).lower()
        for name, scores in sample["scores"].items()
        if scores["accuracy_ci"][0] > scores["base_rate"]
    ]
    if not names:
        return "no interval lies wholly above the base rate"
    return f"the whole interval lies above the base rate, uncorrected for their number: {', '.join(names)}"


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
