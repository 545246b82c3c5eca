"""Python, packages, disk, folder and clock."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pandas as pd

from stockseq.doctor.check import Check
from stockseq.errors import counted, listed

PYTHONS = ((3, 11), (3, 13))
# A first fetch of ten tickers and their model take some 50 MB, 230 tickers with ten years of news a few GB.
LEAST_FREE, FEW_FREE = 200 * 2**20, 2 * 2**30
# Headlines are mapped to decisions by the second; a machine that asks a time server is off by less than one.
CLOCK_OFF, CLOCK_WRONG = pd.Timedelta(seconds=30), pd.Timedelta(minutes=5)
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)[ \t]*(;)?", re.MULTILINE)
_REQUIRED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def check_python() -> Iterator[Check]:
    """Yield whether this Python is one that stockseq is tested with."""
    running = ".".join(map(str, sys.version_info[:3]))
    least, most = (".".join(map(str, pair)) for pair in PYTHONS)
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        yield Check("Python", "ok", f"{running} at {sys.executable}")
    else:
        yield Check(
            "Python",
            "failure",
            f"{running} at {sys.executable} is none of {least} to {most}",
            "Install one of these, and run make setup PYTHON=/path/to/it.",
        )


def check_packages(lock: Path) -> Iterator[Check]:
    """Yield whether the packages are those of the lock, or, where there is no lock, all there.

    Parameters
    ----------
    lock : Path
        requirements.lock beside the settings, in a checkout.
    """
    if lock.is_file():
        locked = _LOCKED.findall(lock.read_text("utf-8"))
        # One package may have a version for each Python.
        wanted = {name: {number for other, number, _ in locked if other == name} for name, _, _ in locked}
        installed = {name: _version(name) for name in wanted}
        # What the lock marks is for other machines, if it isn't here.
        missing = [name for name, _, marker in locked if installed[name] is None and not marker]
        other = [name for name, versions in wanted.items() if installed[name] not in (None, *versions)]
        source = f"the {len(wanted)} of {lock.name}"
    else:
        needed = [line for line in requires("stockseq") or () if "extra ==" not in line]
        names = [match[1] for line in needed if (match := _REQUIRED.match(line))]
        missing, other = [name for name in names if _version(name) is None], []
        source = f"the {len(names)} that stockseq needs"
    if missing:
        said = listed(missing, most=5)
        yield Check("packages", "failure", f"of {source} {said} are not installed", "Run make setup.")
    elif other:
        said = listed([f"{name} {_version(name)}" for name in other[:5]])
        yield Check(
            "packages",
            "warning",
            f"of {source}, {len(other)} have another version, as {said}",
            "Run make setup to have those that it was tested with.",
        )
    else:
        yield Check("packages", "ok", f"{source} are installed")


def check_folder(folder: Path, what: str) -> Iterator[Check]:
    """Yield whether a folder, or where it would be made, can be written and has room.

    Parameters
    ----------
    folder : Path
    what : str
        For sentences, such as "the data root".
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        yield Check(
            "folder", "failure", f"{there} is a file, and {what} {folder} a folder", "Name another one by DATA."
        )
        return
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        yield Check(
            "folder",
            "failure",
            f"{there} can't be written by this user, and {what} {folder} must be",
            "Give it to this user (chown), or name another one by DATA.",
        )
    free = shutil.disk_usage(there).free
    said = f"{_size(free)} are free at {there}"
    if free < LEAST_FREE:
        yield Check("disk", "failure", said, "Make room: make maintain joins files and deletes what no run uses.")
    elif free < FEW_FREE:
        yield Check("disk", "warning", said, "Make room soon: make maintain joins files and deletes what no run uses.")
    else:
        yield Check("disk", "ok", said)


def check_clock(now: pd.Timestamp, ask: Callable[[], pd.Timestamp] | None, timezone: str) -> Iterator[Check]:
    """Yield what the machine's clock says on the exchange's, and how far a server's is from it, where one is asked.

    Parameters
    ----------
    now : Timestamp, tz-aware
    ask : callable, optional
        Returns a server's instant, as soon as it is asked.
    timezone : str
        The exchange's.
    """
    local = f"it is {now.tz_convert(timezone):%Y-%m-%d %H:%M %Z} by this machine's clock"
    if ask is None:
        yield Check("clock", "ok", f"{local} (make doctor ONLINE=1 compares it with a server's)")
        return
    before = pd.Timestamp.now(tz="UTC")
    # A server's stamp has whole seconds, cut.
    off = ask() + pd.Timedelta(seconds=0.5) - before
    seconds = abs(off.total_seconds())
    said = f"{local}, {seconds:,.0f} s {'behind' if off > pd.Timedelta(0) else 'ahead of'} the server's"
    advice = "Let a time server set it (timedatectl set-ntp true): what is late, and what is read, hangs on it."
    if abs(off) > CLOCK_WRONG:
        yield Check("clock", "failure", said, advice)
    elif abs(off) > CLOCK_OFF:
        yield Check("clock", "warning", said, advice)
    else:
        yield Check("clock", "ok", said)


def check_secrets(path: Path, variables: tuple[str, ...]) -> Iterator[Check]:
    """Yield which of the environment variables that hold secrets are set, here or in the file that a scheduler reads.

    Parameters
    ----------
    path : Path
        Of NAME=value lines; no value is looked at.
    variables : tuple of str
    """
    in_file = _names_in(path)
    missing = [name for name in variables if not os.environ.get(name, "").strip() and name not in in_file]
    if path.exists() and path.stat().st_mode & 0o077:
        yield Check("secrets", "warning", f"{path} can be read by other users", f"Run chmod 600 {path}.")
    if missing:
        yield Check(
            "secrets",
            "warning",
            f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} set neither in the environment nor in {path}",
            "Set it in both: a scheduler's run has the file alone.",
        )
    elif only_here := [name for name in variables if name not in in_file]:
        yield Check(
            "secrets",
            "ok",
            f"{counted(len(variables), 'variable')} set; a scheduled run reads {path}, which lacks {listed(only_here)}",
        )
    elif variables:
        yield Check("secrets", "ok", f"{counted(len(variables), 'variable')} set in {path}")


def _names_in(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    text = path.read_text(encoding="utf-8", errors="replace")
    return set(re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=\S", text, re.MULTILINE))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:,.1f} GB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:,.0f} MB"
