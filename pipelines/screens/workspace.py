"""A workspace that speaks on the screen, and what every recipe shows of its data."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from pipelines.screens.console import console, escape, show_progress
from stockseq.config import Settings
from stockseq.dataset.dataset import Dataset
from stockseq.evaluate.news_timing import SourceTiming, time_news
from stockseq.executors import open_executor
from stockseq.ingestion.headline_clocks import find_clock_doubts
from stockseq.prices import find_silences
from stockseq.report.text.imports import silence_sentences
from stockseq.report.text.limits import clock_sentences, jump_sentences
from stockseq.report.text.news import timing_sentences
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


def time_dataset(data: Dataset) -> tuple[SourceTiming, ...]:
    """Return what the clock of each source of the store's headlines is worth."""
    market = data.market
    return time_news(market.headlines, data.scores, market.bars, calendar=market.calendar)


def show_doubts(data: Dataset, settings: Settings, *others: str) -> tuple[str, ...]:
    """Print what the reader must know of the data and of this run, and return it for the page."""
    timings = timing_sentences(time_dataset(data))
    clocks = find_clock_doubts(data.market.headlines, preset=settings.files.preset)
    silences = find_silences(data.market.bars)
    doubts = (*clock_sentences(clocks), *timings, *jump_sentences(data.jumps), *silence_sentences(silences))
    for doubt in doubts:
        console.print(f"[yellow]Doubt:[/yellow] {escape(doubt)}")
    for sentence in others:
        console.print(f"[yellow]Note:[/yellow] {escape(sentence)}")
    return (*doubts, *others)
