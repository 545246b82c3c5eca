"""What a person reads of an import in the terminal."""

from collections.abc import Mapping, Sequence

from pipelines.screens.console import build_table, console, escape
from pipelines.screens.outcomes import STATUSES
from stockseq.ingestion.summary import TickerSummary
from stockseq.report.format import count
from stockseq.report.text.imports import gap_sentence
from stockseq.sources.source import Outcome


def show_import(
    summaries: Sequence[TickerSummary], outcomes: Mapping[str, Outcome], doubts: Sequence[str], advice: str
) -> None:
    """A line for each ticker with what came, the gaps, every doubt, and whether the folds of the settings fit."""
    table = build_table("In the store", "Ticker", "First", "Last", "Bars", "Headlines", "Gaps", "Came now", left=(0, 6))
    for row in summaries:
        first, last = ("" if day is None else str(day.date()) for day in (row.first, row.last))
        table.add_row(
            escape(row.ticker),
            first,
            last,
            count(row.n_bars),
            count(row.n_headlines),
            count(row.n_gaps),
            _came(outcomes.get(row.ticker)),
        )
    console.print(table)
    if gaps := gap_sentence(summaries):
        console.print(gaps, markup=False)
    for doubt in doubts:
        console.print(f"[yellow]Doubt:[/yellow] {escape(doubt)}")
    if advice:
        console.print(advice, markup=False)


def _came(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return escape(outcome.reason) if outcome.status == "updated" else STATUSES[outcome.status]
