"""The ticker view: which tickers and stretches there are, what each earned, and the files that its charts read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.dataset.labels import parse_label
from stockseq.evaluate.record import mark_hits
from stockseq.report import format as wording
from stockseq.report.html import asset
from stockseq.report.run import RunReport
from stockseq.report.tables.table import Cell, cell
from stockseq.report.text import tickers as text
from stockseq.report.tickers.files import file_name, script_call, ticker_files
from stockseq.report.tickers.frames import Axes, HistoryFrames, build_frames

FOLDER = "tickers"
SESSIONS_FILE = "sessions.js"
RECORD_HEADS = ("Right", "Base rate", "Forecasts")
# What a stretch of a ticker is summed up in, in this order.
FIGURES = ("n", "hits", "ups", "profit", "cost", "n_fills")
Sums = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Stretch:
    """A year, a fold or the whole run; `first` and `last` are positions among the view's sessions."""

    name: str
    group: str
    first: int
    last: int


@dataclass(frozen=True)
class TickerRow:
    """A ticker of the table; `name` is that of its file, `cells` are what it did in the whole run."""

    ticker: str
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class TickerView:
    """What the page shows of each ticker.

    Parameters
    ----------
    heads : sequence of str
        Of the table's columns after the ticker.
    rows : sequence of TickerRow
        By ticker.
    stretches : sequence of Stretch
        The whole run first.
    reading : str
        How to read the chart and the table.
    n_hidden : int
        Headlines of the run's folder that the page leaves out.
    scripts : mapping of file name to content
        Of the folder `tickers` beside the page.
    """

    heads: Sequence[str]
    rows: Sequence[TickerRow]
    stretches: Sequence[Stretch]
    reading: str
    n_hidden: int
    scripts: Mapping[str, str]

    @cached_property
    def groups(self) -> Mapping[str, Sequence[tuple[int, Stretch]]]:
        """The numbered stretches by group, in their order."""
        groups: dict[str, list[tuple[int, Stretch]]] = {}
        for number, stretch in enumerate(self.stretches):
            groups.setdefault(stretch.group, []).append((number, stretch))
        return groups


def build_tickers(run: RunReport) -> TickerView | None:
    """Return the ticker view of a run, or None where the run left no bars, as those of before 0.4 did.

    Parameters
    ----------
    run : RunReport
        `bars` is needed; forecasts, fills, profits and headlines are shown as far as there are some.
    """
    if run.bars is None or run.bars.empty:
        return None
    frames = build_frames(run, run.bars)
    axes = frames.axes
    has_account = run.fills is not None and run.profits is not None
    stretches = _stretches(frames)
    sums = _sums_by_session(run, axes)
    figures = [_between(sums, stretch) for stretch in stretches]
    files, n_hidden = ticker_files(frames)
    horizon = parse_label(str(run.settings.get("label", "open_to_close")))
    sessions = {
        "days": axes.days.tolist(),
        "horizon": horizon,
        "account": has_account,
        "stretches": [[stretch.first, stretch.last, stretch.name] for stretch in stretches],
        "figures": [_rounded(part) for part in figures],
    }
    return TickerView(
        heads=("Profit", *RECORD_HEADS, "Costs", "Fills") if has_account else RECORD_HEADS,
        rows=[
            TickerRow(wording.text(ticker, limit=40), file_name(ticker), cells)
            for ticker, cells in zip(axes.tickers, _cells(figures[0], has_account=has_account), strict=True)
        ],
        stretches=stretches,
        reading=text.reading(horizon, has_account=has_account, has_live=run.ledger_forecasts is not None),
        n_hidden=n_hidden,
        scripts={SESSIONS_FILE: script_call("stockseqSessions", sessions), **files},
    )


def ticker_scripts(view: TickerView | None, folder: Path) -> dict[str, str]:
    """Return what must lie beside a page with this view, by path, and remove what a page drawn before left there."""
    scripts = {} if view is None else {f"{FOLDER}/{name}": content for name, content in view.scripts.items()}
    for path in (folder / FOLDER).glob("*.js"):
        if f"{FOLDER}/{path.name}" not in scripts:
            path.unlink()
    if view is None:
        return {}
    vendor = "vendor/lightweight-charts"
    library = {
        "lightweight-charts.js": asset(f"{vendor}/lightweight-charts.js"),
        "lightweight-charts.LICENSE.txt": f"{asset(f'{vendor}/NOTICE')}\n{asset(f'{vendor}/LICENSE')}",
    }
    ours = {name: asset(name) for name in ("ticker_chart.js", "tickers.js")}
    return {**ours, **library, **scripts}


def _stretches(frames: HistoryFrames) -> list[Stretch]:
    """Return the whole run, its years and its folds."""
    days = frames.axes.sessions
    whole = Stretch("All sessions", "", 0, len(days) - 1)
    positions = pd.Series(range(len(days)))
    years = positions.groupby(days.year).agg(["first", "last"])
    of_years = [Stretch(str(year), "Years", *bounds) for year, *bounds in years.itertuples()]
    forecasts = frames.forecasts
    if "fold" not in forecasts or forecasts["fold"].isna().all():
        return [whole, *of_years]
    folds = forecasts.groupby("fold")["session"].agg(["min", "max"])
    of_folds = [
        Stretch(
            f"Fold {int(number)}: {wording.session(first)} to {wording.session(last)}",
            "Folds",
            *(int(position) for position in days.get_indexer(pd.DatetimeIndex([first, last]))),
        )
        for number, first, last in folds.itertuples()
    ]
    return [whole, *of_years, *of_folds]


def _sums_by_session(run: RunReport, axes: Axes) -> Sums:
    """Return each of `FIGURES` of every ticker, summed up to each session; arrays (n_tickers, 1 + n_sessions)."""
    shape = (len(axes.tickers), 1 + len(axes.days))
    daily = {name: np.zeros(shape) for name in FIGURES}
    if run.out_of_sample is not None:
        rows = axes.locate(mark_hits(run.out_of_sample))
        for name, values in (("n", 1.0), ("hits", rows["hit"]), ("ups", rows["up"])):
            np.add.at(daily[name], (rows["ticker_at"], 1 + rows["at"]), values)
    if run.fills is not None and run.profits is not None:
        fills, profits = axes.locate(run.fills), axes.locate(run.profits)
        np.add.at(daily["profit"], (profits["ticker_at"], 1 + profits["at"]), profits["profit"])
        for name, values in (("cost", fills["cost"]), ("n_fills", 1.0)):
            np.add.at(daily[name], (fills["ticker_at"], 1 + fills["at"]), values)
    return {name: values.cumsum(axis=1) for name, values in daily.items()}


def _between(sums: Sums, stretch: Stretch) -> Sums:
    return {name: values[:, stretch.last + 1] - values[:, stretch.first] for name, values in sums.items()}


def _rounded(figures: Sums) -> list[list[float]]:
    """Return the figures of a stretch, a row a ticker, amounts to a cent."""
    whole = [figures[name].astype(int).tolist() for name in ("n", "hits", "ups", "n_fills")]
    money = [figures[name].round(2).tolist() for name in ("profit", "cost")]
    n, hits, ups, n_fills = whole
    return [list(row) for row in zip(n, hits, ups, *money, n_fills, strict=True)]


def _cells(figures: Sums, *, has_account: bool) -> list[list[Cell]]:
    """Return the table's cells of a stretch, a row a ticker; the page's script words other stretches alike."""
    rows = []
    for n, hits, ups, profit, cost, n_fills in _rounded(figures):
        rose = ups / n if n else None
        record = [
            cell(hits / n if n else None, wording.percent),
            cell(None if rose is None else max(rose, 1 - rose), wording.percent),
            cell(int(n), wording.count),
        ]
        earned = cell(profit if n_fills or profit else None, lambda value: wording.number(value, digits=0, signed=True))
        traded = [cell(cost, wording.count), cell(int(n_fills), wording.count)]
        rows.append([earned, *record, *traded] if has_account else record)
    return rows
