"""Compare runs that are there: on the forecasts that both made, the sessions that both have, and their settings."""

from pathlib import Path

import pandas as pd

from pipelines.screens.compare import show_comparison
from stockseq.config import Settings
from stockseq.report.comparison import render_comparison
from stockseq.report.run_list import render_runs
from stockseq.runs.compare import common_equity, compare_runs, find_runs
from stockseq.workspace import Workspace


def run_compare(settings: Settings, now: pd.Timestamp, *, names: str | None) -> Path:
    """Compare the first run that `names` has with each other one, show it, and return the path of its page.

    The runs are read and not changed.

    Raises
    ------
    StockseqError
        If fewer than two runs are named, one is not there or damaged, or they share no session.
    """
    root = Workspace(settings, now=now).root
    folders = find_runs(root, (names or "").split(), now=now)
    comparison = compare_runs(folders)
    page = render_comparison(comparison, common_equity(folders, comparison), root)
    # It leads to the list of runs, and the list to it.
    render_runs(root)
    show_comparison(comparison, page)
    return page
