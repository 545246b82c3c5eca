"""The workers of a Dask cluster as an executor: whatever goes wrong with them is one sentence."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from typing import Any, TypeVar, cast
from uuid import uuid4

from distributed import Client
from distributed import Future as DaskFuture
from distributed.scheduler import KilledWorker

from stockseq.cluster.faults import GO_ON, LOST, differs, first_line, killed, refusal
from stockseq.cluster.jobs import Job, OnCluster, find_problem, pack, run_job
from stockseq.errors import SettingsError, StockseqError, counted
from stockseq.shared_data import InMemory, Shared
from stockseq.worker_code import PluginCode, WorkerCode

Data = TypeVar("Data")

# Seconds that a cluster has to show its first worker, and later to answer or to find workers again.
FIRST_WORKER_S = 15.0
PATIENCE_S = 60.0
WATCH_S = 2.0
# How often data go out anew after all workers that held them were lost.
MOST_TRIES = 5


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
        self._jobs: dict[int, Job] = {}
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
                raise SettingsError(differs(worker, f"has {has}, this machine {self._code.version}"))
        problems = self._ask(self._client.run, find_problem, self._code, on_error="return")
        for worker, found in sorted(problems.items()):
            if isinstance(found, Exception):
                raise SettingsError(differs(worker, f"can't load stockseq ({first_line(found)})"))
            if found is not None:
                raise refusal(worker, found)

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
        call, shared = pack((fn, args, kwargs))
        name = getattr(fn, "__name__", type(fn).__name__)
        job = Job(name, call, {each.key: each for each in shared}, Future())
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

    def _start(self, job: Job) -> None:
        job.n_tries += 1
        handles = {key: each.held for key, each in job.shared.items()}
        try:
            job.sent = self._client.submit(
                run_job, self._code, job.call, handles, key=f"{job.name}-{uuid4().hex}", pure=False
            )
            job.sent.add_done_callback(lambda sent: self._finish(job, sent))
        except Exception as error:  # a client that was closed meanwhile raises many kinds
            self._settle(job, error=self._failure or self._lost(error))

    def _finish(self, job: Job, sent: DaskFuture) -> None:
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
            self._settle(job, error=self._explain(killed(job.name, error)))
        except ImportError as error:
            self._settle(job, error=self._explain(error))
        except BaseException as error:
            self._settle(job, error=error)

    def _send_again(self, job: Job, error: Exception) -> None:
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

    def _settle(self, job: Job, *, result: Any = None, error: BaseException | None = None) -> None:
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
            f"The scheduler {self._address} was lost in the middle of the run ({first_line(error)}). Start it and its "
            f"workers again. {GO_ON}"
        )
