"""The page that lists every run, written beside them: what each found, and the equity of the newest backtests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from stockseq.errors import counted
from stockseq.plots.overlay import COLOURS, plot_overlay
from stockseq.report import format as wording
from stockseq.report.figure import Figure
from stockseq.report.html import write_page
from stockseq.report.tables.table import Cell, Table, cell
from stockseq.runs.list_page import hash_list
from stockseq.runs.summary import DAMAGED, RunSummary, summarise_runs

HEADS = (
    "Run",
    "Recipe",
    "From",
    "To",
    "Tickers",
    "Accuracy",
    "95% interval",
    "Base rate",
    "Forecasts",
    "After costs",
    "Buy and hold",
    "Sharpe ratio",
    "Settings changed",
)
BUY_AND_HOLD = "Buy and hold of the newest"
EQUITY = (
    "Growth of each account after costs since its own first session. Accounts of other sessions, tickers or trades "
    "can't be compared by eye: make compare puts two on the sessions that both have."
)
MOST_CHARACTERS = 120
MOST_CHANGES = 500


@dataclass(frozen=True)
class Heading:
    """What the frame of a page names: its title and its kind."""

    title: str
    recipe: str


def render_runs(root: Path) -> Path:
    """Write the list of all runs under `root` as `runs/index.html`, in one step, and return its path.

    A run that can't be read is listed as damaged; one that is being written is not listed.

    Raises
    ------
    OSError
        If it can't be written.
    """
    # Before anything is read: what changes on the way is seen by whoever compares next.
    drawn_from = hash_list(root)
    runs = summarise_runs(root)
    damaged = [(run.name, run.damage) for run in runs if run.damage is not None]
    context = {
        "run": Heading("Runs", "runs"),
        "drawn_from": drawn_from,
        "n_runs": counted(len(runs), "run"),
        "n_damaged": counted(len(damaged), "run"),
        "damaged": damaged,
        "table_of_runs": runs_table(runs, root) if runs else None,
        "changes": changes_table(runs),
        "equity": equity_figure(runs, root),
        "comparisons": [
            (path.parent.name.replace("_", " "), f"./compare/{quote(path.parent.name)}/index.html")
            for path in sorted((root / "runs").glob("compare/*/index.html"), reverse=True)
        ],
    }
    return write_page("runs.html", context, root / "runs")


def runs_table(runs: Sequence[RunSummary], root: Path, *, up: str = "./") -> Table:
    """Return a row a run, each with a link to its page where it has one; `up` leads to the folder of the runs."""
    return Table(HEADS, [_row(run, root, up) for run in runs]).split_blank()[0]


def changes_table(runs: Sequence[RunSummary]) -> Table | None:
    """Return the settings that are not the defaults, a row a run and setting, or None where all are."""
    rows = [
        [cell(wording.text(run.name, limit=80)), cell(name), cell(wording.text(value, limit=MOST_CHARACTERS))]
        for run in runs
        for name, value in run.changes.items()
    ]
    return Table(("Run", "Setting", "Value"), rows[:MOST_CHANGES], max(0, len(rows) - MOST_CHANGES)) if rows else None


def equity_figure(runs: Sequence[RunSummary], root: Path) -> Figure | None:
    """Return the equity of the newest backtests over one another, or None where there is none."""
    curves: dict[str, pd.Series] = {}
    reference = pd.Series(dtype=float)
    for run in runs:
        if run.growth is None or len(curves) == len(COLOURS):
            continue
        try:
            equity = pd.read_parquet(root / "runs" / run.name / "equity.parquet").set_index("session")
            curves[run.name] = equity["strategy"].astype(float)
        except DAMAGED:
            # Its row stands all the same; the picture is of those that can be drawn.
            continue
        if reference.empty and "buy_and_hold" in equity:
            reference = equity["buy_and_hold"].astype(float)
    if not curves:
        return None
    frame = pd.DataFrame(curves | ({} if reference.empty else {BUY_AND_HOLD: reference}))
    grown = [f"{run.name} {wording.percent(run.growth, signed=True)}" for run in runs if run.name in curves]
    return Figure(
        name="overlay",
        title="Equity of the newest backtests",
        plot=plot_overlay(frame, reference=BUY_AND_HOLD),
        reading=EQUITY,
        summary=f"Growth over the whole span: {', '.join(grown)}.",
    )


def _row(run: RunSummary, root: Path, up: str) -> list[Cell]:
    page = root / "runs" / run.name / "report" / "index.html"
    name = wording.text(run.name, limit=80)
    link = f"{up}{quote(run.name)}/report/index.html" if page.exists() else ""
    first = Cell(name, run.name, link=link)
    if run.damage is not None:
        return [first, cell("damaged"), *[cell(None)] * (len(HEADS) - 2)]
    scores = run.scores
    return [
        first,
        cell(run.recipe),
        _date(run.first),
        _date(run.last),
        cell(run.n_tickers, wording.count),
        cell(scores and scores.accuracy, wording.percent),
        cell(scores and scores.accuracy_ci, wording.interval),
        cell(scores and scores.base_rate, wording.percent),
        cell(scores and scores.n, wording.count),
        cell(run.growth, lambda value: wording.percent(value, signed=True)),
        cell(run.benchmark, lambda value: wording.percent(value, signed=True)),
        cell(run.sharpe, lambda value: wording.number(value, digits=2)),
        cell(len(run.changes), wording.count),
    ]


def _date(day: date | None) -> Cell:
    return cell(None if day is None else pd.Timestamp(day), wording.session)
