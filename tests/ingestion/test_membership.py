"""Tickers leave and come back, and the store keeps what it has of them."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.ingestion.membership import record_membership, removed_tickers
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.ingestion.test_origin import AT, fill

LATER = AT + pd.Timedelta(days=1)


def test_the_newest_state_of_a_ticker_counts_and_a_repeated_one_is_not_noted(tmp_path: Path) -> None:
    """Removed, removed again, added: two rows, and as of the first day it is out."""
    store = Store(tmp_path)
    for state, at in (("removed", AT), ("removed", AT + pd.Timedelta(hours=1)), ("added", LATER)):
        record_membership(store, ["XOM"], state, at=at)
    assert len(store.read("universe")) == 2
    assert removed_tickers(store, as_of=AT) == {"XOM"}
    assert removed_tickers(store, as_of=LATER) == set()


def test_a_removed_ticker_is_in_no_run_until_it_is_added_or_named(tmp_path: Path) -> None:
    """Its bars stay."""
    data = str(tmp_path / "data")
    fill(tmp_path / "data", "files", "files")
    workspace = Workspace(data, now=AT)
    workspace.remove(["T1"])
    assert workspace.universe() == ("T2",)
    assert len(workspace.store.bars(["T1"])) == 1
    assert workspace.with_settings(tickers=("T1",)).universe() == ("T1",)
    assert Workspace(data, now=LATER).with_added(["T1"]) == ("T1", "T2")
    assert Workspace(data, now=LATER).universe() == ("T1", "T2")


def test_only_what_is_there_is_removed_and_something_stays(tmp_path: Path) -> None:
    """A misspelt ticker is told with those that there are, and the last ones are refused before anything is written."""
    fill(tmp_path / "data", "files", "files")
    workspace = Workspace(str(tmp_path / "data"), now=AT)
    with pytest.raises(SourceError, match="T3 isn't among the 2 tickers of the store; there are T1, T2"):
        workspace.remove(["T3"])
    with pytest.raises(SourceError, match=r"These are all of 2 tickers.*nothing was removed"):
        workspace.remove(["T1", "T2"])
    assert workspace.universe() == ("T1", "T2")
    workspace.remove(["T1"])
    with pytest.raises(SourceError, match="It is all of 1 ticker"):
        workspace.remove(["T2"])
    # As an earlier version let it happen.
    record_membership(workspace.store, ["T2"], "removed", at=AT)
    with pytest.raises(SourceError, match="make add TICKERS=T1"):
        workspace.universe()
