"""The tables of what went into a run and what did not: coverage, rows dropped, tickers, models."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd

from stockseq.dataset.dataset import Coverage
from stockseq.evaluate.news_timing import Revisions, SourceTiming
from stockseq.report import format as wording
from stockseq.report.tables.table import Table, cell, frame_table
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome

OUTCOMES = {
    "failed": "Failed",
    "unknown": "Unknown or delisted",
    "updated": "Updated",
    "nothing_new": "Nothing new",
}


def coverage_table(coverage: Coverage | None) -> Table | None:
    """Return how much data the run had, or None where it doesn't say."""
    if coverage is None:
        return None
    rows = [
        [cell(wording.label(name)), cell(value, wording.percent if name == "share_with_news" else wording.count)]
        for name, value in coverage
    ]
    return Table(["Coverage", "Value"], rows)


def news_table(coverage: pd.DataFrame | None, *, by: Literal["ticker", "year"], limit: int = 400) -> Table | None:
    """Return the headlines of each source and the share of sessions with news by ticker or year; None without any."""
    if coverage is None or not coverage["n_headlines"].any():
        return None
    sources = sorted(set(coverage.loc[coverage["n_headlines"] > 0, "source"]))
    counts = coverage.pivot_table(index=by, columns="source", values="n_headlines", aggfunc="sum", fill_value=0)
    sessions = coverage.drop_duplicates(["ticker", "year"]).groupby(by)[["n_sessions", "n_with_news"]].sum()
    rows = []
    for name, n_sessions, n_with_news in sessions.itertuples(name=None):
        share = n_with_news / n_sessions if n_sessions else None
        row = [cell(str(name)), *(cell(int(counts.loc[name, source]), wording.count) for source in sources)]
        rows.append([*row, cell(n_sessions, wording.count), cell(share, wording.percent)])
    heads = [by.capitalize(), *(wording.text(source, limit=60) for source in sources), "Sessions", "With news"]
    return Table(heads, rows[:limit], max(0, len(rows) - limit))


def timing_table(timings: Sequence[SourceTiming]) -> Table | None:
    """Return what the clock of each source of headlines is worth, or None without any."""
    if not timings:
        return None
    heads = ["Headlines from", "Stamped", "Tone and its session", "95 %", "Tone and the next session", "95 %"]
    heads += ["Stamps within sessions", "If spread evenly", "Revised after, median", "90 %", "Over a day"]
    rows = []
    for timing in timings:
        lags = [timing.lag_0, timing.lag_1]
        revisions = timing.revisions
        row = [cell(timing.source), cell(timing.n, wording.count)]
        for lag in lags:
            row.append(cell(lag and lag.correlation, lambda value: wording.number(value, digits=2, signed=True)))
            row.append(cell(lag and list(lag.ci), _correlations))
        row += [cell(share, wording.percent) for share in (timing.share_in_session, timing.share_expected)]
        row += [cell(seconds, _delay) for seconds in _delays(revisions)]
        row.append(cell(revisions and revisions.share_over_a_day, wording.percent))
        rows.append(row)
    return Table(heads, rows)


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


def outcome_counts(outcomes: Sequence[Outcome]) -> list[str]:
    """Return how many tickers ended in each way, such as "2 failed"."""
    counts = pd.Series([outcome.status for outcome in outcomes], dtype=object).value_counts()
    return [f"{wording.count(counts[status])} {name.lower()}" for status, name in OUTCOMES.items() if status in counts]


def models_table(models: pd.DataFrame | None, *, limit: int = 50) -> Table | None:
    """Return the registered models in their order."""
    return None if models is None or models.empty else frame_table(models, limit=limit)


def _some(names: Iterable[str], *, limit: int = 8) -> str:
    distinct = sorted(set(map(str, names)) - {""})
    more = len(distinct) - limit
    return ", ".join(distinct[:limit]) + (f" and {wording.count(more)} more" if more > 0 else "")


def _delays(revisions: Revisions | None) -> tuple[float | None, float | None]:
    return (None, None) if revisions is None else (revisions.median_s, revisions.percentile_90_s)


def _delay(seconds: Any) -> str:
    """Return a time in the unit that reads best."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{wording.number(seconds / size, digits=1)} {unit}"
    return f"{wording.number(seconds, digits=0)} s"


def _correlations(bounds: Any) -> str:
    low, high = (wording.number(bound, digits=2, signed=True) for bound in bounds)
    return f"{low} to {high}"
