"""What a person reads of a backfill in the terminal."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from pipelines.screens.console import build_table, console, escape
from pipelines.screens.reasons import by_reason
from stockseq.errors import counted
from stockseq.ingestion.backfill import Backfilled
from stockseq.report.format import count


def show_backfills(found: Sequence[Backfilled], tickers: Sequence[str], *, first: pd.Timestamp) -> None:
    """A row for each year and a column for each source, then who is missing and what was left out."""
    years = sorted({year for each in found for year in each.by_year})
    title = f"Headlines of {counted(len(tickers), 'ticker')} that are new in the store, from {first:%Y-%m-%d} on"
    if years:
        table = build_table(title, "Year", *(escape(each.source) for each in found))
        for year in years:
            table.add_row(str(year), *(count(each.by_year.get(year, 0)) for each in found))
        table.add_row("all", *(count(each.n_headlines) for each in found), end_section=True)
        console.print(table)
    for each in found:
        if not each.n_chunks:
            console.print(f"{escape(each.source)}: nothing to ask for; the store has all days until yesterday.")
        elif not each.n_headlines:
            console.print(f"{escape(each.source)}: no headline that the store did not have.")
        if each.begins is not None:
            console.print(f"{escape(each.source)} begins at {each.begins:%Y-%m-%d}: earlier days weren't asked for.")
        _show_missing(each)
        _show_dropped(each)


def _show_missing(each: Backfilled) -> None:
    """Name the tickers that failed or aren't listed."""
    for words, reasons in (("incomplete", each.failures), ("not listed", each.unknown)):
        for names, _, reason in by_reason(reasons):
            console.print(f"  {escape(each.source)}: [yellow]{escape(names)}[/yellow] {words}: {escape(reason)}")
    if each.stopped:
        console.print(f"  {escape(each.source)} was given up: {escape(each.stopped)}. The same command goes on.")


def _show_dropped(each: Backfilled) -> None:
    reasons: Counter[str] = Counter()
    for drop in each.dropped:
        reasons[drop.reason] += drop.n_rows
    if reasons:
        words = "; ".join(f"{n:,} {escape(reason)}" for reason, n in reasons.most_common())
        console.print(f"  {escape(each.source)}, left out: {words}.")
