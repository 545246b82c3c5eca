"""Rebuild and open the page of a run; list runs and models."""

import json
import webbrowser
from pathlib import Path

import pandas as pd
from rich.table import Table

from pipelines.context import Context, console
from pipelines.page import render_run
from pipelines.results import find_run, no_run, run_names
from pipelines.screen import record_line, show_models
from stockseq.config import Settings
from stockseq.errors import StockseqError


def run_report(settings: Settings, now: pd.Timestamp, *, name: str | None, open_page: bool) -> None:
    """Draw the page again from the run's folder, say where it is, and open it where there is a browser."""
    page = render_run(find_run(Context(settings, now).root, name)).resolve()
    console.print(f"Page: {page}")
    if open_page:
        webbrowser.open(page.as_uri())


def list_runs(settings: Settings, now: pd.Timestamp) -> None:
    """List the runs with their out-of-sample record."""
    root = Context(settings, now).root
    names = run_names(root)
    if not names:
        raise no_run(root)
    table = Table(title=f"Runs under {root / 'runs'}", title_justify="left")
    table.add_column("Run")
    table.add_column("Out of sample")
    for name in names:
        table.add_row(name, _record(root / "runs" / name / "metrics.json"))
    console.print(table)


def _record(path: Path) -> str:
    try:
        return record_line(json.loads(path.read_text(encoding="utf-8"))["forecast"])
    except (OSError, ValueError, KeyError):
        return "unreadable: its metrics.json is damaged"


def list_models(settings: Settings, now: pd.Timestamp) -> None:
    """List every model with its state and numbers."""
    models = Context(settings, now, new_store=False).registry.list_models()
    if models.empty:
        raise StockseqError(
            f"No model in the store {settings.data} yet; `make daily` or `make train` trains the first."
        )
    show_models(models)
