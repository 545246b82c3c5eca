"""How networks of an ablation scale over worker processes, and what goes over the wire for each.

A real Dask scheduler and 1, 2 and 4 workers on loopback fit the same 12 networks (2 variants, 2 folds, 3 seeds), each
worker after one network that it has fitted before, so that TensorFlow is loaded. On a machine of two cores four workers
show what too many cost. Processor time, of all workers and of the client, tells what spreading costs where others use
the cores, too. Bytes are those that client, scheduler and workers send, counted at their sockets.

Run by `make bench`, or by itself with `python -m tests.bench.bench_cluster`.
"""

import os
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import curl_cffi  # noqa: F401  before TensorFlow
import psutil
import pytest

from stockseq.ablation.fits import FitTask, fit_tasks
from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import FoldSettings, cut_folds
from stockseq.executors import open_executor
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.sources.markets import load_simulated
from stockseq.tensorflow_environment import prepare_tensorflow
from tests.bench import wire_counter
from tests.pipelines.dask_cluster import DaskCluster

N_TICKERS, N_SESSIONS, SEEDS, EPOCHS = 20, 700, (1, 2, 3), 5


def plan(data: Dataset) -> list[FitTask]:
    """Return the networks of two variants, two folds and three seeds."""
    network, training = NetworkSettings(), TrainingSettings(epochs=EPOCHS, patience=EPOCHS)
    folds = cut_folds(data.sessions, FoldSettings(min_train=300, validation_size=40, n_folds=2), horizon=0)
    return [
        FitTask(name, number, fold, seed, network, training, sentiment)
        for name, sentiment in (("plain", True), ("mute", False))
        for number, fold in enumerate(folds, start=1)
        for seed in SEEDS
    ]


@contextmanager
def cluster_of(n_workers: int) -> Iterator[tuple[DaskCluster, Path]]:
    """Yield a cluster whose processes count what they send, and where."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "sent"
        os.environ["WIRE_COUNTER"] = str(counts)
        cluster = DaskCluster(Path(folder), preload="tests.bench.wire_counter")
        try:
            for number in range(n_workers):
                cluster.start_worker(f"{number}")
            cluster.wait_for_workers(n_workers)
            yield cluster, counts
        finally:
            cluster.close()
            del os.environ["WIRE_COUNTER"]


def sent(counts: Path) -> int:
    """Return what all processes have sent."""
    written = [
        path.read_text() for path in counts.parent.glob(f"{counts.name}-*") if path.name != f"sent-{os.getpid()}"
    ]
    return wire_counter.SENT["bytes"] + sum(int(text or 0) for text in written)


def used(cluster: DaskCluster) -> float:
    """Return the processor time of all workers, in seconds."""
    return sum(sum(psutil.Process(worker.pid).cpu_times()[:2]) for worker in cluster.workers)


def measure(data: Dataset, tasks: Sequence[FitTask], n_workers: int) -> tuple[float, float, float, float]:
    """Return seconds for all networks, the processor time of workers and of the client, and megabytes sent."""
    with cluster_of(n_workers) as (cluster, counts):
        warm = [replace(task, training=task.training.model_copy(update={"epochs": 1})) for task in tasks[:n_workers]]
        with open_executor(scheduler=cluster.address) as executor:
            list(fit_tasks(warm, data, executor=executor))
            before = time.perf_counter(), used(cluster), time.process_time(), sent(counts)
            fits = list(fit_tasks(tasks, data, executor=executor))
            after = time.perf_counter(), used(cluster), time.process_time(), sent(counts)
    assert not any(fit.record.failure for _, fit in fits)
    seconds, workers, client, n_bytes = (late - early for late, early in zip(after, before, strict=True))
    return seconds, workers, client, n_bytes / 1e6


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
def test_networks_over_workers() -> None:
    """Print seconds, speed and bytes by the number of workers."""
    data = build_dataset(load_simulated(n_sessions=N_SESSIONS, n_tickers=N_TICKERS))
    tasks = plan(data)
    shared, job = len(pickle.dumps((data.panel, data.samples))) / 1e6, len(pickle.dumps(tasks[0])) / 1e6
    print(f"\n{len(data.panel):,} rows, {len(tasks)} networks; panel and samples {shared:.2f} MB, a task {job:.3f} MB")
    print(
        f"{1e6 * shared / len(data.panel):.0f} bytes a row; sent with each job they'd be {shared * len(tasks):.1f} MB"
    )
    first = 0.0
    for n_workers in (1, 2, 4):
        seconds, workers, client, megabytes = measure(data, tasks, n_workers)
        first = first or seconds
        load = os.getloadavg()[0]
        print(
            f"{n_workers} workers: {seconds:6.1f} s, {first / seconds:4.2f} times one; processor time "
            f"{workers / len(tasks):5.2f} s a network, {client:4.2f} s of the client; {megabytes:6.2f} MB sent, "
            f"{megabytes / len(tasks):5.3f} a network; load average {load:.1f} on {os.cpu_count()} cores",
            flush=True,
        )


if __name__ == "__main__":
    prepare_tensorflow()
    test_networks_over_workers()
