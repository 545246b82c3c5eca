"""Files that survive a power cut.

Nothing that is written here is safe before it is forced onto the disk, and delta-rs does not do that for local commits;
so it is done here, and a commit that was torn is undone.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

LOG = "_delta_log"
TORN = "_torn"
# A page that a file system never wrote reads as zeros; compressed Parquet holds no such run.
BLANK = bytes(4096)


class DataFile(NamedTuple):
    """A file of rows that a commit adds, and its length in bytes."""

    path: Path
    size: int


def sync(*paths: Path) -> None:
    """Force files, and the names in folders, onto the disk, one after the other."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Force a folder, and every file and folder in it, onto the disk."""
    for path, _, names in os.walk(folder, topdown=False):
        sync(*(Path(path, name) for name in names if not Path(path, name).is_symlink()), Path(path))


def sync_commit(table: Path, version: int) -> None:
    """Force the files of one commit, and the folders that name them, onto the disk."""
    commit = _commit_path(table, version)
    log_files = [path for path in (table / LOG).glob(f"{version:020}.*") if path.is_file()]
    data_files = [file.path for file in _read_commit(table, commit)[1]]
    sync(*(path for path in [*data_files, *log_files, table / LOG / "_last_checkpoint"] if path.exists()))
    sync(table / LOG, table, table.parent)


def is_torn(table: Path) -> bool:
    """Tell whether the newest commit is cut short, or its checkpoint is, or it names data files that are."""
    commits = _commits(table)
    return bool(commits) and not (_is_whole(table, commits[-1]) and _has_whole_checkpoint(commits[-1]))


def undo_torn_commits(table: Path) -> list[int]:
    """Set aside the newest commits that are torn, or only their checkpoint where that is; return their versions.

    Only a commit that no call had returned from can be torn, because each call syncs its own. Its log files go to the
    table's `_torn` folder; its data files stay until a vacuum.
    """
    undone = []
    while is_torn(table):
        commit = _commits(table)[-1]
        version = int(commit.stem)
        (table / TORN).mkdir(exist_ok=True)
        # A checkpoint repeats what the commits say, all of which are kept.
        kept = commit if _is_whole(table, commit) else None
        # The pointer to the last checkpoint may name this version; without it the log is listed instead.
        for path in [*(table / LOG).glob(f"{version:020}.*"), table / LOG / "_last_checkpoint"]:
            if path.exists() and path != kept:
                path.replace(table / TORN / path.name)
        sync(table / LOG, table / TORN, table)
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


def _has_whole_checkpoint(commit: Path) -> bool:
    """Tell whether the checkpoint of a commit, and the pointer to it, can be read; none is whole."""
    checkpoint, pointer = commit.with_suffix(".checkpoint.parquet"), commit.with_name("_last_checkpoint")
    if not checkpoint.exists():
        return True
    try:
        if pointer.exists():
            json.loads(pointer.read_bytes())
    except ValueError:
        return False
    return _is_parquet(DataFile(checkpoint, checkpoint.stat().st_size))


def _is_parquet(file: DataFile) -> bool:
    if not file.path.is_file() or file.path.stat().st_size != file.size or file.size < 8:
        return False
    with file.path.open("rb") as opened:
        pages = iter(lambda: opened.read(len(BLANK)), b"")
        first = last = next(pages)
        for page in pages:
            if last == BLANK:
                return False
            last = (last + page)[-len(BLANK) :] if len(page) < len(BLANK) else page
        return first[:4] == last[-4:] == b"PAR1"
