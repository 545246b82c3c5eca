"""Stores of the small simulated market, made once in a process, and the commands run in them."""

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import TABLES, Store
from tests.pipelines.small import SMALL, write_settings


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit status and all that it wrote."""

    status: int
    text: str


@cache
def market() -> SimulatedMarket:
    """Return the market of the small settings."""
    return SimulatedMarket(n_sessions=SMALL["simulated.n_sessions"], n_tickers=SMALL["simulated.n_tickers"])


@cache
def mornings() -> list[pd.Timestamp]:
    """Return ten minutes before the decision of each of the market's last five sessions."""
    decided = market().calendar.decision_at(DecisionPolicy())
    return [decided[session] - pd.Timedelta(minutes=10) for session in market().sessions[-5:]]


@cache
def _after(instants: tuple[pd.Timestamp, ...]) -> Path:
    """Return a folder with `stockseq.toml` and `data`, in which these mornings are over; nobody writes there."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-small-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if instants:
        shutil.copytree(_after(instants[:-1]), folder, dirs_exist_ok=True, symlinks=True)
        answer = stockseq(folder, "daily", "--now", instants[-1].isoformat())
        assert answer.status == 0, answer.text
    else:
        # Of two networks, so that a bundle can hold one too few.
        write_settings(folder, {**SMALL, "training.n_seeds": 2}).rename(folder / "stockseq.toml")
    return folder


def begin(folder: Path, n_mornings: int) -> Path:
    """Copy a store after so many of `mornings` into an empty folder; return its data root."""
    return begin_after(folder, *mornings()[:n_mornings])


def begin_after(folder: Path, *instants: pd.Timestamp) -> Path:
    """Copy a store after mornings at these instants into an empty folder; return its data root."""
    shutil.copytree(_after(instants), folder, dirs_exist_ok=True, symlinks=True)
    return folder / "data"


def stockseq(folder: Path, *arguments: str) -> Answer:
    """Run a command of the product in a folder, whose modules it finds as `python -m` would."""
    with _working_in(folder):
        done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    crashed = done.exception is not None and not isinstance(done.exception, SystemExit)
    assert not crashed, f"a traceback: {done.exception!r}\n{done.output}"
    assert "Traceback" not in done.output, done.output
    return Answer(done.exit_code, " ".join(done.output.split()))


def contents(data: Path) -> dict[str, pd.DataFrame]:
    """Return every row of every table that is one, and the commits of each."""
    store = Store(str(data), create=False)
    tables = [table for table in TABLES if (data / table).is_dir() or not (data / table).exists()]
    return {table: store.read(table).assign(commit=store.version(table)) for table in tables}


def require_equal(data: Path, before: dict[str, pd.DataFrame]) -> None:
    """Raise `AssertionError` if a table has gained a commit or a row, or has another one."""
    for table, frame in contents(data).items():
        pd.testing.assert_frame_equal(frame, before[table], obj=f"the table {table}")


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")
        os.chdir(before)
