"""Where a store lies: a local folder that is ours, or a URL."""

import hashlib
import os
from pathlib import Path

from stockseq.errors import StoreError
from stockseq.store.tables import TABLES

MARKER = "stockseq-store.txt"
# What the pipelines put beside the tables.
NEIGHBOURS = ("runs", "models", "cache")


def local_folder(root: str) -> Path | None:
    """Return the folder that `root` names, or None where it is a URL of another kind than file://."""
    if root.startswith("file://"):
        return Path(root.removeprefix("file://"))
    return None if "://" in root else Path(root).expanduser().absolute()


def claim(folder: Path, *, create: bool = True) -> None:
    """Create the folder of a new store and mark it; refuse a file, and a folder that holds other things.

    A folder that can only be read is accepted when it holds a store already. Without `create`, so is no other.
    """
    if (folder / MARKER).exists():
        return
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"The data root must be a folder, but {folder} is a file; name another one.")
    if not create:
        raise StoreError(f"There is no store at {folder} yet; a first run makes one, such as `make daily`.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in folder.iterdir() if not _may_lie_there(path.name))
        if foreign:
            raise StoreError(
                f"{folder} is no store of stockseq's and holds other things ({', '.join(foreign[:3])}); name an empty "
                "or a new folder as the data root."
            )
        (folder / MARKER).write_text(
            "A data root of stockseq: Delta tables, one a folder, with runs and models beside.\n"
        )
    except OSError as error:
        raise StoreError(f"The data root {folder} can't be created: {error.strerror or error}.") from error


def lock_path(root: str, folder: Path | None) -> Path:
    """Return the lock file: inside a local store; for a URL in this user's state folder, keyed by the URL.

    A URL is thus locked against runs on this machine only. Runs elsewhere are kept apart by Delta's own commits: none
    is lost or doubled, but two daily runs may interleave.
    """
    if folder is not None:
        return folder / ".lock"
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "stockseq" / f"{hashlib.sha256(root.rstrip('/').encode()).hexdigest()[:16]}.lock"


def _may_lie_there(name: str) -> bool:
    return name.startswith(".") or name in TABLES or name in NEIGHBOURS
