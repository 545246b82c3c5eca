"""Work that fans out gives the same rows in this process, in a pool and on a Dask cluster."""

import signal

import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.executors import open_executor
from stockseq.store import Store
from stockseq.workspace import Workspace


@pytest.fixture
def scheduler():
    """A real Dask scheduler and worker on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("where", ["pool", "dask"])
def test_features_and_scores_are_the_same_bytes_wherever_they_are_computed(
    settings, mornings, tmp_path, request, where
):
    """An executor is a matter of speed; the table must not tell which one it was."""
    more = {"workers": 2} if where == "pool" else {"scheduler": request.getfixturevalue("scheduler")}
    tables = []
    for name, changes in (("here", {}), (where, more)):
        chosen = settings.model_copy(update={**changes, "data": str(tmp_path / name)})
        with open_executor(workers=chosen.workers, scheduler=chosen.scheduler) as executor:
            workspace = Workspace(chosen, now=mornings[0], executor=executor, create=True)
            _, market = workspace.ingest(workspace.universe())
            workspace.dataset(market)
        tables.append([Store(chosen.data).read(table) for table in ("features", "scores")])
    for here, there in zip(*tables, strict=True):
        assert len(here)
        pd.testing.assert_frame_equal(here, there, check_exact=True)


def test_a_killed_worker_is_one_sentence_that_says_what_to_do():
    """The kernel kills where memory runs out, and nobody learns that from a broken pool's traceback."""
    sentence = r"^One of 2 worker processes was killed, .*Set fewer `workers`"
    with pytest.raises(StockseqError, match=sentence), open_executor(workers=2) as pool:
        pool.submit(signal.raise_signal, signal.SIGKILL).result()
