"""A Dask cluster as an executor: jobs carry handles, and whatever goes wrong with it is one sentence."""

import asyncio
import io
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, TypeVar, cast
from uuid import uuid4

import cloudpickle
import psutil
from distributed import Client, get_worker
from distributed import Future as DaskFuture
from distributed.comm.core import connect
from distributed.scheduler import KilledWorker
from distributed.security import Security

from stockseq.errors import PluginError, SettingsError, StockseqError, counted
from stockseq.shared_data import InMemory, Shared
from stockseq.worker_code import PluginCode, WorkerCode, has_changed

Data = TypeVar("Data")

# Seconds that a cluster has to answer at first, to show its first worker, and later to answer or to find workers again.
CONNECT_S = 15.0
FIRST_WORKER_S = 15.0
PATIENCE_S = 60.0
WATCH_S = 2.0
# How the library names the reason for jobs that are cancelled then.
LOST = "scheduler-connection-lost"
# How often data go out anew after all workers that held them were lost.
MOST_TRIES = 5
GO_ON = "Run the same again then: what was finished is kept, and an exam or an ablation goes on where it was."


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
class _Job:
    name: str
    call: bytes
    shared: Mapping[str, OnCluster]
    outcome: "Future[Any]"
    sent: DaskFuture | None = None
    n_tries: int = 0


class ClusterExecutor(Executor):
    """The workers of a Dask scheduler, each a process with one thread, the same stockseq and the same plug-ins.

    A job whose worker is killed is tried on another. Each job asks its worker first whether it has this machine's code,
    for one may join later.

    Parameters
    ----------
    client : Client
    address : str
        Of the scheduler, for messages.
    """

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address
        self._code = WorkerCode.here()
        self._jobs: dict[int, _Job] = {}
        self._failure: StockseqError | None = None
        self._lock, self._ended = threading.RLock(), threading.Event()
        self._require_workers()
        self.check_workers()
        threading.Thread(target=self._watch, name="cluster watch", daemon=True).start()

    @property
    def n_workers(self) -> int:
        """How many there are now."""
        return len(self._ask(self._client.nthreads))

    def require_plugins(self, plugins: Sequence[PluginCode]) -> None:
        """Let every worker have these packages, now and when it joins.

        Raises
        ------
        PluginError
            If one has not, with its address and the package.
        """
        missing = [plugin for plugin in plugins if plugin not in self._code.plugins]
        if missing:
            self._code = replace(self._code, plugins=(*self._code.plugins, *missing))
            self.check_workers()

    def check_workers(self) -> None:
        """Raise `SettingsError` or `PluginError` unless every worker has one thread and this machine's code."""
        threads = self._ask(self._client.nthreads)
        for worker, n_threads in sorted(threads.items()):
            if n_threads > 1:
                raise SettingsError(
                    f"The worker {worker} does {n_threads} jobs at once in one process, whose results then depend on "
                    f"chance; start it with --nthreads 1, and --nworkers {n_threads} for as many processes."
                )
        # Of the standard library, so that it also runs where stockseq is missing or older than this function.
        versions = self._ask(self._client.run, version, "stockseq", on_error="return")
        for worker, found in sorted(versions.items()):
            if found != self._code.version:
                has = f"stockseq {found}" if isinstance(found, str) else "no stockseq"
                raise SettingsError(_differs(worker, f"has {has}, this machine {self._code.version}"))
        problems = self._ask(self._client.run, _find_problem, self._code, on_error="return")
        for worker, found in sorted(problems.items()):
            if isinstance(found, Exception):
                raise SettingsError(_differs(worker, f"can't load stockseq ({_first_line(found)})"))
            if found is not None:
                raise _refusal(worker, found)

    @contextmanager
    def share(self, data: Data) -> Iterator[Shared[Data]]:
        """Send the data to each worker once; a worker that joins later fetches them from another."""
        shared = OnCluster(data)
        self._send_data(shared)
        try:
            yield shared
        finally:
            if shared.held is not None:
                shared.held.release()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Send a job to a worker; handles of shared data may lie anywhere within its arguments."""
        call, shared = _pack((fn, args, kwargs))
        name = getattr(fn, "__name__", type(fn).__name__)
        job = _Job(name, call, {each.key: each for each in shared}, Future())
        with self._lock:
            if self._failure is not None:
                raise self._failure
            self._jobs[id(job)] = job
        self._start(job)
        return job.outcome

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; jobs that stand in its queue are dropped, for nobody waits for them any more."""
        self._ended.set()
        for job in list(self._jobs.values()):
            job.outcome.cancel()
        with suppress(Exception):
            self._client.close(timeout=5)

    def _send_data(self, shared: OnCluster) -> None:
        # In a list, or a tuple would be taken apart.
        (shared.held,) = self._ask(self._client.scatter, [InMemory(shared.data)], broadcast=True, hash=False)

    def _start(self, job: _Job) -> None:
        job.n_tries += 1
        handles = {key: each.held for key, each in job.shared.items()}
        try:
            job.sent = self._client.submit(
                run_job, self._code, job.call, handles, key=f"{job.name}-{uuid4().hex}", pure=False
            )
            job.sent.add_done_callback(lambda sent: self._finish(job, sent))
        except Exception as error:  # a client that was closed meanwhile raises many kinds
            self._settle(job, error=self._failure or self._lost(error))

    def _finish(self, job: _Job, sent: DaskFuture) -> None:
        """Hand on what became of a job; called in a thread of its own."""
        try:
            self._settle(job, result=sent.result())
        except CancelledError as error:
            if self._ended.is_set() or self._failure is not None:
                self._settle(job, error=self._failure or error)
            elif getattr(error, "reason", "") == LOST or not job.shared:
                self._settle(job, error=self._lost(error))
            else:
                self._send_again(job, error)
        except KilledWorker as error:
            # One that can't load a job ends, too.
            self._settle(job, error=self._explain(_killed(job, error)))
        except ImportError as error:
            self._settle(job, error=self._explain(error))
        except BaseException as error:
            self._settle(job, error=error)

    def _send_again(self, job: _Job, error: Exception) -> None:
        """Send data and job anew: all workers that held the data were lost, and they can't be computed again."""
        try:
            if job.n_tries > MOST_TRIES:
                raise self._lost(error)
            with self._lock:
                for shared in job.shared.values():
                    if shared.held is None or shared.held.status != "finished":
                        self._send_data(shared)
            self._start(job)
        except Exception as failure:
            self._settle(job, error=failure if isinstance(failure, StockseqError) else self._lost(failure))

    def _settle(self, job: _Job, *, result: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            self._jobs.pop(id(job), None)
        # One that was cancelled, or failed with all others, is settled.
        with suppress(InvalidStateError):
            if error is None:
                job.outcome.set_result(result)
            else:
                job.outcome.set_exception(error)

    def _explain(self, error: Exception) -> Exception:
        """Return which worker has other code, or else the error itself."""
        try:
            self.check_workers()
        except StockseqError as found:
            return found
        return error

    def _require_workers(self) -> None:
        deadline = time.monotonic() + FIRST_WORKER_S
        while not self._ask(self._client.nthreads):
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"The scheduler {self._address} has no workers. Start some on each machine: "
                    f"`dask worker {self._address} --nthreads 1 --nworkers N`."
                )
            time.sleep(0.2)

    def _watch(self) -> None:
        """Fail all jobs if the scheduler stops answering, or stays without workers: else they would wait for ever."""
        seen, scheduler = time.monotonic(), cast(Any, self._client.scheduler)
        while not self._ended.wait(WATCH_S):
            try:
                n_workers = len(self._client.sync(scheduler.ncores, callback_timeout=PATIENCE_S))
            except Exception as error:
                return self._fail(self._lost(error))
            if n_workers or not self._jobs:
                seen = time.monotonic()
            elif time.monotonic() - seen > PATIENCE_S:
                return self._fail(
                    StockseqError(
                        f"The scheduler {self._address} has no workers any more; {counted(len(self._jobs), 'job')} "
                        f"wait. Start some: `dask worker {self._address} --nthreads 1 --nworkers N`. {GO_ON}"
                    )
                )
        return None

    def _fail(self, failure: StockseqError) -> None:
        if self._ended.is_set():
            return
        with self._lock:
            self._failure = failure
            jobs = list(self._jobs.values())
        for job in jobs:
            self._settle(job, error=failure)

    def _ask(self, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Return what the scheduler answers."""
        try:
            return ask(*args, **options)
        except (OSError, TimeoutError, CancelledError, RuntimeError, ValueError) as error:
            raise self._lost(error) from error

    def _lost(self, error: BaseException) -> StockseqError:
        return StockseqError(
            f"The scheduler {self._address} was lost in the middle of the run ({_first_line(error)}). Start it and its "
            f"workers again. {GO_ON}"
        )


def run_job(code: WorkerCode, call: bytes, shared: Mapping[str, InMemory[Any]]) -> Any:
    """Do one job on a worker that has the code for it.

    Raises
    ------
    SettingsError, PluginError
        If it has not, with its address.
    """
    problem = code.prepare()
    if problem is not None:
        raise _refusal(get_worker().address, problem)
    function, args, kwargs = _Unpickler(io.BytesIO(call), shared).load()
    return function(*args, **kwargs)


@contextmanager
def open_cluster(address: str) -> Iterator[ClusterExecutor]:
    """Yield the executor of the scheduler at this address.

    Raises
    ------
    SettingsError
        If it can't be reached, has no workers, or one that has other code or several threads.
    StockseqError
        If it is lost on the way.
    """
    with _quiet():
        try:
            with ThreadPoolExecutor(1) as thread:
                # A caller, such as a notebook, may have an event loop of its own.
                thread.submit(asyncio.run, _reach(address)).result()
            client = Client(address, set_as_default=False, timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"The scheduler {address} can't be reached: {_first_line(error)}. Start one with `dask scheduler`, or "
                "leave it out of the settings."
            ) from error
        executor = None
        try:
            executor = ClusterExecutor(client, address)
            yield executor
        finally:
            if executor is not None:
                executor.shutdown()
            with suppress(Exception):
                client.close(timeout=5)


async def _reach(address: str) -> None:
    """Raise `OSError` unless a scheduler answers: the client would wait for ever where only the port is open."""
    try:
        security = Security().get_connection_args("client")
        comm = await asyncio.wait_for(connect(address, timeout=CONNECT_S, **security), CONNECT_S + 1)
    except TimeoutError as error:
        raise OSError(f"what listens there does not answer as a scheduler within {CONNECT_S:.0f} s") from error
    await comm.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the library be silent: what goes wrong is said in one sentence, and it would say it in pages."""
    logger = logging.getLogger("distributed")
    children = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    levels = {each: each.level for each in (logger, *children)}
    for each in levels:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in levels.items():
            each.setLevel(level)


def _find_problem(code: WorkerCode) -> str | None:
    if has_changed("stockseq", psutil.Process().create_time()):
        # What it has loaded may be older than its files.
        return "was started before stockseq was installed or changed there"
    return code.prepare()


def _refusal(worker: str, problem: str) -> StockseqError:
    if "the package" in problem:
        return PluginError(
            f"The worker {worker} {problem}. Install it there as it is on this machine, and start the worker again."
        )
    return SettingsError(_differs(worker, problem))


def _differs(worker: str, problem: str) -> str:
    return (
        f"The worker {worker} {problem}: its results would be others. Install the same there, and start the worker "
        "again."
    )


def _killed(job: _Job, error: KilledWorker) -> StockseqError:
    last = getattr(error, "last_worker", None)
    return StockseqError(
        f"One job (`{job.name}`) was on {counted(int(error.allowed_failures) + 1, 'worker')} that were killed, the "
        f"last {getattr(last, 'address', 'unknown')}, probably for want of memory. Start fewer workers on a machine. "
        f"{GO_ON}"
    )


def _first_line(error: BaseException) -> str:
    if isinstance(error, CancelledError):
        return "the connection broke" if getattr(error, "reason", "") == LOST else "it forgot the run's jobs"
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:200].rstrip(".")


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


def _pack(call: tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]) -> tuple[bytes, list[OnCluster]]:
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(call)
    return file.getvalue(), pickler.shared
