"""Compact the store's tables."""

import pandas as pd

from pipelines.context import Context, console
from stockseq.config import Settings


def run_maintain(settings: Settings, now: pd.Timestamp) -> None:
    """Join small files and delete those that no version of the last week uses."""
    context = Context(settings, now, new_store=False)
    with context.store.lock():
        context.store.compact()
    console.print(
        f"Compacted {settings.data}: "
        + ", ".join(f"{name} at version {n}" for name, n in context.store.versions().items())
    )
