"""The tables of a page: frames and mappings as cells that read well, sort rightly and stop at a limit that is told."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stockseq.report import format as wording
from stockseq.report.figures import curve_label
from stockseq.report.record import by_ticker, scored
from stockseq.report.run import RunReport
from stockseq.report.text.findings import name_words
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome

Format = Callable[[Any], str]

MODEL = "This model"
FORECAST_MEASURES: dict[str, tuple[str, Format]] = {
    "accuracy": ("Accuracy", wording.percent),
    "accuracy_ci": ("95% interval", wording.interval),
    "base_rate": ("Base rate", wording.percent),
    "chance": ("Chance", wording.percent),
    "balanced_accuracy": ("Balanced accuracy", wording.percent),
    "mcc": ("MCC", wording.number),
    "auc": ("AUC", wording.number),
    "brier": ("Brier", lambda value: wording.number(value, digits=4)),
    "log_loss": ("Log loss", lambda value: wording.number(value, digits=4)),
    "ic": ("IC", wording.number),
    "rank_ic": ("Rank IC", wording.number),
    "pt_clustered_t": ("PT t", lambda value: wording.number(value, digits=2)),
    "pt_clustered_p": ("PT p", wording.p_value),
    "pt_serial_p": ("PT p, runs taken out", wording.p_value),
    "n": ("Forecasts", wording.count),
}
PORTFOLIO_MEASURES: dict[str, tuple[str, Format]] = {
    "total_return": ("Growth", lambda value: wording.percent(value, signed=True)),
    "cagr": ("Yearly growth", lambda value: wording.percent(value, signed=True)),
    "volatility": ("Yearly volatility", wording.percent),
    "sharpe": ("Sharpe ratio", lambda value: wording.number(value, digits=2)),
    "deflated_sharpe": ("Deflated Sharpe (probability that it is real)", wording.percent),
    "sortino": ("Sortino ratio", lambda value: wording.number(value, digits=2)),
    "max_drawdown": ("Deepest drawdown", wording.percent),
    "turnover": ("Turnover per session", wording.percent),
    "cost": ("Costs per year", wording.percent),
    "break_even_cost_bps": ("Break-even cost, basis points", lambda value: wording.number(value, digits=1)),
    "n_trials": ("Configurations that it is deflated by", wording.count),
    "n_fills": ("Fills", wording.count),
}
COLUMN_FORMATS: dict[str, Format] = {
    "session": wording.session,
    "probability_up": wording.percent,
    "expected_return": lambda value: wording.percent(value, digits=2, signed=True),
    "realised_return": lambda value: wording.percent(value, digits=2, signed=True),
    "accuracy": wording.percent,
    "base_rate": wording.percent,
    "rose": wording.percent,
    "weight": lambda value: wording.percent(value, signed=True),
    "price": lambda value: wording.number(value, digits=2),
    "value": lambda value: wording.number(value, digits=2),
    "fill_price": lambda value: wording.number(value, digits=2),
    "commission": lambda value: wording.number(value, digits=2),
    "cost": lambda value: wording.number(value, digits=2),
}
OUTCOMES = {
    "failed": "Failed",
    "unknown": "Unknown or delisted",
    "updated": "Updated",
    "nothing_new": "Nothing new",
}


@dataclass(frozen=True)
class Cell:
    """A cell's words and what it sorts by; `is_number` sets it flush right."""

    text: str
    sort: float | str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Column heads, rows of cells and how many further rows are not shown; the first column names the row."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    n_hidden: int = 0

    def numeric(self, column: int) -> bool:
        """Return whether every shown cell of the column is a number or missing, and at least one is."""
        cells = [row[column] for row in self.rows]
        return any(cell.is_number for cell in cells) and all(
            cell.is_number or cell.text == wording.DASH for cell in cells
        )


def baselines_table(run: RunReport) -> Table | None:
    """Return the model and its baselines, a row each, measures as columns."""
    scores = {MODEL: run.measures("forecast")} | {
        named(name): score for name, score in run.measures("baselines").items() if isinstance(score, Mapping)
    }
    scores = {name: score for name, score in scores.items() if score}
    shown = {key: value for key, value in FORECAST_MEASURES.items() if any(key in score for score in scores.values())}
    if not scores or not shown:
        return None
    rows = [
        [cell(name), *(cell(score.get(key), write) for key, (_, write) in shown.items())]
        for name, score in scores.items()
    ]
    return Table(heads=["Forecast", *(head for head, _ in shown.values())], rows=rows)


def performance_table(run: RunReport) -> Table | None:
    """Return the measures of the strategy and the benchmarks that follow no forecast, a column each."""
    columns = {"Strategy": run.measures("portfolio")} | {
        curve_label(name): measures
        for name, measures in run.measures("benchmarks").items()
        if isinstance(measures, Mapping) and name not in run.measures("baselines")
    }
    columns = {name: measures for name, measures in columns.items() if measures}
    keys = list(PORTFOLIO_MEASURES)
    # A measure that this page has no words for is shown under its own name rather than left out.
    keys += [
        key for measures in columns.values() for key, value in measures.items() if wording.finite(value) is not None
    ]
    keys = [key for key in dict.fromkeys(keys) if any(key in measures for measures in columns.values())]
    if not keys:
        return None
    rows = []
    for key in keys:
        head, write = PORTFOLIO_MEASURES.get(key, (wording.label(key), wording.anything))
        rows.append([cell(head), *(cell(measures.get(key), write) for measures in columns.values())])
    return Table(heads=["Measure", *columns], rows=rows)


def tickers_table(run: RunReport, *, limit: int = 100) -> Table | None:
    """Return the out-of-sample record per ticker, most accurate first."""
    rows = None if run.out_of_sample is None else scored(run.out_of_sample)
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


def last_forecasts_table(run: RunReport, *, limit: int = 40) -> Table | None:
    """Return the out-of-sample forecasts of the last scored session beside what happened."""
    rows = None if run.out_of_sample is None else scored(run.out_of_sample)
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
    return frame_table(last, limit=limit, names={key: name for key, name in names.items() if key in last.columns})


def fills_table(run: RunReport, *, limit: int = 50) -> Table | None:
    """Return the first fills."""
    return None if run.fills is None or run.fills.empty else frame_table(run.fills, limit=limit)


def models_table(run: RunReport, *, limit: int = 50) -> Table | None:
    """Return the registered models in their order, with accuracy and base rate taken out of their metrics."""
    if run.models is None or run.models.empty:
        return None
    models = run.models.copy()
    if "metrics" in models.columns:
        scores = [_forecast_metrics(value) for value in models.pop("metrics")]
        for key in ("accuracy", "base_rate", "n"):
            if key not in models.columns and any(key in score for score in scores):
                models[key] = [score.get(key) for score in scores]
    return frame_table(models, limit=limit)


def dropped_table(dropped: Sequence[Dropped], *, limit: int = 200) -> Table | None:
    """Return what was left out, by stage and reason, the largest first."""
    if not dropped:
        return None
    frame = pd.DataFrame([vars(item) for item in dropped])
    groups = frame.groupby(["stage", "reason"], sort=False)
    table = groups.agg(n_rows=("n_rows", "sum"), tickers=("ticker", lambda names: _some(names)))
    table = table.reset_index().sort_values("n_rows", ascending=False, kind="stable")
    names = {"stage": "Stage", "reason": "Why", "n_rows": "Rows", "tickers": "Tickers"}
    return frame_table(table, limit=limit, names=names)


def outcomes_table(outcomes: Sequence[Outcome], *, limit: int = 300) -> Table | None:
    """Return how each ticker ended, those that failed first."""
    if not outcomes:
        return None
    order = list(OUTCOMES)
    rows = [
        [
            cell(outcome.ticker),
            cell(OUTCOMES[outcome.status]),
            cell(outcome.n_rows),
            cell(outcome.reason or None),
            cell(outcome.retry_at, wording.instant),
        ]
        for outcome in sorted(outcomes, key=lambda outcome: (order.index(outcome.status), outcome.ticker))
    ]
    return Table(["Ticker", "Ended", "New rows", "Why", "Try again"], rows[:limit], max(0, len(rows) - limit))


def coverage_table(run: RunReport) -> Table | None:
    """Return how much data the run had; a measure whose name speaks of a share is a fraction."""
    rows = [
        [cell(wording.label(name)), cell(value, wording.percent if "share" in name else wording.anything)]
        for name, value in wording.flatten(run.measures("coverage"))
    ]
    return Table(["Coverage", "Value"], rows) if rows else None


def mapping_table(mapping: Mapping[str, Any], heads: tuple[str, str], *, limit: int = 400) -> Table | None:
    """Return the leaves of a nested mapping, a row each."""
    leaves = wording.flatten(mapping)
    rows = [[cell(name), cell(value)] for name, value in leaves[:limit]]
    return Table(heads, rows, max(0, len(leaves) - limit)) if rows else None


def frame_table(frame: pd.DataFrame, *, limit: int, names: Mapping[str, str] | None = None) -> Table:
    """Return the first `limit` rows of a frame; `names` picks and heads the columns."""
    heads = names or {str(column): wording.label(str(column)) for column in frame.columns}
    first = frame.head(limit)
    columns = [[cell(value, COLUMN_FORMATS.get(key, wording.anything)) for value in first[key]] for key in heads]
    return Table(list(heads.values()), list(zip(*columns, strict=True)), max(0, len(frame) - limit))


def named(name: str) -> str:
    """Return a baseline's name as the head of a row."""
    return wording.label(name_words(name))


def cell(value: Any, write: Format = wording.anything) -> Cell:
    """Return a value as `write` words it, a dash where it is missing; it sorts by the value itself."""
    if value is None or (not isinstance(value, Sequence | Mapping) and bool(pd.isna(value))):
        return Cell(wording.DASH, "")
    if isinstance(value, pd.Timestamp):
        return Cell(write(value), value.isoformat())
    number = wording.finite(value)
    if number is not None:
        return Cell(write(value), number, is_number=True)
    return Cell(write(value), wording.text(value, limit=60).casefold())


def _some(names: Iterable[str], *, limit: int = 8) -> str:
    distinct = sorted(set(map(str, names)) - {""})
    more = len(distinct) - limit
    return ", ".join(distinct[:limit]) + (f" and {wording.count(more)} more" if more > 0 else "")


def _forecast_metrics(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    if not isinstance(value, Mapping):
        return {}
    inner = value.get("forecast", value)
    return inner if isinstance(inner, Mapping) else {}
