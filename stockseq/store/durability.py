"""Local commits that survive a power cut: delta-rs does not sync them, so it is done here, and a torn one is undone."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

LOG = "_delta_log"
TORN = "_torn"


def sync_commit(table: Path, version: int) -> None:
    """Force the files of one commit, and the folders that name them, onto the disk."""
    commit = _commit_path(table, version)
    log_files = [path for path in (table / LOG).glob(f"{version:020}.*") if path.is_file()]
    data_files = [_data_file(table, add) for add in _actions(commit, "add")]
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


def _actions(commit: Path, kind: str) -> list[dict[str, Any]]:
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    return [action[kind] for action in actions if kind in action]


def _data_file(table: Path, add: dict[str, Any]) -> Path:
    return table / unquote(add["path"])


def _is_whole(table: Path, commit: Path) -> bool:
    try:
        infos, adds = _actions(commit, "commitInfo"), _actions(commit, "add")
    except ValueError:
        return False
    if not infos:
        return False
    # A cut at the end of a line leaves valid lines; the first one says how many files there were.
    n_added = infos[0].get("operationMetrics", {}).get("num_added_files", len(adds))
    return n_added == len(adds) and all(_is_parquet(_data_file(table, add), add["size"]) for add in adds)


def _is_parquet(path: Path, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with open(path, "rb") as file:
        first = file.read(4)
        file.seek(-4, os.SEEK_END)
        return first == file.read(4) == b"PAR1"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
