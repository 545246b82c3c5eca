"""Ingestion as the recipes call it, with the run's context; `stockseq.ingestion` does the work."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.context import Context, show_progress
from stockseq.ingestion import Ingested
from stockseq.ingestion import ingest as ingest_market
from stockseq.ingestion import universe as find_universe
from stockseq.sources.source import Source

__all__ = ["Ingested", "ingest", "universe"]


def ingest(context: Context, tickers: Sequence[str], source: Source | None = None) -> Ingested:
    """Bring the tickers up to `context.now`, from the source of the settings or from another."""
    start = context.settings.history_from
    with show_progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as shown:
        ingested, _ = ingest_market(
            context.store,
            source or context.source,
            tickers,
            now=context.now,
            calendar=context.calendar,
            history_from=None if start is None else pd.Timestamp(start),
            progress=_Screen(context, shown),
        )
    return ingested


def universe(context: Context) -> tuple[str, ...]:
    """Return the tickers of the settings, or else all of the source, of the store, or of Yahoo's default."""
    settings = context.settings
    default = settings.yahoo.tickers if settings.source == "yahoo" else ()
    return find_universe(context.store, context.source, settings.tickers, default, context.now)


@dataclass(frozen=True)
class _Screen:
    context: Context
    shown: Progress

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        if not self.shown.tasks:
            self.shown.add_task(task)

    def say(self, sentence: str) -> None:
        self.context.say(sentence)
