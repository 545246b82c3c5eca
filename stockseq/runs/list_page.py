"""Whether the page that lists all runs still is of the runs that there are, without drawing it."""

import hashlib
import os
from pathlib import Path

import stockseq
from stockseq.runs.folder import run_names
from stockseq.runs.source_hash import source_hash

# The page, and what it needs beside it.
FILES = ("index.html", "page.js", "tables.js", "plotly.min.js")


def hash_list(root: Path) -> str:
    """Return a hash of all that the page is drawn from: each run's files, by size and time, and the code that draws it.

    Parameters
    ----------
    root : Path
        The local folder in which `runs` lies.

    Examples
    --------
    >>> len(hash_list(Path("no-such-folder")))
    64
    """
    runs = root / "runs"
    parts: list[object] = [source_hash()]
    for template in sorted((Path(stockseq.__file__).parent / "report" / "templates").rglob("*.*")):
        parts.append((template.name, template.read_bytes()))
    for name in run_names(root):
        parts.append((name, (runs / name / "report" / "index.html").exists()))
        with os.scandir(runs / name) as entries:
            stats = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
        parts.append(sorted((file, found.st_size, found.st_mtime_ns) for file, found in stats))
    parts.append(sorted(path.parent.name for path in runs.glob("compare/*/index.html")))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def find_current(root: Path) -> Path | None:
    """Return the page that lists all runs where it is there, whole and drawn from what is there now; else None."""
    runs = root / "runs"
    if not all((runs / name).is_file() for name in FILES):
        return None
    page = runs / "index.html"
    # One that is damaged is drawn anew.
    text = page.read_text(encoding="utf-8", errors="replace")
    return page if f'content="{hash_list(root)}"' in text else None
