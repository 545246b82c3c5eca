"""Bring bars and headlines from files into the store."""

from pathlib import Path

import pandas as pd
from rich.markup import escape

from pipelines.context import Context, console
from pipelines.ingest import ingest
from pipelines.screen import show_outcomes
from stockseq.config import Settings
from stockseq.sources.files import FilesSource


def run_import(settings: Settings, now: pd.Timestamp, *, file: str | None) -> None:
    """Import one file, or the bars and headlines of the files folder; the same file again adds nothing."""
    context = Context(settings, now)
    source = FilesSource(settings.files, file=Path(file) if file else None)
    tickers = settings.tickers or source.tickers
    for note in source.notes(now):
        console.print(escape(note))
    with context.hold_store():
        show_outcomes(ingest(context, tickers, source), with_page=False)
    console.print(f"Next: make backtest SOURCE=files DATA={settings.data}, or make daily with the same settings.")
