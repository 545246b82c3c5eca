"""One Delta table of the store: open, scan and commit, with delta-rs's errors put in one sentence."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from stockseq.errors import StoreError
from stockseq.store import durability
from stockseq.store.commit_log import find_rewrites
from stockseq.store.tables import Table

# Old versions stay readable until `compact` drops them: a backtest names the versions that it read.
CONFIGURATION = {"delta.enableExpiredLogCleanup": "false", "delta.logRetentionDuration": "interval 36500 days"}
# Two commits that both carry this application's transaction conflict, so a writer never acts on rows it has not seen.
APPLICATION = "stockseq"
# Of each commit, to know it again where the answer to it was lost.
MARK = "stockseq.commit"
ATTEMPTS = 20
# Small enough that a replaced year rewrites little else.
FILE_SIZE = 32 * 1024 * 1024
REMEDY = "If files of it were lost or changed, put it back from a copy of the store."

# What to commit on a snapshot: the rows, and the predicate whose rows they replace (None appends).
Change = tuple[pa.Table, str | None]


class DeltaFile:
    """One table at one URL or folder.

    Parameters
    ----------
    table : Table
        Its columns and rules.
    url : str
        The folder or URL of this table.
    folder : Path or None
        The same as a path where the table is local.
    storage_options : mapping or None
        Handed to deltalake.
    configuration : mapping
        Of the table, when it is created.
    guard : callable, optional
        Called before each commit; where it raises, nothing is written.
    """

    def __init__(
        self,
        table: Table,
        url: str,
        *,
        folder: Path | None,
        storage_options: Mapping[str, str] | None,
        configuration: Mapping[str, str] = CONFIGURATION,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self.table = table
        self.url = url
        self.folder = folder
        self.storage_options = dict(storage_options) if storage_options else None
        self.configuration = dict(configuration)
        self._require_writable = guard or (lambda: None)

    def open(self, version: int | None = None) -> DeltaTable | None:
        """Return a snapshot, the newest by default, or None where the table has no rows yet."""
        with self._report_errors("read"):
            try:
                snapshot = DeltaTable(self.url, version=version, storage_options=self.storage_options)
            except TableNotFoundError:
                return None
            fields = {field.name: field.type for field in pa.schema(snapshot.schema().to_arrow())}
        self._require_columns(fields)
        return snapshot

    def _require_columns(self, fields: Mapping[str, pa.DataType]) -> None:
        expected = {
            field.name: field.type
            for field in self.table.arrow_schema()
            if field.name in fields or field.name not in self.table.added
        }
        wrong = {name: kind for name, kind in expected.items() if fields.get(name) != kind}
        if wrong:
            found = ", ".join(f"{name} ({fields.get(name, 'none')})" for name in wrong)
            raise StoreError(
                f"The table `{self.table.name}` at {self.url} is not one of stockseq's: expected the columns "
                f"{_names(wrong)}, found {found}. {REMEDY}"
            )
        foreign = [] if self.table.open_ended else self.table.free_columns(fields)
        if foreign:
            raise StoreError(
                f"The table `{self.table.name}` at {self.url} holds the columns {foreign}, which this version doesn't "
                "know: it was edited, or written by a later version. Put it back from a copy, or use that version."
            )

    def scan(self, snapshot: DeltaTable, predicate: str | None, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows that meet an SQL predicate, in no order."""
        with self._report_errors("read"):
            # Not through pyarrow's dataset: it can't filter the string views that a merge or overwrite leaves.
            return pa.table(snapshot.scan(columns=list(columns) if columns else None, predicate=predicate))

    def batches(self, snapshot: DeltaTable, predicate: str | None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that meet an SQL predicate, in no order, batch by batch."""
        with self._report_errors("read"):
            yield from pa.RecordBatchReader.from_stream(snapshot.scan(columns=list(columns), predicate=predicate))

    def commit(self, change: Callable[[DeltaTable | None], Change | None]) -> None:
        """Commit what `change` makes of the newest snapshot, anew from the newest one where another writer came first.

        `change` returns None where there is nothing to do, and then nothing is committed.
        """
        for _ in range(ATTEMPTS):
            snapshot = self.open()
            wanted = change(snapshot)
            if wanted is None:
                return
            self._require_writable()
            with self._report_errors("written"):
                if self._write(snapshot, *wanted):
                    return
        raise StoreError(
            f"The table `{self.table.name}` could not be written: other writers came first {ATTEMPTS} times; run again."
        )

    def rewrites(self, *, clock: pd.Timestamp | None = None) -> list[str]:
        """Name what the log holds, oldest first, beyond commits that add rows or rearrange files; see `commit_log`."""
        snapshot = self.open()
        if snapshot is None:
            return []
        with self._report_errors("read"):
            return find_rewrites(snapshot, self.folder, clock=clock)

    def compact(self, *, retention_hours: int, keep_versions: Sequence[int]) -> None:
        """Join small files, and delete those that no version younger than this or named here uses."""
        snapshot = self.open()
        if snapshot is None:
            return
        self._require_writable()
        with self._report_errors("written"):
            snapshot.optimize.compact(target_size=FILE_SIZE)
            # The old files may go only when the new ones are safe.
            self._sync(snapshot.version())
            snapshot.vacuum(
                retention_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=False,
                keep_versions=list(keep_versions),
            )
            self._sync(snapshot.version())

    def _write(self, snapshot: DeltaTable | None, rows: pa.Table, predicate: str | None) -> bool:
        """Commit on this very snapshot; return False where another writer committed since.

        An object store may take a commit and lose the answer: an error, or, tried again, that commit stands in its own
        way. Each carries a mark, by which it is known.
        """
        version = 0 if snapshot is None else snapshot.version() + 1
        mark = uuid4().hex
        try:
            if snapshot is None:
                self._create(rows, mark)
            else:
                self._extend(snapshot, rows, predicate, mark)
        except DeltaError as error:
            if not self._has(version, mark):
                if isinstance(error, CommitFailedError) or (snapshot is None and self.open() is not None):
                    return False
                raise
        self._sync(version)
        return True

    def _has(self, version: int, mark: str) -> bool:
        """Tell whether the commit of this version is the one with this mark."""
        try:
            snapshot = DeltaTable(self.url, version=version, storage_options=self.storage_options)
            return any(entry.get(MARK) == mark for entry in snapshot.history(1))
        except DeltaError:
            return False

    def _create(self, rows: pa.Table, mark: str) -> None:
        write_deltalake(
            self.url,
            rows,
            mode="error",
            configuration=self.configuration,
            target_file_size=FILE_SIZE,
            storage_options=self.storage_options,
            commit_properties=_commit_as(0, mark),
        )

    def _extend(self, snapshot: DeltaTable, rows: pa.Table, predicate: str | None, mark: str) -> None:
        write_deltalake(
            snapshot,
            rows,
            mode="append" if predicate is None else "overwrite",  # type: ignore[call-overload]
            predicate=predicate,
            schema_mode="merge" if self.table.open_ended or self.table.added else None,
            target_file_size=FILE_SIZE,
            commit_properties=_commit_as(snapshot.version() + 1, mark),
        )

    def _sync(self, version: int) -> None:
        if self.folder is not None:
            with self._report_errors("forced onto the disk"):
                durability.sync_commit(self.folder, version)

    @contextmanager
    def _report_errors(self, done: Literal["read", "written", "forced onto the disk"]) -> Iterator[None]:
        try:
            yield
        except (DeltaError, OSError, pa.ArrowException) as error:
            remainder = {
                "read": "",
                "written": ", and holds what it held before",
                "forced onto the disk": " after its last commit, which a power cut may undo; run again",
            }[done]
            if done == "written" and self.folder is None:
                remainder += ", or all of the new rows where only the answer was lost; run again"
            remedy = f" {REMEDY}" if done == "read" else ""
            raise StoreError(
                f"The table `{self.table.name}` at {self.url} could not be {done}{remainder}: {_reason(error)}.{remedy}"
            ) from error


def _commit_as(version: int, mark: str) -> CommitProperties:
    """Return what makes a commit this version or nothing: delta-rs would put it behind another writer's instead."""
    return CommitProperties(
        custom_metadata={MARK: mark}, max_commit_retries=0, app_transactions=[Transaction(APPLICATION, version)]
    )


def _names(fields: Mapping[str, pa.DataType]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in fields.items())


def _reason(error: Exception) -> str:
    """Return the outermost and the innermost of delta-rs's nested causes, without colours and markup."""
    causes = re.sub(r"\x1b\[[0-9;]*m|<[^<>]*>", " ", " ".join(str(error).split())).split("↳")
    outer, inner = (" ".join(cause.split()).rstrip(".") for cause in (causes[0], causes[-1]))
    # The innermost is what to act on, such as a full disk; a long path before it must not push it out.
    return (outer if outer == inner else f"{outer[:150]}: {inner}")[:300]
