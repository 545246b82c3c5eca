"""Start `python -m pipelines` as forks of a process that has imported all: a small morning takes a second then."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from select import select
from typing import Any

from tests.campaign.file_faults.preload import compiled_library

REPOSITORY = Path(__file__).parents[2]
SERVER = """
import ctypes, json, os, resource, sys
import gc
import pandas as pd
import pyarrow.dataset, pyarrow.parquet
import pipelines.backtest, pipelines.daily, pipelines.import_files
import pipelines.ledger, pipelines.maintain, pipelines.news, pipelines.train
import stockseq.sources.alpaca
from pipelines.__main__ import app
from stockseq.layers import backend
from stockseq.sessions import TradingCalendar
from stockseq.sources.simulated import SimulatedMarket
# The holidays take a second in each fork; nothing here may start a thread, which a fork would lose.
SimulatedMarket(n_sessions=230, n_tickers=1).calendar.schedule
for day in range(23, 30):
    TradingCalendar.until(pd.Timestamp(f"2018-11-{day}T13:50Z"))
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    process = os.fork()
    if process == 0:
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(asked["folder"])
        os.environ.update(asked["environment"])
        if asked["faults"]:
            faults = asked["faults"]
            ctypes.CDLL(None).watch_files(
                faults["folder"].encode(), faults["notes"].encode(), *map(ctypes.c_long, faults["calls"])
            )
        if asked["limit_kib"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["limit_kib"] * 1024,) * 2)
        sys.argv = ["pipelines", *asked["arguments"]]
        app()
    print(process, flush=True)
    print(os.waitpid(process, 0)[1], flush=True)
"""


@dataclass(frozen=True)
class Faults:
    """What happens to the calls of a run that change files under a folder.

    Parameters
    ----------
    folder : Path
    notes : Path, optional
        Where each call is noted.
    kill_at : int, default=0
        The call, counted from 1, at which the run is killed; 0 is none.
    done : bool, default=False
        Whether that call is done before the kill.
    fail_from, fail_until : int, default=0
        These calls fail, both ends included.
    error : int, default=0
        The number of the error with which they fail, and writes for which there is no room.
    room : int, default=-1
        Bytes that can be written; -1 is no bound.
    """

    folder: Path
    notes: Path | None = None
    kill_at: int = 0
    done: bool = False
    fail_from: int = 0
    fail_until: int = 0
    error: int = 0
    room: int = -1

    def asked(self) -> dict[str, Any]:
        """Return what the server is told."""
        calls = [self.kill_at, int(self.done), self.fail_from, self.fail_until, self.error, self.room]
        return {"folder": str(self.folder), "notes": str(self.notes or ""), "calls": calls}


@dataclass
class ForkedRun:
    """A run of the command that goes on; `said` is what it printed so far."""

    server: "subprocess.Popen[str]"
    process: int
    output: Path
    status: int | None = field(default=None)

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def ended_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the run is over."""
        return self.status is not None or bool(select([self.server.stdout], [], [], seconds)[0])

    def send(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status."""
        with suppress(ProcessLookupError):
            os.kill(self.process, number)
        return self.end()

    def end(self) -> int:
        """Wait for the end and return the exit status, which is -9 for a killed run."""
        if self.status is None:
            assert self.server.stdout is not None
            self.status = os.waitstatus_to_exitcode(int(self.server.stdout.readline()))
        return self.status


class ForkServer:
    """A process that forks one run after the other."""

    def __init__(self) -> None:
        library = compiled_library()
        preload = {"LD_PRELOAD": str(library)} if library else {}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **preload},
        )
        self._outputs = Path(tempfile.mkdtemp(prefix="campaign-said-"))
        self._n_runs = 0
        self._close = Finalize(self, _end, (self.process, self._outputs), exitpriority=10)

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path = REPOSITORY,
        faults: Faults | None = None,
        environment: Mapping[str, str] | None = None,
        limit_kib: int | None = None,
    ) -> ForkedRun:
        """Start the command in a folder, where no file may grow beyond a limit; the run before must have ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._n_runs += 1
        output = self._outputs / f"{self._n_runs}.txt"
        asked = {
            "arguments": list(arguments),
            "folder": str(folder),
            "output": str(output),
            "environment": dict(environment or {}),
            "faults": faults.asked() if faults else None,
            "limit_kib": limit_kib,
        }
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return ForkedRun(self.process, int(self.process.stdout.readline()), output)


@cache
def fork_server(number: int) -> ForkServer:
    """Return this process's server of a number; runs at once need a server each."""
    del number
    return ForkServer()


def _end(process: "subprocess.Popen[str]", outputs: Path) -> None:
    process.communicate()
    shutil.rmtree(outputs, ignore_errors=True)
