"""Local commits that survive a power cut: delta-rs does not sync them, so it is done here, and a torn one is undone."""

import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

LOG = "_delta_log"
TORN = "_torn"


class DataFile(NamedTuple):
    """A file of rows that a commit adds, and its length in bytes."""

    path: Path
    size: int


def sync_commit(table: Path, version: int) -> None:
    """Force the files of one commit, and the folders that name them, onto the disk."""
    commit = _commit_path(table, version)
    log_files = [path for path in (table / LOG).glob(f"{version:020}.*") if path.is_file()]
    data_files = [file.path for file in _read_commit(table, commit)[1]]
    for path in [*data_files, *log_files, table / LOG / "_last_checkpoint"]:
        if path.exists():
            _sync(path)
    for folder in (table / LOG, table, table.parent):
        _sync(folder)


def is_torn(table: Path) -> bool:
    """Tell whether the newest commit is cut short, or names data files that are."""
    commits = _commits(table)
    return bool(commits) and not _is_whole(table, commits[-1])


def undo_torn_commits(table: Path) -> list[int]:
    """Set aside the newest commits that are torn; return their versions.

    Only a commit that no call had returned from can be torn, because each call syncs its own. Its log files go to the
    table's `_torn` folder; its data files stay until a vacuum.
    """
    undone = []
    while is_torn(table):
        version = int(_commits(table)[-1].stem)
        (table / TORN).mkdir(exist_ok=True)
        # The pointer to the last checkpoint may name this version; without it the log is listed instead.
        for path in [*(table / LOG).glob(f"{version:020}.*"), table / LOG / "_last_checkpoint"]:
            if path.exists():
                path.replace(table / TORN / path.name)
        _sync(table / LOG)
        undone.append(version)
    return undone


def _commit_path(table: Path, version: int) -> Path:
    return table / LOG / f"{version:020}.json"


def _commits(table: Path) -> list[Path]:
    return sorted(path for path in (table / LOG).glob("*.json") if path.stem.isdigit())


def _read_commit(table: Path, commit: Path) -> tuple[int | None, list[DataFile]]:
    """Return how many data files a commit says it adds, None where it says nothing, and those that it names."""
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    adds = [action["add"] for action in actions if "add" in action]
    infos = [action["commitInfo"] for action in actions if "commitInfo" in action]
    files = [DataFile(table / unquote(add["path"]), add["size"]) for add in adds]
    return infos[0].get("operationMetrics", {}).get("num_added_files", len(files)) if infos else None, files


def _is_whole(table: Path, commit: Path) -> bool:
    try:
        n_added, files = _read_commit(table, commit)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, IsADirectoryError):
        return False
    # A cut at the end of a line leaves valid lines; the first one says how many files there were.
    return n_added == len(files) and all(_is_parquet(file) for file in files)


def _is_parquet(file: DataFile) -> bool:
    if not file.path.is_file() or file.path.stat().st_size != file.size:
        return False
    with file.path.open("rb") as opened:
        first = opened.read(4)
        opened.seek(-4, os.SEEK_END)
        return first == opened.read(4) == b"PAR1"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
