"""Headlines from a text file of any size: the same rows, counts and notes as from a file read whole, in batches.

The file is read once, to the end, before a row is handed on: what is wrong with its last line is known before anything
is stored, and so are the share of midnights and what else only the whole column tells. What is wanted of it is kept
meanwhile in a temporary file.
"""

import re
import tempfile
import weakref
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stockseq.errors import SourceError
from stockseq.progress import SILENT, Progress
from stockseq.schemas import Dropped, as_headlines, capitals_note, valid_ticker
from stockseq.sessions import TradingCalendar
from stockseq.sources.files.csv_batches import CsvBatches, NotInBatches
from stockseq.sources.files.delimited import SWALLOWED
from stockseq.sources.files.headlines import REPEATED, STAGE, HeadlinesFile
from stockseq.sources.files.instants import measure_column
from stockseq.sources.files.layouts import (
    HEADLINE_COLUMNS,
    HEADLINE_EXTRAS,
    NO_TICKER,
    find_column,
    holds_headlines,
    is_one_ticker,
    plain,
    rename_columns,
    require_mapped,
)
from stockseq.sources.files.source import build_headlines_file, source_name
from stockseq.sources.files.stamp_facts import ColumnFacts
from stockseq.sources.files.tables import DELIMITED, Table, guessed_encoding_note, holds_zero_bytes, reading
from stockseq.sources.settings import FilesSettings

MEGABYTE: Final = 2**20
# Rows measured at a time, and rows of one commit.
N_MEASURED, N_COMMITTED = 100_000, 100_000
# How many wanted rows have been read by now, and what the last of them hold.
Batch = tuple[int, HeadlinesFile]


class _Kept:
    """A temporary file that goes with whoever holds it."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self.file.close)


@dataclass(frozen=True)
class _Scan:
    """What a whole file holds, and where the rows that are wanted of it lie."""

    kept: _Kept
    n_wanted: int
    facts: ColumnFacts
    tickers: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


class HeadlineStream:
    """One large file of headlines; `open_headline_stream` makes it.

    Attributes
    ----------
    tickers : tuple of str
        All that the file lists, sorted.
    notes : tuple of str
        What the user should know of the file.
    dropped : tuple of Dropped
        What was left out so far: complete after the last batch.
    n_rows : int
        That are wanted of the file, usable or not.
    source : str
        Written in each row.
    """

    def __init__(self, path: Path, settings: FilesSettings, scan: _Scan, *, now: pd.Timestamp, complete: bool) -> None:
        self._path, self._settings, self._scan, self._now = path, settings, scan, now
        self._complete = complete
        self.tickers = scan.tickers
        self.n_rows = scan.n_wanted
        self.source = source_name(settings)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._count(scan.dropped)
        # Of no row: what the whole column says, and whether it can be read at all.
        none = self._build(pd.DataFrame({name: pd.Series(dtype="str") for name in HEADLINE_COLUMNS}))
        self.notes = (*scan.notes, *none.notes)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What was left out so far."""
        return tuple(Dropped(*key, n) for key, n in sorted(self._counts.items()))

    def batches(self) -> Iterator[Batch]:
        """Yield how many rows have been read, and what the last of them hold; a headline in an earlier batch repeats.

        Raises
        ------
        SourceError
            At the end, if no row of the whole file is a headline.
        """
        n_read = n_headlines = 0
        seen = [_Seen(), _Seen()]
        for frame in self._frames():
            read = self._build(frame)
            rows = read.headlines
            keys = [rows["headline_id"]]
            if "id" in frame:
                # Without ids of its own the first says as much as both.
                keys.append(
                    rows["ticker"] + "\n" + rows["text"] + "\n" + rows["published_at"].astype("int64").astype("str")
                )
            hashes = [pd.util.hash_array(key.to_numpy(dtype=object), categorize=False) for key in keys]
            repeated = np.logical_or.reduce([known.add(few) for known, few in zip(seen, hashes, strict=False)])
            for ticker, n in rows["ticker"][repeated].value_counts().items():
                self._counts[STAGE, str(ticker), REPEATED] += int(n)
            self._count(read.dropped)
            kept = as_headlines(rows[~repeated]) if repeated.any() else rows
            n_read += len(frame)
            n_headlines += len(kept)
            yield n_read, replace(read, headlines=kept)
        if self._complete and not n_headlines:
            reasons = sorted({drop.reason for drop in self.dropped if drop.stage == STAGE and drop.reason != NO_TICKER})
            raise SourceError(f"{self._path} holds no usable headline: {'; '.join(reasons)}.")

    def _frames(self) -> Iterator[pd.DataFrame]:
        if not self.n_rows:
            return
        self._scan.kept.file.seek(0)
        parts: list[pa.RecordBatch] = []
        for batch in pa.ipc.open_stream(self._scan.kept.file):
            parts.append(batch)
            if sum(map(len, parts)) >= N_COMMITTED:
                yield _frame(parts)
                parts = []
        if parts:
            yield _frame(parts)

    def _build(self, frame: pd.DataFrame) -> HeadlinesFile:
        table = Table(self._path, frame, ())
        return build_headlines_file(table, self._settings, now=self._now, facts=self._scan.facts)

    def _count(self, dropped: Collection[Dropped]) -> None:
        for drop in dropped:
            self._counts[drop.stage, drop.ticker, drop.reason] += drop.n_rows


def open_headline_stream(
    path: Path,
    settings: FilesSettings,
    *,
    now: pd.Timestamp,
    tickers: Sequence[str] = (),
    progress: Progress = SILENT,
) -> HeadlineStream | None:
    """Read a large file of headlines once; None for a file that is to be read whole.

    In batches are read delimited texts above `files.stream_above_mb` that hold headlines, name one ticker a row in a
    column of that name, and don't say when a headline was first seen: of two that are the same, that decides.

    Parameters
    ----------
    path : Path
    settings : FilesSettings
    now : Timestamp, tz-aware
        Later stamps are left out.
    tickers : sequence of str
        Wanted; none is all.
    progress : Progress, default=SILENT

    Raises
    ------
    SourceError
        As for a file read whole.
    """
    if path.suffix.lower() not in DELIMITED or not path.is_file():
        return None
    if path.stat().st_size <= settings.stream_above_mb * MEGABYTE:
        return None
    zone = TradingCalendar.until(now, exchange=settings.exchange).timezone
    spill = partial(_Spill, frozenset(tickers), partial(measure_column, exchange_timezone=zone, preset=settings.preset))
    with reading(path, settings.encoding):
        scan = _scan_any(path, settings, spill, progress)
    return None if scan is None else HeadlineStream(path, settings, scan, now=now, complete=not tickers)


def _scan_any(path: Path, settings: FilesSettings, spill: "partial[_Spill]", progress: Progress) -> _Scan | None:
    """Read a file in its encoding, or in Windows-1252 where it isn't UTF-8."""
    scan = partial(_scan, path, settings, make_spill=spill, progress=progress)
    try:
        if settings.encoding is not None:
            return scan(settings.encoding)
        try:
            return scan("utf-8-sig")
        except UnicodeDecodeError:
            if holds_zero_bytes(path):
                raise
            found = scan("cp1252")
            return None if found is None else replace(found, notes=(guessed_encoding_note(path), *found.notes))
    except NotInBatches:
        return None


def _scan(
    path: Path, settings: FilesSettings, encoding: str, *, make_spill: "partial[_Spill]", progress: Progress
) -> _Scan | None:
    total = path.stat().st_size // MEGABYTE + 1
    task = f"Reading {path.name} (MB)"
    batches = CsvBatches(path, encoding)
    names = _names(path, batches.columns, settings)
    if names is None:
        return None
    spill = make_spill(list(names))
    for batch in batches:
        spill.add(batch.select(list(names.values())).rename_columns(list(names)))
        progress.step(task, batches.n_bytes // MEGABYTE, total)
    progress.step(task, total, total)
    renamed = rename_columns(
        _header_of(path, batches.columns), HEADLINE_COLUMNS, HEADLINE_EXTRAS, mapping=settings.mapping
    )
    notes = (*batches.notes, *renamed.notes)
    dropped = (Dropped("read file", "?", SWALLOWED, batches.n_swallowed),) if batches.n_swallowed else ()
    return spill.close(path, notes, dropped)


def _names(path: Path, columns: Sequence[str], settings: FilesSettings) -> dict[str, str] | None:
    """Return our column name to the file's; None where the file is to be read whole."""
    header = _header_of(path, columns)
    require_mapped(header, settings.columns)
    if not holds_headlines(columns, settings.mapping):
        return None
    mapping = {
        ours: theirs for ours, theirs in settings.mapping.items() if ours in (*HEADLINE_COLUMNS, *HEADLINE_EXTRAS)
    }
    names = {ours: find_column(ours, columns, mapping) for ours in (*HEADLINE_COLUMNS, *HEADLINE_EXTRAS)}
    if names["ticker"] is None or plain(names["ticker"]) == "name" or names["first_seen_at"] is not None:
        return None
    # Here and not after hours: a column may be missing.
    rename_columns(header, HEADLINE_COLUMNS, HEADLINE_EXTRAS, mapping=settings.mapping)
    return {ours: theirs for ours, theirs in names.items() if theirs is not None}


def _header_of(path: Path, columns: Sequence[str]) -> Table:
    return Table(path, pd.DataFrame([["X"] * len(columns)], columns=list(columns)), ())


@dataclass
class _Spill:
    """Takes a file's batches under our names: counts all rows, and keeps those of the tickers that are wanted."""

    wanted: frozenset[str]
    measure: "partial[ColumnFacts]"
    names: list[str]
    facts: ColumnFacts = field(default_factory=ColumnFacts)
    cells: Counter[str] = field(default_factory=Counter)
    n_kept: int = 0
    _parts: list[pa.RecordBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kept = _Kept()
        schema = pa.schema([(name, pa.string()) for name in self.names])
        self._writer = pa.ipc.new_stream(self._kept.file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch."""
        self._parts.append(batch)
        if sum(map(len, self._parts)) >= N_MEASURED:
            self._flush()

    def close(self, path: Path, notes: Sequence[str], dropped: Sequence[Dropped]) -> _Scan:
        """Return what the file held; raise `NotInBatches` where the tickers tell that it is to be read whole."""
        self._flush()
        self._writer.close()
        n_rows = sum(self.cells.values())
        if not n_rows:
            raise SourceError(f"{path} has no rows.")
        nameless = self.cells.pop("", 0)
        if not self.cells:
            raise SourceError(f"{path}: not one of {n_rows:,} row{'' if n_rows == 1 else 's'} names a ticker.")
        if all(re.fullmatch(r"[A-Za-z0-9.-]+\.US", cell, re.IGNORECASE) for cell in self.cells):
            raise NotInBatches
        valid = [cell for cell in self.cells if valid_ticker(cell)]
        note = capitals_note(valid)
        n_invalid = sum(n for cell, n in self.cells.items() if not valid_ticker(cell))
        left_out = {NO_TICKER: nameless, "not a ticker": n_invalid}
        return _Scan(
            self._kept,
            self.n_kept,
            self.facts,
            tuple(sorted({cell.upper() for cell in valid})),
            (*dropped, *(Dropped(STAGE, "?", reason, n) for reason, n in left_out.items() if n)),
            (*notes, f"{path.name}: {note}") if note else tuple(notes),
        )

    def _flush(self) -> None:
        if not self._parts:
            return
        rows = pa.Table.from_batches(self._parts).combine_chunks()
        self._parts = []
        encoded = pc.utf8_trim_whitespace(rows["ticker"]).combine_chunks().dictionary_encode()
        cells: list[str] = encoded.dictionary.to_pylist()
        index = encoded.indices.to_numpy()
        for cell, n in zip(cells, np.bincount(index, minlength=len(cells)).tolist(), strict=True):
            if cell not in self.cells and not is_one_ticker(cell):
                raise NotInBatches
            self.cells[cell] += n
        self._measure(rows["published_at"].filter(pa.array(np.array([cell != "" for cell in cells])[index])))
        names = [cell.upper() if valid_ticker(cell) else None for cell in cells]
        is_wanted = [name is not None and (not self.wanted or name in self.wanted) for name in names]
        kept = pa.array(np.array(is_wanted)[index])
        tickers = pa.array(names, pa.string()).take(encoded.indices)
        found = rows.set_column(rows.column_names.index("ticker"), "ticker", tickers).filter(kept)
        self.n_kept += len(found)
        self._writer.write_table(found, max_chunksize=N_COMMITTED)

    def _measure(self, stamps: pa.ChunkedArray) -> None:
        encoded = stamps.combine_chunks().dictionary_encode()
        distinct = encoded.dictionary.to_pandas().astype("str")
        if len(distinct):
            weights = np.bincount(encoded.indices.to_numpy(), minlength=len(distinct))
            self.facts += self.measure(distinct, weights=weights)


class _Seen:
    """Hashes that have come, in a few sorted arrays: eight bytes each, where a set takes a hundred."""

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.uint64]] = []

    def add(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Return which of the hashes came in an earlier call, and take all."""
        found = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[at] == hashes
        if len(hashes):
            self._runs.append(np.sort(hashes))
        if len(self._runs) > 8:
            self._runs = [np.sort(np.concatenate(self._runs))]
        return found


def _frame(parts: Sequence[pa.RecordBatch]) -> pd.DataFrame:
    frame: pd.DataFrame = pa.Table.from_batches(parts).to_pandas()
    return frame.astype("str")
