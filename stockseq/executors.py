"""Where work that fans out runs: in this process, in a pool of processes, or on a Dask cluster."""

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread

from stockseq.errors import SettingsError, StockseqError
from stockseq.worker_code import plugin_code


@contextmanager
def open_executor(*, workers: int = 1, scheduler: str | None = None) -> Iterator[Executor | None]:
    """Yield a Dask cluster's executor, a process pool's, or None for this process alone.

    Parameters
    ----------
    workers : int, default=1
        Processes of the pool; 1 is none.
    scheduler : str, optional
        A Dask scheduler such as tcp://host:8786, which comes before `workers`.

    Raises
    ------
    SettingsError
        If the scheduler can't be reached, has no workers or unfit ones, or the cluster extra is missing.
    StockseqError
        If a worker was killed, or the scheduler lost.
    """
    if scheduler is not None:
        with _open_cluster(scheduler) as executor:
            yield executor
    elif workers > 1:
        # Forked children would share TensorFlow's and Arrow's threads; spawned ones start clean.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=begin_worker) as pool:
            try:
                yield pool
            except BrokenProcessPool as error:
                raise StockseqError(
                    f"One of {workers} worker processes was killed, probably for want of memory. Set fewer "
                    "`workers` in stockseq.toml and run the same again: what was finished is kept, and an exam or an "
                    "ablation goes on where it was."
                ) from error
            except BaseException:
                # Nobody needs what they still compute, and the error would be told only when they have.
                for worker in active_children():
                    worker.terminate()
                pool.shutdown(cancel_futures=True)
                raise
    else:
        yield None


def require_plugins(executor: Executor | None, layers: Iterable[tuple[str, str]], features: Iterable[str] = ()) -> None:
    """Raise `PluginError` unless each worker of a cluster has the packages of these layers and features.

    Parameters
    ----------
    executor : Executor, optional
        Processes of this machine have what it has.
    layers : iterable of (slot, name)
        As `named_layers` gives them.
    features : iterable of str
        Of the settings.
    """
    if executor is not None and hasattr(executor, "require_plugins"):
        executor.require_plugins(plugin_code(layers, features))


@contextmanager
def _open_cluster(scheduler: str) -> Iterator[Executor]:
    try:
        from stockseq.cluster.connection import open_cluster
    except ImportError as error:
        raise SettingsError("A scheduler needs the cluster extra: pip install 'stockseq[cluster]'.") from error
    with open_cluster(scheduler) as executor:
        yield executor


def begin_worker() -> None:
    """Prepare this worker process: Ctrl-C is the run's to answer, which it never outlives."""
    # A terminal sends it to all processes; a worker that died of it first would pass for one killed for want of memory.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    run = parent_process()
    if run is not None:
        # A run that is killed can tell its workers nothing, and they would finish their task for nobody.
        run.join()
        os._exit(1)
