"""Work that fans out gives the same rows in this process and in a pool; `test_cluster.py` has Dask."""

import signal
import time

import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.executors import open_executor
from stockseq.store import Store
from stockseq.workspace import Workspace


def test_features_and_scores_are_the_same_bytes_in_a_pool(settings, mornings, tmp_path):
    """An executor is a matter of speed; the table must not tell which one it was."""
    tables = []
    for name, changes in (("here", {}), ("pool", {"workers": 2})):
        chosen = settings.model_copy(update={**changes, "data": str(tmp_path / name)})
        with open_executor(workers=chosen.workers, scheduler=chosen.scheduler) as executor:
            workspace = Workspace(chosen, now=mornings[0], executor=executor, create=True)
            _, market = workspace.ingest(workspace.universe())
            workspace.dataset(market)
        tables.append([Store(chosen.data).read(table) for table in ("features", "scores")])
    for here, there in zip(*tables, strict=True):
        assert len(here)
        pd.testing.assert_frame_equal(here, there, check_exact=True)


def test_features_are_written_where_they_differ_from_the_stored_ones(settings, mornings, tmp_path):
    """Not when nothing is new, and whenever a bar is."""
    chosen = settings.model_copy(update={"data": str(tmp_path / "store")})
    store = Store(chosen.data)
    versions = []
    for now in (mornings[0], mornings[0], mornings[1]):
        workspace = Workspace(chosen, now=now, create=True)
        _, market = workspace.ingest(workspace.universe())
        data = workspace.dataset(market)
        versions.append(store.version("features"))
        stored = store.read("features")
        pd.testing.assert_frame_equal(stored, data.features[stored.columns], check_exact=True)
    assert versions[0] == versions[1] < versions[2]


def test_an_error_does_not_wait_for_what_workers_still_compute():
    """They would compute for nobody, for an hour perhaps."""

    def run():
        with open_executor(workers=2) as pool:
            assert pool.submit(pow, 2, 3).result() == 8
            pool.submit(time.sleep, 3600)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()


def test_a_killed_worker_is_one_sentence_that_says_what_to_do():
    """The kernel kills where memory runs out, and nobody learns that from a broken pool's traceback."""
    sentence = r"^One of 2 worker processes was killed, .*Set fewer `workers`"
    with pytest.raises(StockseqError, match=sentence), open_executor(workers=2) as pool:
        pool.submit(signal.raise_signal, signal.SIGKILL).result()
