"""Compact the store's tables."""

import json

import pandas as pd

from pipelines.context import Context, console
from pipelines.results import run_names
from stockseq.config import Settings


def run_maintain(settings: Settings, now: pd.Timestamp) -> None:
    """Join small files and delete those that no version of the last week uses."""
    context = Context(settings, now, new_store=False)
    with context.store.lock():
        context.store.compact(keep_versions=_named_versions(context))
    console.print(
        f"Compacted {settings.data}: "
        + ", ".join(f"{name} at version {n}" for name, n in context.store.versions().items())
    )


def _named_versions(context: Context) -> dict[str, list[int]]:
    """Return the versions of each table that a run's manifest names, so that the run can be reproduced."""
    named: dict[str, set[int]] = {}
    for name in run_names(context.root):
        manifest = json.loads((context.root / "runs" / name / "manifest.json").read_text(encoding="utf-8"))
        for table, version in manifest["tables"].items():
            named.setdefault(table, set()).add(version)
    return {table: sorted(versions) for table, versions in named.items()}
