"""What a person reads of a backfill in the terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from pipelines.screens.console import build_table, console, escape
from pipelines.screens.reasons import by_reason
from stockseq.errors import counted
from stockseq.ingestion.backfill import Backfilled
from stockseq.report.format import count


def show_backfills(
    found: Sequence[Backfilled], stored: Mapping[str, int], tickers: Sequence[str], *, first: pd.Timestamp
) -> None:
    """A row for each year and a column for each source, then who is missing and what was left out.

    `stored` are all headlines of the store by ticker: one without any may be mistyped.
    """
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
            console.print(f"{escape(each.source)}: nothing to ask for; all days until yesterday were asked for before.")
        elif not each.n_headlines:
            console.print(f"{escape(each.source)}: no headline that the store did not have.")
        if each.begins is not None:
            console.print(f"{escape(each.source)} begins at {each.begins:%Y-%m-%d}: earlier days weren't asked for.")
        _show_missing(each)
        _show_dropped(each)
    silent = dict.fromkeys(tickers, "the store has no headline of it from any source; is it written as here?")
    for names, _, reason in by_reason({ticker: why for ticker, why in silent.items() if not stored.get(ticker)}):
        console.print(f"[yellow]{escape(names)}[/yellow]: {reason}")


def _show_missing(each: Backfilled) -> None:
    """Name the tickers that failed or aren't listed."""
    for words, reasons in (("incomplete", each.failures), ("not listed", each.unknown)):
        for names, _, reason in by_reason(reasons):
            console.print(f"  {escape(each.source)}: [yellow]{escape(names)}[/yellow] {words}: {escape(reason)}")
    for names, _, _ in by_reason(dict.fromkeys(each.n_earlier, "")):
        whose = f"{sum(each.n_earlier.values()):,} stored headlines of {escape(names)}"
        console.print(
            f"  {escape(each.source)}: [yellow]{whose}[/yellow] stand at an earlier instant than it gives now, so they "
            "may count too early. Stored rows are never changed: backfill anew into another folder (DATA=...)."
        )
    if each.stopped:
        console.print(f"  {escape(each.source)} was given up: {escape(each.stopped)}. The same command goes on.")


def _show_dropped(each: Backfilled) -> None:
    reasons: Counter[str] = Counter()
    for drop in each.dropped:
        reasons[drop.reason] += drop.n_rows
    if reasons:
        words = "; ".join(f"{n:,} {escape(reason)}" for reason, n in reasons.most_common())
        console.print(f"  {escape(each.source)}, left out: {words}.")
