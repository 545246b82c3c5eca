"""A real Dask cluster of processes in folders of their own: the same bits, and one sentence where it breaks."""

import re
import socket
import time
from pathlib import Path

import pandas as pd
import pytest

from stockseq.ablation.fits import FitTask, fit_tasks
from stockseq.cluster import connection
from stockseq.cluster import executor as cluster_executor
from stockseq.cluster.jobs import pack
from stockseq.config import Settings
from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import FoldSettings, cut_folds
from stockseq.errors import PluginError, SettingsError, StockseqError
from stockseq.executors import open_executor, require_plugins
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.shared_data import share
from stockseq.sources.markets import load_simulated
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.campaign.cutting_proxy import KEYS, object_store
from tests.pipelines.dask_cluster import ROOT, DaskCluster, end

# What the library warns of is no news here: its own clients and ours differ in nothing.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("own_folders")]


def on_object_store(settings: Settings, cluster: DaskCluster, name: str) -> Settings:
    """Return the settings with a data root on S3, for the cluster."""
    options = {**KEYS, "AWS_ENDPOINT_URL": object_store().url, "AWS_ALLOW_HTTP": "true"}
    changes = {"data": f"s3://stockseq/{name}", "storage_options": options, "scheduler": cluster.address}
    return settings.model_copy(update=changes)


def test_features_and_scores_are_the_same_bytes_on_the_cluster(
    cluster: DaskCluster, settings: Settings, mornings: list[pd.Timestamp]
) -> None:
    """With the tables on S3; again, most rows are up to date and stay where they are."""
    tables = []
    for chosen in (settings, on_object_store(settings, cluster, "features")):
        with open_executor(workers=chosen.workers, scheduler=chosen.scheduler) as executor:
            for now in mornings[:2]:
                workspace = Workspace(chosen, now=now, executor=executor, create=True)
                _, market = workspace.ingest(workspace.universe())
                workspace.dataset(market)
        store = Store(chosen.data, storage_options=chosen.storage_options or None)
        tables.append([store.read(table) for table in ("features", "scores")])
    for here, there in zip(*tables, strict=True):
        assert len(here)
        pd.testing.assert_frame_equal(here, there, check_exact=True)


def fit_of(data: Dataset, **where: object) -> pd.DataFrame:
    """Fit one network, and return its forecasts."""
    (fold,) = cut_folds(data.sessions, FoldSettings(min_train=60, validation_size=12, gap=2, n_folds=1), horizon=0)
    task = FitTask("a", 1, fold, 7, NetworkSettings(lookback=3, units=2), TrainingSettings(epochs=1), True)
    with open_executor(**where) as executor:  # type: ignore[arg-type]
        ((_, fit),) = fit_tasks([task], data, executor=executor)
    assert fit.record.failure is None
    return fit.forecasts


def test_a_network_has_the_same_bits_wherever_it_is_fitted(cluster: DaskCluster) -> None:
    """Though the arrays that it learns from are shared, and read-only."""
    data = build_dataset(load_simulated(n_sessions=160, n_tickers=4), lookback=3)
    here, there = fit_of(data), fit_of(data, scheduler=cluster.address)
    assert len(here)
    pd.testing.assert_frame_equal(here, there, check_exact=True)


def test_a_job_carries_no_table_and_a_lost_worker_is_nobodys_loss(cluster: DaskCluster) -> None:
    """One that joins gets the data from another; the jobs of one that was killed are done elsewhere."""
    n_bytes = 8_000_000
    worker = cluster.start_worker("killed")
    cluster.wait_for_workers(3)
    with open_executor(scheduler=cluster.address) as executor, share(bytes(n_bytes), executor) as shared:
        call, handles = pack((measure, (shared,), {}))
        assert len(call) < 1000
        assert handles == [shared]
        assert executor is not None
        jobs = [executor.submit(measure, {"nested": [shared]}, 0.3) for _ in range(9)]
        time.sleep(0.5)
        end(worker)
        assert [job.result() for job in jobs] == [n_bytes] * 9


def measure(shared: object, seconds: float = 0.0) -> int:
    """Return the length of what is shared, after a while."""
    time.sleep(seconds)
    return len(shared["nested"][0].get())  # type: ignore[index]


def test_a_worker_without_a_plug_ins_package_is_named_with_it(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is fitted: a variant whose layer one worker lacks would else pass for one that can't be built."""
    (tmp_path / "spectral.py").write_text("class Spectral: pass\n")
    about = tmp_path / "spectral_layers-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: spectral-layers\nVersion: 1.2\n")
    (about / "RECORD").write_text("spectral.py,,\n")
    (about / "top_level.txt").write_text("spectral\n")
    (about / "entry_points.txt").write_text("[stockseq.layers.after]\nspectral = spectral:Spectral\n")
    monkeypatch.syspath_prepend(tmp_path)
    said = (
        r"^The worker tcp://127\.0\.0\.1:\d+ lacks the package `spectral-layers 1\.2`, which the layer `spectral` "
        r"\(after\) comes from\. Install it there as it is on this machine, and start the worker again\.$"
    )
    with open_executor(scheduler=cluster.address) as executor:
        require_plugins(executor, [("after", "projection"), ("after", "keras.layers:Dense")])
        with pytest.raises(PluginError, match=said):
            require_plugins(executor, [("after", "spectral")])


def test_a_worker_with_another_version_or_several_threads_is_refused_before_the_work_begins(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    """With its address, and what to do."""
    about = tmp_path / "stockseq-0.0.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stockseq\nVersion: 0.0.9\n")
    old = cluster.start_worker("old", variables={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    addresses = cluster.wait_for_workers(3)
    said = r"^The worker (\S+) has stockseq 0\.0\.9, this machine \d\S+: its results would be others\. Install the same"
    with pytest.raises(SettingsError, match=said) as refused, open_executor(scheduler=cluster.address):
        pass
    assert re.match(said, str(refused.value))[1] in addresses  # type: ignore[index]
    end(old)
    wide = cluster.start_worker("wide", "--nthreads", "2", "--no-nanny")
    cluster.wait_for_workers(3)
    said = r"^The worker \S+ does 2 jobs at once in one process, .*start it with --nthreads 1, and --nworkers 2"
    with pytest.raises(SettingsError, match=said), open_executor(scheduler=cluster.address):
        pass
    end(wide)


def test_a_scheduler_that_goes_or_has_no_workers_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: nobody waits for it."""
    monkeypatch.setattr(cluster_executor, "FIRST_WORKER_S", 0.3)
    alone = DaskCluster(tmp_path)
    try:
        with pytest.raises(SettingsError, match=r"has no workers\. Start some"), open_executor(scheduler=alone.address):
            pass
        alone.start_worker("only")
        alone.wait_for_workers(1)
        said = rf"^The scheduler {alone.address} was lost in the middle of the run \(the connection broke\)\. Start it"
        with pytest.raises(StockseqError, match=said):
            _lose_the_scheduler(alone)
        monkeypatch.setattr(connection, "CONNECT_S", 1.0)
        with pytest.raises(SettingsError, match="can't be reached"), open_executor(scheduler="tcp://127.0.0.1:9"):
            pass
        with socket.create_server(("127.0.0.1", 0)) as silent:
            said = "what listens there does not answer as a scheduler"
            address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(SettingsError, match=said), open_executor(scheduler=address):
                pass
    finally:
        alone.close()


def _lose_the_scheduler(cluster: DaskCluster) -> None:
    with open_executor(scheduler=cluster.address) as executor:
        assert executor is not None
        job = executor.submit(time.sleep, 60)
        end(cluster.scheduler)
        job.result()
