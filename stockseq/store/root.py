"""Where a store lies, a local folder that is ours or a URL, and the lock that lets one run at a time use it."""

import fcntl
import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from stockseq.errors import StoreBusy, StoreError
from stockseq.printable import shown, visible
from stockseq.store.durability import sync
from stockseq.store.tables import TABLES

MARKER = "stockseq-store.txt"
# What the recipes put beside the tables.
NEIGHBOURS = ("runs", "models", "cache")
# delta-rs takes a path for a URL: it decodes %20, turns \\ into /, and stops the process at the others.
_UNUSABLE = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]|^\\\x00-\x1f\x7f]")


def local_folder(root: str) -> Path | None:
    """Return the folder that `root` names, or None where it is a URL of another kind than file://."""
    if root.startswith("file://"):
        return Path(root.removeprefix("file://"))
    if "://" in root:
        return None
    try:
        return Path(root).expanduser().absolute()
    except RuntimeError as error:
        raise StoreError(f"The data root {root} begins with a home folder that isn't known; write ./{root}.") from error


def claim(folder: Path, *, create: bool = True) -> None:
    """Create the folder of a new store and mark it; refuse a file, and a folder that holds other things.

    A folder that can only be read is accepted when it holds a store already. Without `create`, so is no other.
    """
    if (found := _UNUSABLE.search(str(folder))) is not None:
        raise StoreError(
            f"A data root's path is without brackets, backslashes, |, ^ and percent codes, received {shown(found[0])} "
            f"in {folder}; name another folder."
        )
    if (folder / MARKER).exists():
        return
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"The data root must be a folder, but {folder} is a file; name another one.")
    if not create:
        raise StoreError(f"There is no store at {folder} yet; a first run makes one, such as `make daily`.")
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in folder.iterdir() if not _belongs(path.name))
        if foreign:
            raise StoreError(
                f"{folder} is no store of stockseq's and holds other things ({', '.join(foreign[:3])}); name an empty "
                "or a new folder as the data root."
            )
        (folder / MARKER).write_text(
            "A data root of stockseq: Delta tables, one a folder, with runs and models beside.\n"
        )
        # Or a power cut takes the folder away with all that was forced onto the disk in it.
        sync(folder / MARKER, folder, *(path.parent for path in missing))
    except OSError as error:
        raise StoreError(f"The data root {folder} can't be created: {error.strerror or error}.") from error


def withdraw(folders: Sequence[Path]) -> None:
    """Take back what `claim` made of a store into which nothing was written: the folder, and those above it.

    Parameters
    ----------
    folders : sequence of Path
        The store's folder, and behind it the folders above that were missing too. One that holds anything stays.
    """
    ours = (MARKER, ".lock")
    if not folders[0].is_dir() or any(path.name not in ours for path in folders[0].iterdir()):
        return
    for name in ours:
        (folders[0] / name).unlink(missing_ok=True)
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def lock_path(root: str, folder: Path | None) -> Path:
    """Return the lock file: inside a local store; for a URL in this user's state folder, keyed by the URL.

    The file of a URL keeps runs on this machine apart; those on other machines are kept apart by a lease (`lease.py`).
    """
    if folder is not None:
        return folder / ".lock"
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "stockseq" / f"{hashlib.sha256(root.rstrip('/').encode()).hexdigest()[:16]}.lock"


@dataclass(frozen=True)
class HeldLock:
    """A lock that this run holds.

    Parameters
    ----------
    file : text file
    earlier_token : str
        Of the last run that held a lease, too, which is over: "" where none did.
    """

    file: IO[str]
    earlier_token: str

    def note(self, token: str) -> None:
        """Write down by which token this run holds a lease; until then the earlier one stands."""
        _sign(self.file, token)


@contextmanager
def lock(path: Path, root: str) -> Iterator[HeldLock]:
    """Hold an advisory lock on a small file, released by the operating system however its process ends.

    Parameters
    ----------
    path : Path
        The lock file; it is created when first held and never removed, or two runs could lock two files.
    root : str
        The store's root, for messages.

    Raises
    ------
    StoreBusy
        At once, naming process, host and since when, if another run holds it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise StoreError(
            f"The store {root} can't be locked for a run: {path} can't be written ({error.strerror})."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusy(f"Another run holds the store {root}: {_holder(file)}") from error
        # A forked child shares the lock; were it to outlive a killed parent, the store would stay locked.
        os.register_at_fork(after_in_child=file.close)
        run_lock = HeldLock(file, _read_token(file))
        # A run that ends before it has a lease of its own leaves the next one the token of the last that had.
        run_lock.note(run_lock.earlier_token)
        yield run_lock


def _belongs(name: str) -> bool:
    # The marker itself stands there when another process claimed the folder in the meantime.
    return name.startswith(".") or name == MARKER or name in TABLES or name in NEIGHBOURS


def read_holder(path: Path) -> str | None:
    """Return who holds a lock, a sentence with what to do; None where nobody does.

    Raises
    ------
    OSError
        If the file can't be read.
    """
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(file)
    return None


def _read_token(file: IO[str]) -> str:
    file.seek(0)
    try:
        return str(json.loads(file.read())["token"])
    except (ValueError, KeyError, TypeError):
        return ""


def _sign(file: IO[str], token: str) -> None:
    about = "Held by a run while its process lives, and by nobody after that: there is nothing to delete."
    file.truncate(0)
    signature = {"pid": os.getpid(), "host": socket.gethostname(), "about": about}
    file.write(json.dumps(signature | ({"token": token} if token else {})))
    file.flush()


def _holder(file: IO[str]) -> str:
    since = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC).isoformat(timespec="seconds")
    file.seek(0)
    try:
        signature = json.loads(file.read())
        pid, host = int(signature["pid"]), str(signature["host"])
    except (ValueError, KeyError, TypeError):
        # It holds the lock and has not signed yet.
        return f"a process that started at {since}; wait for it to end, and run again."
    who, here = f"process {pid} on {visible(host)[:80]} since {since}", socket.gethostname()
    if host != here:
        return f"{who}; this is {here}. Wait for it to end, or end it there, and run again."
    if _lives(pid):
        return f"{who}; wait for it to end, or end it (kill {pid}), and run again."
    return (
        f"{who}, which can't be seen from here: it runs in a container, or a process that it started lives on "
        "(fuser names those that have the file open). The lock goes with the process; there is no file to delete."
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
