"""The lock that lets one run at a time use a store."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from stockseq.errors import StoreBusy, StoreError


class StoreLock:
    """An advisory lock on a small file, released by the operating system however its process ends.

    Parameters
    ----------
    path : Path
        The lock file; it is created when first held and never removed, or two runs could lock two files.
    root : str
        The store's root, for messages.
    """

    def __init__(self, path: Path, root: str) -> None:
        self.path = path
        self.root = root

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock; raise `StoreBusy` at once, naming process, host and since when, if another run holds it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a+")
        except OSError as error:
            raise StoreError(
                f"The store {self.root} can't be locked for a run: {self.path} can't be written ({error.strerror})."
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(
                    f"Another run holds the store {self.root}: {_holder(file)}; wait for it to end, or end it, and "
                    "run again."
                ) from error
            # A forked child shares the lock; were it to outlive a killed parent, the store would stay locked.
            os.register_at_fork(after_in_child=file.close)
            _sign(file)
            yield


def _sign(file: IO[str]) -> None:
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
    file.flush()


def _holder(file: IO[str]) -> str:
    since = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC).isoformat(timespec="seconds")
    file.seek(0)
    try:
        signature = json.loads(file.read())
        return f"process {signature['pid']} on {signature['host']} since {since}"
    except (ValueError, KeyError):
        # It holds the lock and has not signed yet.
        return f"a process that started at {since}"
