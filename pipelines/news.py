"""Bring years of headlines into the store, source by source; run again, it goes on where it ended."""

import pandas as pd

from pipelines.screens.console import console, escape
from pipelines.screens.news import show_backfills
from pipelines.screens.workspace import open_workspace
from stockseq.arguments import read_date
from stockseq.config import Settings
from stockseq.errors import SettingsError, SourceError
from stockseq.forecasting.clock import require_newest
from stockseq.ingestion.backfill import Backfilled, backfill
from stockseq.source_choice import open_archives
from stockseq.store import Store

# Where nothing else says when a history begins: Alpaca's headlines do.
FIRST_DAY = pd.Timestamp("2015-01-01")


def run_news(settings: Settings, now: pd.Timestamp, *, since: str | None) -> tuple[Backfilled, ...]:
    """Ask every archive that is set for the tickers' headlines from a day on, and show what came by source and year.

    Parameters
    ----------
    settings : Settings
    now : Timestamp, tz-aware
    since : str, optional
        A date; without it the store's first bar, or 2015.

    Raises
    ------
    SettingsError
        If no archive is set, the date is none, or the store is of an invented market.
    StoreError
        If `now` lies before the store's newest forecast or model: what came would be backdated.
    SourceError
        If an archive can't be asked, such as without its key, or not one ticker was answered.
    """
    try:
        named = None if since is None else pd.Timestamp(read_date(since, first=1900, last=2100))
    except ValueError as error:
        raise SettingsError(f"FROM (`--since`): {error}.") from error
    with open_workspace(settings, now, trains=False) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        # All of them before the first is asked: a missing key costs no hour.
        archives = open_archives(settings, workspace.store)
        tickers = workspace.universe()
        first = named or _first_bar(workspace.store)
        found = tuple(
            backfill(workspace.store, archive, tickers, first=first, now=now, progress=workspace.progress)
            for archive in archives
        )
        show_backfills(found, tickers, first=first)
        for archive in archives:
            for note in getattr(archive, "notes", lambda now: ())(now):
                console.print(f"[yellow]Note:[/yellow] {escape(note)}")
    if all(each.missed(tickers) for each in found):
        raise SourceError("Not one ticker was answered; the reasons stand above. The same command asks again.")
    console.print("Next: make backtest, whose page shows where news can matter; make daily tops the headlines up.")
    return found


def _first_bar(store: Store) -> pd.Timestamp:
    first = store.read("bars", columns=["session"])["session"].min()
    return FIRST_DAY if pd.isna(first) else first
