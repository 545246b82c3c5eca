"""A real Dask scheduler and workers, each a process with a working folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


class DaskCluster:
    """One scheduler and its workers on loopback.

    Parameters
    ----------
    folder : Path
        Each process works in a folder of its own in it.
    preload : str, optional
        A module that scheduler and workers import as they start.
    """

    def __init__(self, folder: Path, *, preload: str | None = None) -> None:
        self.folder, self._preload = folder, [] if preload is None else ["--preload", preload]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    @property
    def address(self) -> str:
        """What the setting `scheduler` is."""
        return f"tcp://127.0.0.1:{self._port}"

    def start_scheduler(self, port: int = 0) -> "subprocess.Popen[bytes]":
        """Start a scheduler, at a port that is free by default, and wait until it listens."""
        self._port = port or _free_port()
        self.scheduler = self._start("scheduler", ["--port", str(self._port)])
        _wait_for(lambda: _listens(self._port), "the scheduler doesn't listen")
        return self.scheduler

    def start_worker(
        self, name: str, *options: str, variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a worker of one thread without a nanny, which nobody starts again when it is killed."""
        given = options or ("--nthreads", "1", "--no-nanny")
        worker = self._start("worker", [self.address, "--name", name, *given], name=name, variables=variables)
        self.workers.append(worker)
        return worker

    def wait_for_workers(self, n: int) -> list[str]:
        """Return the addresses of the workers once there are so many."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(n, timeout=PATIENCE_S)
            return sorted(client.scheduler_info(n_workers=-1)["workers"])

    def log(self, name: str) -> str:
        """Return what a process wrote."""
        return (self.folder / name / "log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            end(process)

    def _start(
        self, kind: str, options: list[str], *, name: str | None = None, variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        folder = self.folder / (name or kind)
        folder.mkdir(parents=True, exist_ok=True)
        # As whoever starts a worker by hand has it.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
        environment = {**inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **(variables or {})}
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", "--host", "127.0.0.1"]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, *self._preload, *options], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, stopped or not, and wait for its end."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.05)
