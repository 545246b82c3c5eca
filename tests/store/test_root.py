"""Where a store may lie: where delta-rs finds it again under the name that was given."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from stockseq.errors import StoreError
from stockseq.store import Store
from stockseq.store.root import claim, local_folder


@pytest.mark.parametrize("name", ["a[b", "a]b", "[red]", "a%20b", "a%2Fb", "a\\b", "a|b", "a^b", "a\nb"])
def test_a_name_that_delta_rs_reads_as_another_is_refused(tmp_path: Path, name: str) -> None:
    """It stopped the process, or looked for the table in another folder; nothing is made there."""
    with pytest.raises(StoreError, match="without brackets, backslashes"):
        Store(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b", "a%", "ü", "株", "a'b", "a#b", "a?b", "{x}", "$HOME"])
def test_other_names_hold_a_store(tmp_path: Path, name: str) -> None:
    """Names of folders are people's own."""
    Store(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_home_that_is_not_known_is_a_sentence() -> None:
    """The library raises a RuntimeError."""
    with pytest.raises(StoreError, match="begins with a home folder that isn't known"):
        local_folder("~no-such-user/data")


def test_runs_that_begin_a_store_at_once_all_find_it(tmp_path: Path) -> None:
    """One finds the folder unmarked, and the marker there a moment later."""
    n_at_once = 8
    together = Barrier(n_at_once)

    def begin(folder: Path) -> None:
        together.wait()
        claim(folder)

    with ThreadPoolExecutor(n_at_once) as pool:
        for number in range(30):
            assert list(pool.map(begin, [tmp_path / str(number)] * n_at_once)) == [None] * n_at_once
