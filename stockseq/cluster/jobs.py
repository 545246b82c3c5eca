"""What goes to a worker: a call, and handles of the data that the workers hold."""

import io
import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import cloudpickle
import psutil
from distributed import Future as DaskFuture
from distributed import get_worker

from stockseq.cluster.faults import refusal
from stockseq.shared_data import InMemory
from stockseq.worker_code import WorkerCode, has_changed


@dataclass(eq=False)
class OnCluster:
    """A handle of data that the workers of a cluster hold."""

    data: Any
    key: str = field(default_factory=lambda: uuid4().hex)
    held: DaskFuture | None = None

    def get(self) -> Any:
        """Return the data, in the process that shares them."""
        return self.data


@dataclass(eq=False)
class Job:
    """One call that was asked for, and what came of it so far."""

    name: str
    call: bytes
    shared: Mapping[str, OnCluster]
    outcome: "Future[Any]"
    sent: DaskFuture | None = None
    n_tries: int = 0


def run_job(code: WorkerCode, call: bytes, shared: Mapping[str, InMemory[Any]]) -> Any:
    """Do one job on a worker that has the code for it.

    Raises
    ------
    SettingsError, PluginError
        If it has not, with its address.
    """
    problem = code.prepare()
    if problem is not None:
        raise refusal(get_worker().address, problem)
    function, args, kwargs = _Unpickler(io.BytesIO(call), shared).load()
    return function(*args, **kwargs)


def find_problem(code: WorkerCode) -> str | None:
    """Return, on a worker, what keeps it from doing jobs of this code; None where nothing does."""
    if has_changed("stockseq", psutil.Process().create_time()):
        # What it has loaded may be older than its files.
        return "was started before stockseq was installed or changed there"
    return code.prepare()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Leaves handles out of a job, and lists them."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.shared: list[OnCluster] = []

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, OnCluster):
            return None
        self.shared.append(obj)
        return obj.key


class _Unpickler(pickle.Unpickler):
    """Puts what this worker holds in the place of handles."""

    def __init__(self, file: io.BytesIO, shared: Mapping[str, InMemory[Any]]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: Any) -> InMemory[Any]:
        return self._shared[pid]


def pack(call: tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]) -> tuple[bytes, list[OnCluster]]:
    """Return a function with its arguments as bytes, without the data of the handles in it, and the handles."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(call)
    return file.getvalue(), pickler.shared
