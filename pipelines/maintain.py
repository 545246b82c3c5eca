"""Compact the store's tables."""

import pandas as pd

from pipelines.screens.console import console
from stockseq.config import Settings
from stockseq.runs.folder import named_versions
from stockseq.workspace import Workspace


def run_maintain(settings: Settings, now: pd.Timestamp) -> None:
    """Join small files and delete those that no version of the last week and no run uses."""
    workspace = Workspace(settings, now=now)
    with workspace.store.lock():
        workspace.store.compact(keep_versions=named_versions(workspace.root))
    versions = ", ".join(f"{name} at version {n}" for name, n in workspace.store.versions().items())
    console.print(f"Compacted {settings.data}: {versions}", markup=False)
