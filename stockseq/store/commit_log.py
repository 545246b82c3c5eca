"""What the log of a Delta table tells of it: whether any commit did more than add rows or rearrange files."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from deltalake import DeltaTable

# Operations that change files, not rows.
REARRANGING = ("OPTIMIZE", "VACUUM START", "VACUUM END")
# As the store creates its tables: nothing that hides rows is allowed.
PROTOCOL = (1, 2)
# Clocks of machines that write one store differ, by less than this.
CLOCK_DIFFERENCE = pd.Timedelta(days=1)


def find_rewrites(snapshot: DeltaTable, folder: Path | None, *, clock: pd.Timestamp | None = None) -> list[str]:
    """Return what a table's log holds, oldest first, that an append-only table's can't.

    Parameters
    ----------
    snapshot : DeltaTable
        The newest.
    folder : Path or None
        The table's folder where it is local: then each commit is read, too, whatever it says of itself.
    clock : Timestamp, tz-aware, or None, default=None
        The machine's time; a commit that is dated a day later or more is found. None doesn't ask.

    Returns
    -------
    list of str
        Such as "version 3: DELETE, which does more than append"; empty for a table that was only appended to and
        compacted.
    """
    history = snapshot.history()[::-1]
    found = []
    if len(history) <= snapshot.version():
        found.append(f"{snapshot.version() + 1 - len(history)} of its {snapshot.version() + 1} commits are gone")
    protocol = snapshot.protocol()
    if (protocol.min_reader_version, protocol.min_writer_version) != PROTOCOL:
        found.append(f"it needs other readers and writers than it was created for ({protocol})")
    for entry in history:
        if not _only_adds(entry):
            found.append(f"version {entry.get('version')}: {entry.get('operation')}, which does more than append")
        if clock is not None and not _is_past(entry.get("timestamp"), clock):
            found.append(f"version {entry.get('version')}: dated after the machine's clock, or not at all")
    return found if folder is None else found + list(_find_local(folder))


def _find_local(folder: Path) -> Iterator[str]:
    """Yield the commits that take rows away, and what is no file of the table's own."""
    for path in sorted((folder / "_delta_log").glob("*.json")):
        try:
            takes = any(_takes_rows(json.loads(line)) for line in path.read_bytes().splitlines() if line.strip())
        except (ValueError, TypeError, AttributeError, RecursionError):
            yield f"{path.name}: not what a commit looks like"
            continue
        if takes:
            yield f"version {path.stem.lstrip('0') or '0'}: it takes rows away"
    for path in sorted([*folder.iterdir(), *(folder / "_delta_log").iterdir()]):
        if path.is_symlink():
            yield f"{path.relative_to(folder)}: a link in place of a file"


def _takes_rows(action: Mapping[str, Any]) -> bool:
    removed = action.get("remove")
    return removed is not None and removed.get("dataChange", True)


def _only_adds(entry: Mapping[str, Any]) -> bool:
    operation, mode = entry.get("operation"), (entry.get("operationParameters") or {}).get("mode")
    created = operation == "WRITE" and mode == "ErrorIfExists"
    return created or operation in REARRANGING or (operation, mode) == ("WRITE", "Append")


def _is_past(timestamp: object, clock: pd.Timestamp) -> bool:
    """Tell whether a commit's milliseconds since 1970 lie before tomorrow."""
    latest = (clock + CLOCK_DIFFERENCE).timestamp() * 1000
    return isinstance(timestamp, int) and 0 <= timestamp < latest
