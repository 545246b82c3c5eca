"""The page of a benchmark: a verdict, a picture of each sample, one table, and how to read them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stockseq.benchmarks.result import BenchmarkResult, PeriodScores, SampleScores
from stockseq.evaluate.scores import Scores
from stockseq.plots import Json, Plot, axis, interval_bars, layout, line, row_name
from stockseq.report import format as wording
from stockseq.report.figure import Figure
from stockseq.report.html import write_page
from stockseq.report.run import RunReport
from stockseq.report.tables.inputs import dropped_table
from stockseq.report.tables.table import mapping_table
from stockseq.report.text.benchmark import (
    FORECASTERS,
    benchmark_sentences,
    duel_title,
    forecaster_name,
    gain,
    sample_summary,
    sample_title,
)

COLUMNS = ("Forecast", "Accuracy", "95% interval", "Seeds alone", "MCC", "PT p", "Rank IC")
PIXELS_PER_FORECASTER, PIXELS_AROUND = 32, 90


def render_benchmark(run: RunReport, result: BenchmarkResult, folder: Path) -> Path:
    """Write the page of a benchmark into `folder`, and return the path of its index.html.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    lead, *findings = benchmark_sentences(result)
    context = {
        "run": run,
        "lead": lead,
        "findings": findings,
        "forests": forest_figures(result),
        "train": result.train,
        "heads": COLUMNS,
        "groups": [
            (sample_title(period, sample), benchmark_rows(sample))
            for period in result.periods
            for sample in period.samples
        ],
        "duels": [(duel_title(duel), gain(duel.accuracy), wording.p_value(duel.p_holm)) for duel in result.duels],
        "dropped": dropped_table(run.dropped),
        "n_dropped": sum(drop.n_rows for drop in run.dropped),
        "settings": mapping_table(run.settings, ("Setting", "Value")),
        "manifest": mapping_table(run.manifest, ("Part", "Value")),
    }
    return write_page("benchmark.html", context, folder)


def benchmark_rows(sample: SampleScores) -> list[list[str]]:
    """Return a row of `COLUMNS` for each forecaster of a sample, networks first.

    "Seeds alone" are the worst and the best member's accuracy, a dash without an ensemble.
    """
    return [
        [
            forecaster_name(name),
            wording.percent(scores.accuracy),
            wording.interval(scores.accuracy_ci),
            wording.interval(_seed_range(scores)),
            wording.number(scores.mcc),
            wording.p_value(scores.pt_clustered_p),
            wording.number(scores.rank_ic),
        ]
        for name, scores in _networks_first(sample)
    ]


def forest_figures(result: BenchmarkResult) -> list[Figure]:
    """Return a figure for each period and sample: accuracies with their intervals against the base rate.

    All share one scale, so that they can be compared.
    """
    samples = [(period, sample) for period in result.periods for sample in period.samples]
    bounds = [
        bound
        for _, sample in samples
        for scores in sample.scores.values()
        for bound in (*scores.accuracy_ci, scores.base_rate)
    ]
    reach = [max(min(bounds) - 0.01, 0.0), min(max(bounds) + 0.01, 1.0)]
    return [_forest_figure(period, sample, reach) for period, sample in samples]


def _forest_figure(period: PeriodScores, sample: SampleScores, reach: Sequence[float]) -> Figure:
    shape = layout(y_format="", hover="closest") | {
        "height": len(sample.scores) * PIXELS_PER_FORECASTER + PIXELS_AROUND,
        "showlegend": False,
        "xaxis": axis(tickformat=".0%", range=reach, nticks=5, tickangle=0),
        "yaxis": axis(autorange="reversed", showgrid=False),
    }
    return Figure(
        name=f"forest-{period.name}-{sample.name}",
        title=sample_title(period, sample),
        plot=Plot(_traces(sample), shape),
        reading="",
        summary=sample_summary(sample),
    )


def _traces(sample: SampleScores) -> list[Json]:
    rows = [(row_name(forecaster_name(name)), scores) for name, scores in _networks_first(sample)]
    names = [name for name, _ in rows]
    base = rows[0][1].base_rate
    accuracy = [scores.accuracy for _, scores in rows]
    low, high = ([scores.accuracy_ci[end] for _, scores in rows] for end in (0, 1))
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(value, 5) for value in accuracy],
        "y": names,
        "error_x": interval_bars(accuracy, low, high, "--strategy"),
        "marker": {"size": 8, "color": "--strategy"},
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    base_line = line([round(base, 5)] * 2, pd.Series([0.0, 0.0]), "Base rate", "--base", dash="dash")
    return [points, base_line | {"y": [names[0], names[-1]], "hovertemplate": "base rate %{x:.1%}<extra></extra>"}]


def _networks_first(sample: SampleScores) -> list[tuple[str, Scores]]:
    order = list(FORECASTERS)
    return sorted(
        sample.scores.items(), key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0])
    )


def _seed_range(scores: Scores) -> tuple[float, float] | None:
    accuracy = [seed.accuracy for seed in scores.seeds]
    return (min(accuracy), max(accuracy)) if len(accuracy) > 1 else None
