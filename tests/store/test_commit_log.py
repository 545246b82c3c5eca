"""What the log of a table tells of rewrites, whatever its commits say of themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable

from stockseq.errors import StoreError
from stockseq.store import Store
from tests.store.store_rows import headlines, utc


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three headlines in three commits."""
    store = Store(tmp_path)
    for text in ("a", "b", "c"):
        store.append("headlines", headlines([text]))
    return store


def commit(store: Store, version: int) -> Path:
    return Path(store.root, "headlines", "_delta_log", f"{version:020}.json")


def edit_info(store: Store, version: int, **changes: object) -> None:
    """Change what a commit says of itself."""
    actions = [json.loads(line) for line in commit(store, version).read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"] |= changes
    commit(store, version).write_text("".join(json.dumps(action) + "\n" for action in actions))


def delete(store: Store) -> None:
    DeltaTable(f"{store.root}/headlines").delete("text = 'b'")


def relabel(store: Store) -> None:
    delete(store)
    edit_info(store, 3, operation="WRITE", operationParameters={"mode": "Append"})


def hide(store: Store) -> None:
    delete(store)
    DeltaTable(f"{store.root}/headlines").create_checkpoint()
    for version in range(3):
        commit(store, version).unlink()


def link(store: Store) -> None:
    path = commit(store, 1)
    path.replace(path.with_name("copy"))
    path.symlink_to("copy")


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        (delete, "version 3: DELETE, which does more than append"),
        (relabel, "version 3: it takes rows away"),
        (hide, "3 of its 4 commits are gone"),
        (link, "_delta_log/00000000000000000001.json: a link in place of a file"),
    ],
)
def test_a_rewrite_is_found_however_it_is_hidden(store: Store, tamper: Callable[[Store], None], finding: str) -> None:
    """By its name, by the files that it takes away, or by what is missing."""
    assert store.rewrites("headlines") == []
    tamper(store)
    assert finding in store.rewrites("headlines")


def test_a_commit_dated_after_the_clock_is_found_where_the_clock_is_given(store: Store) -> None:
    """A clock of another machine may be hours ahead, not days."""
    clock = pd.Timestamp.now("UTC")
    edit_info(store, 1, timestamp=int((clock.timestamp() + 20 * 3600) * 1000))
    assert store.rewrites("headlines", clock=clock) == []
    edit_info(store, 1, timestamp=int((clock.timestamp() + 30 * 3600) * 1000))
    assert store.rewrites("headlines", clock=clock) == ["version 1: dated after the machine's clock, or not at all"]
    assert store.rewrites("headlines") == []


def test_maintenance_is_no_rewrite(store: Store) -> None:
    """Files are joined and deleted, rows are not."""
    store.compact(retention_hours=0)
    assert store.rewrites("headlines", clock=utc("2100-01-01")) == []


def test_a_column_that_this_version_does_not_know_is_refused(store: Store) -> None:
    """It was edited, or written by a later version, whose rows this one can't judge."""
    table = DeltaTable(f"{store.root}/headlines")
    table.alter.add_columns([type(table.schema().fields[0])("note", "string")])
    with pytest.raises(StoreError, match=r"holds the columns \['note'\], which this version doesn't know"):
        store.read("headlines")
