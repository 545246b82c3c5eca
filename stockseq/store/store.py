"""The store: every table of stockseq under one data root, one commit a call; a repeated call changes nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from stockseq.market import MarketData
from stockseq.schemas import NUMBER, Actions, Bars, Headlines, empty, known_by
from stockseq.sessions import TradingCalendar
from stockseq.store import durability, predicates
from stockseq.store.appends import Appended, arrange, new_vintages, unstored
from stockseq.store.delta import Change, DeltaFile
from stockseq.store.derived import replacement, require_same_columns
from stockseq.store.lease import RUN_LOCK, RUN_LOCK_CONFIGURATION, TERMS, Lease, LeaseTerms, hold_lease, read_lease
from stockseq.store.root import claim, local_folder, lock, lock_path, read_holder
from stockseq.store.tables import ARROW_TYPES, TABLES, Table

# The tables that a forecast is made from; all others follow from them.
INPUTS = ("bars", "actions", "headlines")
# Of the incoming rows, given the stored ones around them, those to write.
Pick = Callable[[pd.DataFrame, pd.DataFrame, Table], pd.DataFrame]


class Store:
    """The tables of one data root, as `TABLES` lists them.

    Every write is one Delta commit, made on the newest snapshot and anew if another process came first; a repeated
    write adds nothing. Local commits are forced onto the disk, and a last commit that a power cut tore is undone when
    the store is opened. Frames have the dtypes of `schemas.py`.

    Parameters
    ----------
    root : str or Path
        A local folder, created where it is missing, or any URL that deltalake knows, such as s3://bucket/prefix.
    storage_options : mapping or None, default=None
        Handed to deltalake: credentials, region, endpoint.
    create : bool, default=True
        Whether a local folder becomes a store where it is none yet; else that is an error.

    Raises
    ------
    StoreError
        If the root is a file, can't be created, or is a folder with other things in it.

    Examples
    --------
    >>> import tempfile
    >>> from stockseq.schemas import as_bars
    >>> bars = as_bars(pd.DataFrame({"ticker": "AAPL", "session": pd.to_datetime(["2024-02-05"]), "open": 10.0,
    ...     "high": 11.0, "low": 9.0, "close": 10.5, "volume": 1e6, "source": "files",
    ...     "fetched_at": pd.Timestamp("2024-02-06", tz="UTC")}))
    >>> store = Store(tempfile.mkdtemp())
    >>> store.append_vintages("bars", bars), store.append_vintages("bars", bars)
    (<Appended: 1 row to bars>, <Appended: 0 rows to bars>)
    >>> store.bars(["AAPL"])["close"].tolist()
    [10.5]
    """

    def __init__(
        self, root: str | Path, *, storage_options: Mapping[str, str] | None = None, create: bool = True
    ) -> None:
        self.root = str(root).rstrip("/") or "/"
        self.storage_options = storage_options
        # Where runs and model bundles lie beside the tables; None for a URL.
        self.folder = local_folder(self.root)
        self._lease: Lease | None = None
        if self.folder is not None:
            claim(self.folder, create=create)
            self._undo_torn_commits()

    def __repr__(self) -> str:
        return f"Store({self.root!r})"

    def lock(self, *, terms: LeaseTerms = TERMS) -> AbstractContextManager[object]:
        """Hold the store for one run: `with store.lock(): ...`; raise `StoreBusy` at once if another run holds it.

        A local folder's lock is the operating system's, which releases it however the process ends. A URL is held by a
        lease, too, against runs on other machines: it is renewed while the run lives, and a run that loses it, or dies,
        writes nothing more.

        Parameters
        ----------
        terms : LeaseTerms, optional
            How long a lease lasts: five minutes from each renewal.
        """
        path = lock_path(self.root, self.folder)
        return lock(path, self.root) if self.folder is not None else self._lock_url(path, terms)

    def holder(self) -> str | None:
        """Return who holds the store for a run, a sentence with what to do; None where nobody does."""
        holder = read_holder(lock_path(self.root, self.folder))
        if holder is not None or self.folder is not None:
            return holder
        return read_lease(self._lease_file, now=_clock())

    @contextmanager
    def _lock_url(self, path: Path, terms: LeaseTerms) -> Iterator[None]:
        token = uuid4().hex
        with (
            lock(path, self.root) as run_lock,
            hold_lease(self._lease_file, token=token, ended=run_lock.earlier_token, terms=terms, clock=_clock) as lease,
        ):
            run_lock.note(token)
            self._lease = lease
            try:
                yield
            finally:
                self._lease = None

    @property
    def _lease_file(self) -> DeltaFile:
        return DeltaFile(
            RUN_LOCK,
            f"{self.root}/{RUN_LOCK.name}",
            folder=None,
            storage_options=self.storage_options,
            configuration=RUN_LOCK_CONFIGURATION,
        )

    def append(self, table: str, frame: pd.DataFrame, *, alike: str | None = None) -> Appended:
        """Add the rows whose key is not stored yet, in one commit; return those.

        Parameters
        ----------
        table : str
            A table whose rows are never changed; `bars` and `actions` go through `append_vintages`.
        frame : DataFrame
            The table's columns in any order, one row per key.
        alike : str, optional
            A column of text that is part of what the key was made of, so that a stored row of the same key has the same
            text there: then few stored rows are looked through.

        Returns
        -------
        Appended
            The rows really written; none makes no commit.

        Raises
        ------
        DataError
            If the columns, types or keys are not the table's.
        StoreError
            If a key is stored with other content (`scores`, `models`, `forecasts`, `outcomes`; `headlines` and `trials`
            keep the row that came first), or the store can't be written.
        """
        spec = _table(table)
        if spec.rule == "vintages":
            return self.append_vintages(table, frame)
        if spec.rule == "derived":
            raise ValueError(f"`{table}` is derived: write it with `replace`.")
        if alike is None:
            return self._add(spec, frame, unstored)
        if spec.rule != "keep_first":
            raise ValueError(f"Only of a table that keeps what came first, such as `headlines`, not of `{table}`.")
        return self._add(spec, frame, unstored, alike=alike)

    def append_vintages(self, table: str, frame: pd.DataFrame) -> Appended:
        """Add the bars or actions that are new or differ from their newest vintage, in one commit; return those.

        A row differs when any number is more than 1e-6 of the stored one away from it; it is compared with the newest
        vintage at or before its own `fetched_at`. Errors are those of `append`; other content at the same `fetched_at`
        is a `StoreError`, because neither would be the newer one.
        """
        spec = _table(table)
        if spec.rule != "vintages":
            raise ValueError(f"Only `bars` and `actions` have vintages, not `{table}`.")
        return self._add(spec, frame, new_vintages)

    def replace(self, table: str, frame: pd.DataFrame) -> int:
        """Put rebuilt rows of one feature set in place of the stored ones, in one commit.

        For each ticker, the stored rows from its first to its last given session are replaced. What is the same bit for
        bit is not written again.

        Returns
        -------
        int
            Rows that were new, changed or gone; 0 makes no commit.

        Raises
        ------
        ValueError
            If the table is not derived, or the frame holds more than one feature set.
        StoreError
            If the stored rows of this feature set have other columns: a changed set needs a new name.
        """
        spec = _derived(table)
        rebuilt = spec.check(frame)
        if rebuilt.empty:
            return 0
        names = rebuilt["feature_set"].unique()
        if len(names) > 1:
            raise ValueError(f"`replace` takes one feature set a call, received {list(names)}.")
        of_this_set = predicates.text_in("feature_set", names)
        n_changed = 0

        def change(snapshot: DeltaTable | None) -> Change | None:
            nonlocal n_changed
            stored = self._frame(spec, snapshot, predicates.surroundings(rebuilt, spec))
            require_same_columns(spec, rebuilt, stored)
            swap = replacement(rebuilt, stored.reindex(columns=rebuilt.columns))
            n_changed = swap.n_changed
            cleared = None if swap.box is None else f"{of_this_set} AND {predicates.in_box(*swap.box)}"
            return (spec.to_arrow(spec.check(swap.rows)), cleared) if n_changed else None

        self._file(spec).commit(change)
        return n_changed

    def read(
        self,
        table: str,
        *,
        tickers: Sequence[str] | None = None,
        as_of: pd.Timestamp | None = None,
        where: Mapping[str, str] | None = None,
        columns: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Return rows sorted by key (headlines: by ticker and publication); of bars and actions the newest vintages.

        Parameters
        ----------
        table : str
            One of `TABLES`.
        tickers : sequence or None, default=None
            Only these; None is all.
        as_of : Timestamp or None, tz-aware, default=None
            Only what was known at this instant: fetched, first seen (published, where that is missing), made or scored
            at it or before.
        where : mapping of column to text or None, default=None
            Only rows that hold this text, such as {"feature_set": "default-2"}.
        columns : sequence or None, default=None
            Only these columns.
        version : int or None, default=None
            An older version of the table, as `versions` named it.

        Returns
        -------
        DataFrame
            No rows where nothing was written yet. Columns that belong to other feature sets are left out.
        """
        spec = _table(table)
        wanted = predicates.conditions(spec, tickers, as_of, where)
        rows = self._frame(spec, self._file(spec).open(version), wanted, columns)
        rows = arrange(rows, spec)
        return rows[list(columns)] if columns is not None else rows

    def count(self, table: str, column: str = "ticker", *, as_of: pd.Timestamp | None = None) -> dict[str, int]:
        """Return how many rows hold each text of a column, in bounded memory; `as_of` as in `read`."""
        spec = _table(table)
        file = self._file(spec)
        snapshot = file.open()
        counts: Counter[str] = Counter()
        if snapshot is not None:
            for batch in file.batches(snapshot, predicates.conditions(spec, None, as_of, None), [column]):
                pairs = batch.column(column).cast(pa.string()).value_counts().to_pylist()
                counts.update({pair["values"]: pair["counts"] for pair in pairs})
        return dict(counts)

    def bars(self, tickers: Sequence[str] | None = None, *, as_of: pd.Timestamp | None = None) -> Bars:
        """Return the newest vintage of each bar, sorted by ticker and session; `as_of` as in `read`."""
        return Bars(self.read("bars", tickers=tickers, as_of=as_of))

    def actions(self, tickers: Sequence[str] | None = None, *, as_of: pd.Timestamp | None = None) -> Actions:
        """Return the newest vintage of each action, sorted by ticker, session and kind; `as_of` as in `read`."""
        return Actions(self.read("actions", tickers=tickers, as_of=as_of))

    def headlines(self, tickers: Sequence[str] | None = None, *, as_of: pd.Timestamp | None = None) -> Headlines:
        """Return the headlines, sorted by ticker and publication; `as_of` as in `read`."""
        rows = self.read("headlines", tickers=tickers, as_of=as_of)
        return Headlines(rows.assign(known_by=known_by(rows), summary=rows["summary"].fillna("")))

    def market(
        self, calendar: TradingCalendar, *, tickers: Sequence[str] | None = None, as_of: pd.Timestamp
    ) -> MarketData:
        """Return what was known of these tickers at `as_of` (tz-aware), each table read once; None is all tickers.

        Examples
        --------
        >>> import tempfile
        >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
        >>> Store(tempfile.mkdtemp()).market(calendar, as_of=pd.Timestamp("2024-02-07 22:00", tz="UTC"))
        <MarketData: 0 bars of 0 tickers, 0 actions, 0 headlines, as of 2024-02-07 22:00 UTC>
        """
        return MarketData(
            bars=self.bars(tickers, as_of=as_of),
            actions=self.actions(tickers, as_of=as_of),
            headlines=self.headlines(tickers, as_of=as_of),
            calendar=calendar,
            now=as_of,
        )

    def version(self, table: str) -> int | None:
        """Return the newest version of a table, or None where nothing was written yet."""
        snapshot = self._file(_table(table)).open()
        return None if snapshot is None else snapshot.version()

    def versions(self) -> dict[str, int]:
        """Return the newest version of each table that exists, for a run to note and a later `read` to name."""
        found = {table: self.version(table) for table in TABLES}
        return {table: version for table, version in found.items() if version is not None}

    def data_version(self) -> str:
        """Return 16 hexadecimal digits that name the content of bars, actions and headlines, whatever its order."""
        digest = hashlib.sha256()
        for name in INPUTS:
            spec = TABLES[name]
            rows = self._frame(spec, self._file(spec).open(), None)
            # So that a store of before there were these columns keeps its name.
            rows = rows.drop(columns=[column for column in spec.added if _tells_nothing(rows[column])])
            hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy() if len(rows) else np.array([], "uint64")
            digest.update(f"{name} {len(hashes)} ".encode() + np.sort(hashes).astype("<u8").tobytes())
        return digest.hexdigest()[:16]

    def rewrites(self, table: str, *, clock: pd.Timestamp | None = None) -> list[str]:
        """Return what a table's log holds beyond commits that add rows or rearrange files, oldest first.

        With the machine's `clock` (tz-aware), also the commits that are dated a day after it or later.
        """
        return self._file(_table(table)).rewrites(clock=clock)

    def compact(self, *, retention_hours: int = 168, keep_versions: Mapping[str, Sequence[int]] | None = None) -> None:
        """Join small files, and delete those unused for longer than this.

        Parameters
        ----------
        retention_hours : int, default=168
            Files that left the newest version less than this ago are kept.
        keep_versions : mapping of table to versions or None, default=None
            Versions that stay readable all the same; all others older than the retention may stop being so.
        """
        for name, spec in TABLES.items():
            self._file(spec).compact(retention_hours=retention_hours, keep_versions=(keep_versions or {}).get(name, ()))
        if self.folder is None:
            self._lease_file.compact(retention_hours=max(1, min(retention_hours, 24)), keep_versions=())

    def _file(self, spec: Table) -> DeltaFile:
        folder = None if self.folder is None else self.folder / spec.name
        url = f"{self.root}/{spec.name}" if folder is None else str(folder)
        guard = None if self._lease is None else self._lease.require
        return DeltaFile(spec, url, folder=folder, storage_options=self.storage_options, guard=guard)

    def _undo_torn_commits(self) -> None:
        folders = [self.folder / name for name in TABLES] if self.folder is not None else []
        if any(durability.is_torn(folder) for folder in folders):
            with self.lock():
                for folder in folders:
                    durability.undo_torn_commits(folder)

    def _add(self, spec: Table, frame: pd.DataFrame, pick: Pick, *, alike: str | None = None) -> Appended:
        incoming = spec.check(frame)
        if incoming.empty:
            return Appended(spec.name, incoming)
        rows = incoming
        needed = spec.key if spec.rule == "keep_first" else None

        def change(snapshot: DeltaTable | None) -> Change | None:
            nonlocal rows
            if alike is not None:
                rows = self._unstored(spec, snapshot, predicates.reach(incoming, alike), incoming)
            else:
                rows = pick(
                    incoming, self._frame(spec, snapshot, predicates.surroundings(incoming, spec), needed), spec
                )
            return (spec.to_arrow(rows), None) if len(rows) else None

        self._file(spec).commit(change)
        return Appended(spec.name, rows.reset_index(drop=True))

    def _unstored(self, spec: Table, snapshot: DeltaTable | None, near: str, incoming: pd.DataFrame) -> pd.DataFrame:
        """Return the rows whose one key isn't stored: the stored ones are looked through, and never held as a whole."""
        if snapshot is None:
            return incoming
        (key,) = spec.key
        kind = ARROW_TYPES[spec.columns[key]]
        sought = pa.array(incoming[key], kind)
        found = [pa.array([], kind)]
        for batch in self._file(spec).batches(snapshot, near, [key]):
            stored = batch.column(key).cast(kind)
            found.append(stored.filter(pc.is_in(stored, value_set=sought)))
        is_stored = pc.is_in(sought, value_set=pa.concat_arrays(found)).to_numpy(zero_copy_only=False)
        return incoming[~is_stored] if is_stored.any() else incoming

    def _frame(
        self, spec: Table, snapshot: DeltaTable | None, predicate: str | None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        if snapshot is None:
            return empty({**spec.columns, **dict.fromkeys(spec.free_columns(columns or ()), NUMBER)})
        wanted = None if columns is None else list(dict.fromkeys([*columns, *spec.key, *spec.order]))
        rows = self._file(spec).scan(snapshot, predicate, wanted)
        # A column without any value, not even NaN, belongs to another feature set.
        foreign = [name for name in spec.free_columns(rows.column_names) if rows[name].null_count == len(rows)]
        if columns is not None:
            return spec.to_pandas(rows)
        return spec.complete(spec.to_pandas(rows.drop_columns(foreign) if len(rows) else rows))


def _clock() -> datetime:
    return datetime.now(UTC)


def _tells_nothing(column: pd.Series) -> bool:
    """Return whether a later version's column changes nothing: it is empty, or says how an instant is known."""
    return bool(column.name == "known_by" or (column.isna() | (column == "")).all())


def _table(name: str) -> Table:
    if name not in TABLES:
        raise ValueError(f"The store has the tables {list(TABLES)}, not {name!r}.")
    return TABLES[name]


def _derived(name: str) -> Table:
    spec = _table(name)
    if spec.rule != "derived":
        raise ValueError(f"Rows of `{name}` are never replaced; only derived tables are.")
    return spec
