"""Rebuild and open the page of a run; list runs and models."""

import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.screens.console import build_table, console, escape
from stockseq.config import Settings
from stockseq.errors import StockseqError, counted
from stockseq.evaluate.scores import Scores
from stockseq.report.text.verdict import record_sentence
from stockseq.runs.folder import find_run, local_root, no_run, run_names
from stockseq.runs.list_page import find_current

if TYPE_CHECKING:
    from stockseq.workspace import Workspace

# What it raises to read JSON, TOML or a table that is none, or another one.
DAMAGED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def run_report(settings: Settings, now: pd.Timestamp, *, name: str | None, open_page: bool) -> None:
    """Draw the page again from the run's folder, say where it is, and open it where there is a browser.

    Without a name it is the newest run that there was at `now`.

    Raises
    ------
    StockseqError
        If there is no such run, or a file of it is damaged.
    """
    from stockseq.report.render import render_run

    root = _begun(settings, now).root
    folder = find_run(root, name, now=now)
    try:
        page = render_run(folder).resolve()
    except DAMAGED as error:
        raise StockseqError(
            f"The page of {folder.name} can't be drawn again: a file of it is damaged ({type(error).__name__}: "
            f"{str(error)[:200]}). Put {folder} back from a copy, or run again."
        ) from error
    console.print(f"Page: {page}", markup=False)
    _write_list(root)
    if open_page:
        webbrowser.open(page.as_uri())


def list_runs(settings: Settings, now: pd.Timestamp) -> None:
    """List the runs that there were at `now`, with their out-of-sample record."""
    root = local_root(settings.data)
    names = run_names(root, now=now)
    later = len(run_names(root)) - len(names)
    if not names:
        # A run is of a store that held something by then; without one the store says what is wrong.
        _begun(settings, now)
        raise no_run(root, now=now)
    table = build_table(escape(f"Runs under {root / 'runs'}"), "Run", "Out of sample", left=(0, 1))
    for name in names:
        table.add_row(escape(name), _record(root / "runs" / name / "metrics.json"))
    console.print(table)
    _write_list(root)
    if later:
        console.print(f"{counted(later, 'run')} of after {now:%Y-%m-%d %H:%M:%S} UTC, the instant of NOW, left out.")


def _begun(settings: Settings, now: pd.Timestamp) -> "Workspace":
    """Return the workspace of a store that held something at `now`, or nothing at all."""
    # A list of runs needs neither it nor all that it brings.
    from stockseq.forecasting.clock import require_begun
    from stockseq.workspace import Workspace

    workspace = Workspace(settings, now=now)
    require_begun(workspace.store, workspace.registry, now)
    return workspace


def _write_list(root: Path) -> None:
    """Write the page that lists all runs and say where it is; a folder that can only be read keeps what it has."""
    try:
        page = find_current(root)
        if page is None:
            from stockseq.report.run_list import render_runs

            page = render_runs(root)
        console.print(f"All runs: {page}", markup=False)
    except OSError as error:
        console.print(
            f"The page of all runs can't be written ({error.strerror or error}), so it is not renewed.", markup=False
        )


def _record(path: Path) -> str:
    try:
        return record_sentence(Scores.from_dict(json.loads(path.read_text(encoding="utf-8"))["forecast"]))
    except (OSError, *DAMAGED):
        return "unreadable: its metrics.json is damaged"


def list_models(settings: Settings, now: pd.Timestamp) -> None:
    """List every model that there was at `now`, with its state and numbers then."""
    from pipelines.screens.models import show_models

    models = _begun(settings, now).registry.list_models()
    if models.empty:
        raise StockseqError(
            f"No model in the store {settings.data} yet; `make daily` or `make train` trains the first."
        )
    show_models(models)
