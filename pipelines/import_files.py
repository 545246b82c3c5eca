"""Bring bars and headlines from files into the store."""

import shlex
from pathlib import Path

import pandas as pd

from pipelines.screens.console import console, show_progress
from pipelines.screens.import_files import show_import
from pipelines.screens.outcomes import show_outcomes
from stockseq.config import Settings
from stockseq.dataset.labels import parse_label
from stockseq.errors import SettingsError, SourceError, counted
from stockseq.features.history import WARM_UP
from stockseq.forecasting.clock import require_newest
from stockseq.ingestion.file_import import FileImport, Imported
from stockseq.ingestion.headline_clocks import find_clock_doubts
from stockseq.ingestion.summary import summarise_tickers
from stockseq.market import MarketData
from stockseq.prices import find_silences, find_split_like_jumps, is_traded
from stockseq.report.text.imports import fold_sentence, silence_sentences, split_like_sentences
from stockseq.report.text.limits import clock_sentences
from stockseq.schemas import TICKER_FORM
from stockseq.source_choice import source_settings
from stockseq.store import Store
from stockseq.workspace import Workspace


def run_import(settings: Settings, now: pd.Timestamp, *, file: str | None, config: str | None = None) -> None:
    """Import one file, or the bars and headlines of the files folder; the same file again adds nothing.

    Parameters
    ----------
    settings : Settings
    now : Timestamp, tz-aware
    file : str, optional
        In place of the folder of the settings.
    config : str, optional
        The settings file that was named, for the command that is shown next.

    Raises
    ------
    SettingsError
        If neither a file nor a folder is named, and the default folder isn't there, or the store is of another
        exchange.
    StoreError
        If `now` lies before the store's newest forecast or model: what is imported would be backdated.
    SourceError
        If nothing could be imported.
    """
    named = file or "folder" in settings.files.model_fields_set
    if not named and not Path(settings.files.folder).exists():
        raise SettingsError(
            "Nothing was named to import; give a folder, as in make import FILES=my-folder, or one file, as in "
            "make import FILE=bars.csv."
        )
    with show_progress() as progress:
        files = FileImport(
            source_settings(settings, "files"),
            Path(file) if file else None,
            tickers=settings.tickers,
            now=now,
            progress=progress,
        )
        for note in files.notes:
            console.print(note, markup=False)
        workspace = Workspace(settings, now=now, progress=progress, create=True)
        with workspace.lock(trains=False):
            require_newest(workspace.store, workspace.registry, now)
            if not files.tickers:
                raise SourceError(f"No row of the files names a ticker, which is {TICKER_FORM}; mend the files.")
            before = _versions(workspace.store)
            imported = files.store_in(workspace.store, workspace.calendar, progress=progress)
            # Within the lock, so that an import of nothing leaves no new folder behind.
            show_outcomes(imported.ingested, with_page=False)
            if _versions(workspace.store) == before:
                _require_known(imported)
    _show(imported, files, workspace, f"Next: {_next_command(settings, file, config)}")


def _show(imported: Imported, files: FileImport, workspace: Workspace, command: str) -> None:
    """Show what is in the store now, what is doubted of it, and the command that comes next."""
    market = imported.market
    clocks = clock_sentences(find_clock_doubts(market.headlines, preset=workspace.settings.files.preset))
    doubts = (*clocks, *files.doubts, *_doubts(market))
    traded = market.bars[is_traded(market.bars)]
    advice = "" if traded.empty else _advise(workspace, traded)
    show_import(summarise_tickers(market, imported.n_headlines), imported.ingested.outcomes, doubts, advice)
    if market.bars.empty:
        console.print("Next: import bars, too, for headlines alone can't be forecast from.")
    elif traded.empty:
        console.print("Next: import bars with volume; of these nothing can be traded, so nothing can be forecast.")
    else:
        console.print(command, markup=False)


def _versions(store: Store) -> tuple[int | None, ...]:
    """Return the versions of the tables that an import writes."""
    return tuple(store.version(table) for table in ("bars", "actions", "headlines"))


def _require_known(imported: Imported) -> None:
    """Raise `SourceError` where nothing was written and that isn't because the store has it all."""
    if not imported.is_known:
        outcomes = imported.ingested.outcomes
        listed = [f"{outcome.ticker}: {outcome.reason}" for outcome in outcomes.values() if outcome.reason]
        reasons = f" ({' '.join(listed[:3])})" if listed else ""
        raise SourceError(
            f"Nothing was imported: of {counted(len(outcomes), 'ticker')} no row came{reasons}. Name tickers "
            "that the files list, or mend the files, and import again."
        )


def _doubts(market: MarketData) -> tuple[str, ...]:
    """Return what the reader must know of the bars that are now in the store, those of earlier imports among them."""
    jumps = find_split_like_jumps(market.bars, market.actions)
    return (*split_like_sentences(jumps), *silence_sentences(find_silences(market.bars)))


def _advise(workspace: Workspace, traded: pd.DataFrame) -> str:
    """Return whether the folds of the settings fit the sessions that bars were traded on."""
    n_sessions = traded["session"].nunique() - WARM_UP - parse_label(workspace.settings.label)
    return fold_sentence(n_sessions - workspace.settings.network.lookback, workspace.fitting_changes(n_sessions))


def _next_command(settings: Settings, file: str | None, config: str | None) -> str:
    """Return the backtest of what was imported, with every variable without which it would read something else."""
    # One file is no source to fetch from again; what it had is in the store, which any source is asked after.
    folder = {} if file else {"SOURCE": "files", "FILES": settings.files.folder}
    given = {**folder, "DATA": settings.data, "TICKERS": " ".join(settings.tickers), "CONFIG": config or ""}
    return " ".join(["make backtest", *(f"{name}={shlex.quote(value)}" for name, value in given.items() if value)])
