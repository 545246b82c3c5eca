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
HAS_BARS = "make backtest, whose page shows where news can matter; make daily tops the headlines up."
HAS_NONE = "make daily, which brings the prices, too: headlines alone can't be forecast from."


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
    first = _first_day(since, now)
    with open_workspace(settings, now, trains=False) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        # All of them before the first is asked: a missing key costs no hour.
        archives = open_archives(settings, workspace.store)
        tickers = workspace.universe()
        begin = first or _first_bar(workspace.store)
        found: list[Backfilled] = []
        notes: list[str] = []
        ended: list[str] = []
        for archive in archives:
            try:
                each = backfill(workspace.store, archive, tickers, first=begin, now=now, progress=workspace.progress)
                found.append(each)
                notes += getattr(archive, "notes", lambda now: ())(now) if each.n_chunks else ()
            except SourceError as error:
                # The others are asked all the same.
                ended.append(str(error))
        has_bars = workspace.store.version("bars") is not None
        show_backfills(found, workspace.store.count("headlines"), tickers, first=begin)
        for note in notes:
            console.print(f"[yellow]Note:[/yellow] {escape(note)}")
    if ended:
        raise SourceError(" ".join(ended))
    if all(each.answered_none(tickers) for each in found):
        raise SourceError("Not one ticker was answered; the reasons stand above. The same command asks again.")
    console.print(f"Next: {HAS_BARS if has_bars else HAS_NONE}")
    return tuple(found)


def _first_day(since: str | None, now: pd.Timestamp) -> pd.Timestamp | None:
    try:
        day = None if since is None else pd.Timestamp(read_date(since, first=1900, last=2100))
    except ValueError as error:
        raise SettingsError(f"FROM (`--since`): {error}.") from error
    if day is not None and day.tz_localize("UTC") >= now.normalize():
        raise SettingsError(
            f"FROM (`--since`) is {day:%Y-%m-%d}, and a backfill goes until the day before {now:%Y-%m-%d}; name an "
            "earlier day."
        )
    return day


def _first_bar(store: Store) -> pd.Timestamp:
    first = store.read("bars", columns=["session"])["session"].min()
    return FIRST_DAY if pd.isna(first) else first
