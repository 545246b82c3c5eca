"""The page of a comparison of runs: what differs in their settings, their forecasts and their money."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stockseq.plots.overlay import plot_overlay
from stockseq.report import format as wording
from stockseq.report.figure import Figure
from stockseq.report.html import write_page
from stockseq.report.run_list import Heading, runs_table
from stockseq.report.tables.table import Table, cell
from stockseq.report.text.comparison import MEASURES, READING, pair_sentences
from stockseq.runs.compare import RunComparison
from stockseq.runs.folder import as_json

EQUITY = (
    "Growth of each account after costs since the first session that all have. Whether one earns more than another is "
    "told by the paired difference of their returns, not by where the lines end."
)
# Names of folders end at 255 bytes.
LONGEST_NAME = 120


def render_comparison(comparison: RunComparison, equity: pd.DataFrame | None, root: Path) -> Path:
    """Write the page and `comparison.json` below `runs/compare`, and return the path of its index.html.

    Parameters
    ----------
    comparison : RunComparison
    equity : DataFrame or None
        That of `common_equity`.
    root : Path
        The local folder in which `runs` lies.

    Raises
    ------
    OSError
        If it can't be written.
    """
    names = [run.name for run in comparison.runs]
    folder = root / "runs" / "compare" / folder_name(names)
    context = {
        "run": Heading(f"{names[0]} against {', '.join(names[1:])}", "compare"),
        "names": names,
        "pairs": [(pair, pair_sentences(pair, comparison)) for pair in comparison.pairs],
        "differences": differences_table(comparison),
        "reading": READING,
        "runs": runs_table(comparison.runs, root, up="../../"),
        "equity": None if equity is None else equity_figure(equity),
        "settings": settings_table(comparison),
    }
    page = write_page("compare.html", context, folder)
    (folder / "comparison.json").write_text(as_json(comparison.to_dict()), encoding="utf-8")
    return page


def folder_name(names: Sequence[str]) -> str:
    """Return the name of a comparison's folder: the runs' own, or of many the first with a hash of all.

    Examples
    --------
    >>> folder_name(["20240102T130000Z-daily", "20240103T130000Z-daily"])
    '20240102T130000Z-daily_20240103T130000Z-daily'
    """
    joined = "_".join(names)
    if len(joined) <= LONGEST_NAME:
        return joined
    return f"{names[0][:80]}_and_{len(names) - 1}_more_{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def differences_table(comparison: RunComparison) -> Table:
    """Return every difference, a row a pair and measure."""
    rows = []
    for pair in comparison.pairs:
        for measure, (head, write) in MEASURES.items():
            test = getattr(pair, measure)
            if test is None:
                continue
            low, high = (None, None) if test.ci is None else test.ci
            rows.append(
                [
                    cell(head),
                    cell(pair.second),
                    cell(test.difference, write),
                    cell(low, write),
                    cell(high, write),
                    cell(test.p, wording.p_value),
                    cell(test.p_holm, wording.p_value),
                    cell(test.n_sessions, wording.count),
                ]
            )
    heads = ("Measure", "Less", "Difference", "95% from", "to", "p", "p, Holm", "Sessions")
    return Table(heads, rows).split_blank()[0]


def settings_table(comparison: RunComparison) -> Table | None:
    """Return the settings that differ, a row each and a column a run, or None where none does."""
    rows = [
        [cell(name), *(cell(value, lambda shown: wording.text(shown, limit=120)) for value in values)]
        for name, values in comparison.settings.items()
    ]
    return Table(["Setting", *(run.name for run in comparison.runs)], rows) if rows else None


def equity_figure(equity: pd.DataFrame) -> Figure:
    """Return the equity of the runs over one another, on the sessions that all have."""
    growth = equity.iloc[-1] / equity.iloc[0] - 1.0
    grown = ", ".join(f"{name} {wording.percent(value, signed=True)}" for name, value in growth.items())
    return Figure(
        name="overlay",
        title="Equity on the sessions that all have",
        plot=plot_overlay(equity),
        reading=EQUITY,
        summary=f"From {wording.session(equity.index[0])} to {wording.session(equity.index[-1])}: {grown}.",
    )
