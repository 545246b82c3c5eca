"""The tables of what was found: forecasts against baselines and placebos, and the account against its benchmarks."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stockseq.backtest.performance import PerformanceFigures
from stockseq.evaluate.comparison import Comparison
from stockseq.evaluate.placebo import Placebo
from stockseq.evaluate.record import by_ticker, mark_hits
from stockseq.evaluate.scores import Scores
from stockseq.report import format as wording
from stockseq.report.metrics import BacktestMetrics, PlaceboMetrics
from stockseq.report.tables.table import Table, cell, frame_table
from stockseq.report.text.names import (
    MODEL,
    PERFORMANCE,
    SCORES,
    blank_notes,
    curve_label,
    explain_columns,
    meaningful,
    name_label,
)
from stockseq.report.text.placebos import NAMES, OUTCOMES

PLACEBO_HEADS = (
    "Placebo",
    "Accuracy",
    "95% interval",
    "Base rate",
    "PT p",
    "Against true features, points",
    "Forecasts",
    "Sessions",
    "Judged",
)
TEST_HEADS = (
    "Model less",
    "Accuracy, points",
    "Paired p",
    "Paired p, Holm",
    "Log loss × 1,000",
    "Paired p of log loss",
    "Holm p of log loss",
    "Diebold-Mariano t",
    "Diebold-Mariano p",
)

# Of `SCORES`; what trading on each made, and the interval of the accuracy, come after them.
LEADING = ("accuracy", "base_rate")
FOLLOWED = ("total_return", "cagr", "sharpe", "max_drawdown", "turnover", "cost", "break_even_cost_bps", "n_fills")


@dataclass(frozen=True)
class ScoresTable:
    """The model above its baselines: in the few columns that decide, and in all that something fills.

    `notes` say what the columns that nothing fills would have needed.
    """

    leading: Table
    table: Table
    reading: str
    notes: list[str]


def scores_table(
    model: Scores, baselines: Mapping[str, Scores], *, growth: Mapping[str, float] | None = None
) -> ScoresTable:
    """Return the scores of the model and its baselines, a row each, with what its columns mean.

    Parameters
    ----------
    model : Scores
    baselines : mapping of name to Scores
    growth : mapping of label to float, optional
        What the account that followed each forecast grew by after costs, as a fraction; from `growth_by_forecast`.
    """
    rows = {MODEL: model} | {name_label(name): scores for name, scores in baselines.items()}
    table = Table(
        ["Forecast", *(head for head, _ in SCORES.values())],
        [
            [cell(name), *(cell(getattr(scores, key), write) for key, (_, write) in SCORES.items())]
            for name, scores in rows.items()
        ],
    )
    shown, blank = table.split_blank()
    has_dash = any(cell.text == wording.DASH for row in shown.rows for cell in row)
    return ScoresTable(
        _leading(rows, growth or {}), shown, explain_columns(shown.heads, has_dash=has_dash), blank_notes(blank)
    )


def growth_by_forecast(metrics: BacktestMetrics) -> dict[str, float]:
    """Return by row of `scores_table` what the account that traded on it grew by; those that never traded have none."""
    accounts = {MODEL: metrics.portfolio} | {
        name_label(name): metrics.benchmarks[name] for name in metrics.baselines if name in metrics.benchmarks
    }
    return {name: figures.total_return for name, figures in accounts.items() if figures.n_fills}


def _leading(rows: Mapping[str, Scores], growth: Mapping[str, float]) -> Table:
    """Return the five columns of whoever trades; the count takes the place of the money where nothing was traded."""
    heads = [SCORES[key][0] for key in LEADING]
    cells = [
        [
            cell(name),
            *(cell(getattr(scores, key), SCORES[key][1]) for key in LEADING),
            cell(growth.get(name), lambda value: wording.percent(value, signed=True)),
            cell(scores.accuracy_ci, wording.interval),
            cell(None if growth else scores.n, wording.count),
        ]
        for name, scores in rows.items()
    ]
    whole = Table(["Forecast", *heads, "Growth after costs", "95% interval of the accuracy", SCORES["n"][0]], cells)
    # A phone shows four columns at once.
    return whole.split_blank()[0]


def tests_table(comparisons: Mapping[str, Comparison]) -> Table | None:
    """Return every test of the model against each baseline, a row each, or None without any.

    Runs of before version 0.2 have no Diebold-Mariano test, and so no column of it.
    """
    rows = [
        [
            cell(name_label(name)),
            cell(pair.accuracy.difference, wording.points),
            cell(pair.accuracy.p, wording.p_value),
            cell(pair.accuracy.p_holm, wording.p_value),
            cell(1000 * pair.log_loss.difference, lambda value: wording.number(value, digits=1, signed=True)),
            cell(pair.log_loss.p, wording.p_value),
            cell(pair.log_loss.p_holm, wording.p_value),
            cell(pair.diebold_mariano and pair.diebold_mariano.t, lambda value: wording.number(value, digits=2)),
            cell(pair.diebold_mariano and pair.diebold_mariano.p, wording.p_value),
        ]
        for name, pair in comparisons.items()
    ]
    return Table(TEST_HEADS, rows).split_blank()[0] if rows else None


def placebos_table(placebos: Mapping[Placebo, PlaceboMetrics]) -> Table | None:
    """Return what each placebo found, a row each, or None where none was run."""
    rows = [
        [
            cell(words),
            cell(result.accuracy, wording.percent),
            cell(result.accuracy_ci, wording.interval),
            cell(result.base_rate, wording.percent),
            cell(result.pt_clustered_p, wording.p_value),
            cell(result.difference, wording.points),
            cell(result.n, wording.count),
            cell(result.n_sessions, wording.count),
            cell(OUTCOMES[result.as_expected]),
        ]
        for name, words in NAMES.items()
        if (result := placebos.get(name)) is not None
    ]
    return Table(PLACEBO_HEADS, rows) if rows else None


def tickers_table(out_of_sample: pd.DataFrame | None, *, limit: int = 100) -> Table | None:
    """Return the out-of-sample record per ticker, most accurate first."""
    rows = None if out_of_sample is None else mark_hits(out_of_sample)
    if rows is None or rows.empty:
        return None
    names = {
        "ticker": "Ticker",
        "n": "Forecasts",
        "accuracy": "Accuracy",
        "base_rate": "More frequent direction",
        "rose": "Rose",
    }
    return frame_table(by_ticker(rows), limit=limit, names=names)


def last_forecasts_table(out_of_sample: pd.DataFrame | None, *, limit: int = 40) -> Table | None:
    """Return the out-of-sample forecasts of the last scored session with what happened."""
    rows = None if out_of_sample is None else mark_hits(out_of_sample)
    if rows is None or rows.empty:
        return None
    last = rows[rows["session"] == rows["session"].max()].sort_values("probability_up", ascending=False, kind="stable")
    names = {
        "ticker": "Ticker",
        "session": "Session",
        "probability_up": "Probability of up",
        "expected_return": "Expected return",
        "realised_return": "Realised return",
        "hit": "Right",
    }
    return frame_table(last, limit=limit, names=names)


def performance_table(metrics: BacktestMetrics) -> Table:
    """Return the measures of the strategy and the benchmarks that follow no forecast, a column each."""
    columns: dict[str, PerformanceFigures] = {"strategy": metrics.portfolio} | {
        name: figures for name, figures in metrics.benchmarks.items() if name not in metrics.baselines
    }
    rows = [
        [cell(head), *(cell(meaningful(figures, key, name=name), write) for name, figures in columns.items())]
        for key, (head, write) in PERFORMANCE.items()
    ]
    said = [row for row in rows if any(figure.text != wording.DASH for figure in row[1:])]
    return Table(["Measure", *("Strategy" if name == "strategy" else curve_label(name) for name in columns)], said)


def followed_table(metrics: BacktestMetrics) -> Table | None:
    """Return the accounts that followed the model and each baseline by the same rules, a row each."""
    accounts = {name: metrics.benchmarks[name] for name in metrics.baselines if name in metrics.benchmarks}
    if not accounts:
        return None
    named = {MODEL: metrics.portfolio} | {name_label(name): figures for name, figures in accounts.items()}
    rows = [
        [cell(name), *(cell(meaningful(figures, key), PERFORMANCE[key][1]) for key in FOLLOWED)]
        for name, figures in named.items()
    ]
    return Table(["Forecast followed", *(PERFORMANCE[key][0] for key in FOLLOWED)], rows).split_blank()[0]


def fills_table(fills: pd.DataFrame | None, *, limit: int = 50) -> Table | None:
    """Return the first fills."""
    return None if fills is None or fills.empty else frame_table(fills, limit=limit)
