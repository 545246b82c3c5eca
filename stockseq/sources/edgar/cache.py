"""Answers that can't change, on disk: written whole or not at all, and never believed where they are damaged."""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AnswerCache:
    """A file per address; without a folder to write into, everything is asked again.

    Parameters
    ----------
    folder : Path
        Made when something is saved.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     cache = AnswerCache(Path(folder))
    ...     cache.save("https://a.example/1", "of 3 filings", {"form": ["8-K"]})
    ...     cache.load("https://a.example/1", "of 3 filings"), cache.load("https://a.example/1", "of 4 filings")
    ({'form': ['8-K']}, None)
    """

    folder: Path

    def load(self, address: str, label: str | None = None) -> object | None:
        """Return what was saved of an address under this label (any, if none is named); None where nothing usable was.

        A file that isn't exactly as it was written counts as none.
        """
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            digest, _, content = self._path(address).read_bytes().partition(b"\n")
            if hashlib.sha256(content).hexdigest().encode() == digest:
                saved = json.loads(content)
                if saved["address"] == address and label in (None, saved["label"]):
                    return saved["value"]
        return None

    def save(self, address: str, label: str, value: object) -> None:
        """Save a JSON value; a folder that can't be written costs requests, and nothing else."""
        content = json.dumps({"address": address, "label": label, "value": value}).encode()
        path = self._path(address)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            os.replace(partial, path)

    def _path(self, address: str) -> Path:
        return self.folder / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.json"
