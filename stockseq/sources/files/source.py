"""Bars and headlines from files: CSV, JSON Lines or Parquet, one of each in a folder, or one file alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from stockseq.errors import SourceError
from stockseq.schemas import (
    ACTIONS,
    BARS,
    HEADLINES,
    SESSION,
    Dropped,
    as_actions,
    as_bars,
    as_headlines,
    capitals_note,
    empty,
    valid_ticker,
)
from stockseq.sessions import TradingCalendar
from stockseq.sources.files.bars import NOT_FINAL, BarsFile, build_bars
from stockseq.sources.files.headlines import HeadlinesFile, build_headlines
from stockseq.sources.files.layouts import (
    BAR_COLUMNS,
    BAR_EXTRAS,
    BAR_MARKS,
    HEADLINE_COLUMNS,
    HEADLINE_EXTRAS,
    holds_headlines,
    rename_columns,
    require_mapped,
)
from stockseq.sources.files.stamp_facts import ColumnFacts
from stockseq.sources.files.tables import BAR_NAMES, HEADLINE_NAMES, SUFFIXES, Table, load_table
from stockseq.sources.settings import FilesSettings
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, count_outcomes

NAME = "files"
Rows = TypeVar("Rows", bound=pd.DataFrame)


def read_bars_file(path: Path, settings: FilesSettings, *, now: pd.Timestamp, source: str = NAME) -> BarsFile:
    """Read bars and actions from one file; see `build_bars`."""
    return _build_bars(_load(path, settings), settings, now=now, source=source)


class FilesSource:
    """Serves what the files hold; each file is read once.

    Parameters
    ----------
    settings : FilesSettings
    file : Path, optional
        One file of bars or of headlines (by its columns), in place of the folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     text = "ticker,date,open,high,low,close,volume\\nKOLA,2024-12-02,9,9,9,9,5\\n"
    ...     n_characters = Path(folder, "bars.csv").write_text(text)
    ...     source = FilesSource(FilesSettings(folder=folder))
    ...     fetched = source.fetch_bars({"KOLA": pd.Timestamp("2024-12-01")}, now=pd.Timestamp("2024-12-04", tz="UTC"))
    >>> fetched.outcomes["KOLA"].status, fetched.bars["close"].tolist()
    ('updated', [9.0])
    """

    name = NAME
    # Reading all again costs nothing, and older years may have come since.
    is_local = True

    def __init__(self, settings: FilesSettings | None = None, *, file: Path | None = None) -> None:
        self.settings = settings or FilesSettings()
        self.file = file
        self._bars: dict[pd.Timestamp, BarsFile] = {}
        self._headlines: dict[pd.Timestamp, HeadlinesFile] = {}

    @cached_property
    def tickers(self) -> tuple[str, ...]:
        """All that the files list, sorted."""
        tables = [table for table in (self._bar_table, self._headline_table) if table is not None]
        names = {str(name).strip() for table in tables for name in table.frame["ticker"].unique()}
        return tuple(sorted(name for name in names if valid_ticker(name)))

    def notes(self, now: pd.Timestamp) -> tuple[str, ...]:
        """Return what the user should know of the files: basis, columns ignored, encoding."""
        bars, headlines = self._read_bars(now), self._read_headlines(now)
        return (*(bars.notes if bars else ()), *(headlines.notes if headlines else ()))

    def doubts(self, now: pd.Timestamp) -> tuple[str, ...]:
        """Return what can't be settled from the file of bars alone."""
        bars = self._read_bars(now)
        return bars.doubts if bars else ()

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return the files' bars and actions; see `Source`."""
        read = self._read_bars(now)
        if read is None:
            outcomes = {
                ticker: Outcome(ticker, "nothing_new", reason="There is no file of bars.") for ticker in first_sessions
            }
            return FetchedBars(as_bars(empty(BARS)), as_actions(empty(ACTIONS)), outcomes)
        bars, actions = _since(read.bars, first_sessions), _since(read.actions, first_sessions)
        dropped = tuple(drop for drop in read.dropped if drop.ticker in first_sessions or drop.ticker == "?")
        faulty = {drop.ticker for drop in dropped if not drop.reason.endswith(NOT_FINAL)}
        barless = faulty.intersection(first_sessions).difference(read.bars["ticker"])
        unusable = {ticker: _unusable(ticker, dropped, read.foreign.get(ticker)) for ticker in barless}
        outcomes = self._outcomes(first_sessions, bars) | unusable
        return FetchedBars(bars, actions, outcomes, dropped, read.action_kinds)

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the files' headlines; see `Source`."""
        read = self._read_headlines(now)
        if read is None:
            outcomes = {
                ticker: Outcome(ticker, "nothing_new", reason="There is no file of headlines.") for ticker in tickers
            }
            return FetchedHeadlines(as_headlines(empty(HEADLINES)), outcomes)
        rows = read.headlines[read.headlines["ticker"].isin(tickers)]
        if since is not None:
            rows = rows[rows["published_at"] > since]
        dropped = tuple(drop for drop in read.dropped if drop.ticker in tickers or drop.ticker == "?")
        return FetchedHeadlines(rows.reset_index(drop=True), self._outcomes(tickers, rows), dropped)

    @cached_property
    def _bar_table(self) -> Table | None:
        return self._table(BAR_NAMES, headlines=False)

    @cached_property
    def _headline_table(self) -> Table | None:
        return self._table(HEADLINE_NAMES, headlines=True)

    def _table(self, names: Sequence[str], *, headlines: bool) -> Table | None:
        if self.file is not None:
            return self._single_table if ("headline" in self._single_table.frame) == headlines else None
        folder = Path(self.settings.folder)
        if not any((folder / f"{name}{suffix}").exists() for name in BAR_NAMES + HEADLINE_NAMES for suffix in SUFFIXES):
            raise SourceError(f"{folder} holds no bars or headlines file ({', '.join(SUFFIXES)}); set files.folder.")
        paths = [folder / f"{name}{suffix}" for name in names for suffix in SUFFIXES]
        present = [path for path in paths if path.exists()]
        if len(present) > 1:
            raise SourceError(f"{folder} holds both {present[0].name} and {present[1].name}; leave one of them.")
        return _load(present[0], self.settings) if present else None

    @cached_property
    def _single_table(self) -> Table:
        return _load(Path(str(self.file)), self.settings)

    def _read_bars(self, now: pd.Timestamp) -> BarsFile | None:
        if self._bar_table is not None and now not in self._bars:
            self._bars[now] = _build_bars(self._bar_table, self.settings, now=now, source=NAME)
        return self._bars.get(now)

    def _read_headlines(self, now: pd.Timestamp) -> HeadlinesFile | None:
        if self._headline_table is not None and now not in self._headlines:
            self._headlines[now] = build_headlines_file(self._headline_table, self.settings, now=now)
        return self._headlines.get(now)

    def _outcomes(self, tickers: Iterable[str], rows: pd.DataFrame) -> dict[str, Outcome]:
        ends = " to ".join(dict.fromkeys((*self.tickers[:1], *self.tickers[-1:])))
        unlisted = f"The files don't list it; they list {ends}."
        return count_outcomes(tickers, rows, listed=self.tickers, unlisted=unlisted)


def _unusable(ticker: str, dropped: Sequence[Dropped], foreign: str | None) -> Outcome:
    """Return how a ticker ends of which not one row is a bar: "nothing new" would sound as if all were well."""
    if foreign is not None:
        return Outcome(ticker, "failed", reason=f"{foreign}.")
    reasons = "; ".join(f"{drop.reason} ({drop.n_rows})" for drop in dropped if drop.ticker == ticker)
    return Outcome(ticker, "failed", reason=f"not one of its rows is a usable bar: {reasons}. Mend the file.")


def _build_bars(table: Table, settings: FilesSettings, *, now: pd.Timestamp, source: str) -> BarsFile:
    calendar = TradingCalendar.until(now, exchange=settings.exchange)
    return build_bars(
        table,
        basis=settings.basis,
        source=source,
        now=now,
        calendar=calendar,
        decimal=settings.decimal,
        date_order=settings.date_order,
    )


def source_name(settings: FilesSettings) -> str:
    """Return what is written in each row of headlines: whose clocks were put right."""
    return NAME if settings.preset == "none" else f"{NAME}:{settings.preset}"


def build_headlines_file(
    table: Table, settings: FilesSettings, *, now: pd.Timestamp, facts: ColumnFacts | None = None
) -> HeadlinesFile:
    """Return a table's headlines by the settings; `facts` and errors are those of `build_headlines`."""
    zone = TradingCalendar.until(now, exchange=settings.exchange).timezone
    read = build_headlines(
        table,
        timezone=settings.timezone,
        exchange_timezone=zone,
        source=source_name(settings),
        now=now,
        preset=settings.preset,
        facts=facts,
    )
    return replace(read, dropped=(*table.dropped, *read.dropped))


def _load(path: Path, settings: FilesSettings) -> Table:
    table = load_table(path, encoding=settings.encoding)
    require_mapped(table, settings.columns)
    if holds_headlines([str(column) for column in table.frame.columns], settings.mapping):
        return _in_capitals(rename_columns(table, HEADLINE_COLUMNS, HEADLINE_EXTRAS, mapping=settings.mapping))
    return _in_capitals(rename_columns(table, BAR_COLUMNS, (*BAR_EXTRAS, *BAR_MARKS), mapping=settings.mapping))


def _in_capitals(table: Table) -> Table:
    """Return the table with every ticker as Yahoo writes it, and "" where a row has none."""
    tickers = table.frame["ticker"].astype("str").str.strip().fillna("")
    distinct = tickers.unique()
    capitals = {name: name.upper() for name in distinct if valid_ticker(name)}
    note = capitals_note(capitals)
    names = {name: capitals.get(name, name) for name in distinct}
    notes = (*table.notes, f"{table.path.name}: {note}") if note else table.notes
    return replace(table, frame=table.frame.assign(ticker=tickers.map(names).astype(tickers.dtype)), notes=notes)


def _since(rows: Rows, first_sessions: Mapping[str, pd.Timestamp]) -> Rows:
    first = rows["ticker"].map(dict(first_sessions)).astype(SESSION)
    return rows[rows["session"] >= first].reset_index(drop=True)
