"""How a fetch ended, ticker by ticker, and what was left out."""

from collections import Counter
from collections.abc import Mapping

from pipelines.screens.console import console, escape
from stockseq.errors import counted
from stockseq.ingestion.ingest import Ingested
from stockseq.sources.source import Status

STATUSES: Mapping[Status, str] = {
    "updated": "updated",
    "nothing_new": "nothing new",
    "unknown": "unknown or delisted",
    "failed": "failed",
}


def show_outcomes(ingested: Ingested, *, with_page: bool = True) -> None:
    """One line for all tickers, one for each that did not end well, one for what was left out (all, without a page).

    And one for each doubt of how what came fits what was stored.
    """
    if not ingested.outcomes:
        return
    counts = Counter(outcome.status for outcome in ingested.outcomes.values())
    console.print(
        "Fetched: " + ", ".join(f"{n} {words}" for status, words in STATUSES.items() if (n := counts[status]))
    )
    if ingested.currencies:
        currency = next(iter(ingested.currencies.values()))
        pence = ", which is pence: a hundredth of a pound" if currency == "GBp" else ""
        console.print(f"Prices are in {escape(currency)}{pence}.")
    for outcome in ingested.outcomes.values():
        if not outcome.is_answered:
            retry = "" if outcome.retry_at is None else f"; try again after {outcome.retry_at:%Y-%m-%d %H:%M UTC}"
            name = f"[yellow]{escape(outcome.ticker)}[/yellow]"
            console.print(f"  {name} {STATUSES[outcome.status]}: {escape(outcome.reason)}{retry}")
    reasons: Counter[str] = Counter()
    for drop in ingested.dropped:
        reasons[f"{drop.stage}: {drop.reason}"] += drop.n_rows
    if reasons:
        shown = reasons.most_common(5 if with_page else None)
        most = "; ".join(f"{n} {escape(reason)}" for reason, n in shown)
        hidden = len(reasons) - len(shown)
        # A run that ends here draws no page, so none is promised.
        more = f"; {counted(hidden, 'more reason')}" if hidden else ""
        console.print(f"Left out: {counted(reasons.total(), 'row')} ({most}{more}).")
    for doubt in ingested.doubts:
        console.print(f"[yellow]Doubt:[/yellow] {escape(doubt)}")
