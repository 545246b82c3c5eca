"""A workspace that speaks on the screen, and what every recipe shows of its data."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from pipelines.screens.console import console, show_progress
from stockseq.config import Settings
from stockseq.dataset.dataset import Dataset
from stockseq.executors import open_executor
from stockseq.prices import find_silences
from stockseq.report.text.imports import silence_sentences
from stockseq.report.text.limits import jump_sentences
from stockseq.workspace import Workspace


@contextmanager
def open_workspace(
    settings: Settings, now: pd.Timestamp, *, trains: bool = True, create: bool = True
) -> Iterator[Workspace]:
    """Hold the store of these settings for one run, with their executor and the screen's progress.

    Parameters
    ----------
    settings : Settings
    now : Timestamp, tz-aware
    trains : bool, default=True
        Whether a user's own layers are held to their contract first.
    create : bool, default=True
        Whether a folder becomes a store where it is none yet.
    """
    with (
        open_executor(workers=settings.workers, scheduler=settings.scheduler) as executor,
        show_progress() as progress,
    ):
        workspace = Workspace(settings, now=now, executor=executor, progress=progress, create=create)
        with workspace.lock(trains=trains):
            yield workspace


def show_doubts(data: Dataset) -> tuple[str, ...]:
    """Print what the reader must know of the data, and return it for the page."""
    doubts = (*jump_sentences(data.jumps), *silence_sentences(find_silences(data.market.bars)))
    for doubt in doubts:
        console.print(f"[yellow]Doubt:[/yellow] {doubt}")
    return doubts
