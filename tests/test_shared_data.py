"""Data are handed to each process once: a job carries a handle, and arrays lie in memory that all share."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.executors import open_executor
from stockseq.shared_data import InFile, Shared, share


def add_up(shared: Shared[tuple[str, np.ndarray]], more: float) -> float:
    """Return what a job makes of the data."""
    return float(shared.get()[1].sum()) + more


def describe(shared: Shared[dict[str, object]]) -> tuple[bool, bool, str]:
    """Return whether the array can be written, whether it owns its memory, and the text of the frame."""
    array, frame = shared.get()["array"], shared.get()["frame"]
    assert isinstance(array, np.ndarray)
    assert isinstance(frame, pd.DataFrame)
    return array.flags.writeable, array.flags.owndata, "".join(frame["text"])


def test_without_an_executor_the_handle_is_the_data() -> None:
    """Nothing is copied or written."""
    data = ["anything"]
    with share(data, None) as shared:
        assert shared.get() is data


def test_a_pools_job_carries_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes map one file; nothing is left of it afterwards."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    data = {
        "array": np.arange(100_000, dtype="float64"),
        "empty": np.array([]),
        "frame": pd.DataFrame({"text": ["a", "b"], "number": [1.0, np.nan]}),
    }
    with open_executor(workers=2) as pool:
        with share(data, pool) as shared:
            assert len(pickle.dumps(shared)) < 500
            assert list(pool.map(describe, [shared, shared])) == [(False, False, "ab")] * 2
        with share(("x", np.ones(10)), pool) as second:
            assert list(pool.map(add_up, [second] * 3, [0.0, 1.0, 2.0])) == [10.0, 11.0, 12.0]
    assert os.listdir(tmp_path) == []


def test_a_folder_without_space_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that names another."""

    def full(data: object, folder: Path) -> None:
        raise OSError(28, "No space left on device", str(folder / "arrays"))

    monkeypatch.setattr("stockseq.shared_data._write", full)
    said = r"can't be written to \S+: No space left on device \(\S+arrays\)\. Name a folder with more space in TMPDIR"
    with open_executor(workers=2) as pool, pytest.raises(StockseqError, match=said), share([1], pool):
        pass


def test_a_temporary_folder_that_can_not_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where the folder should be, say."""
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    said = r"can't be written to a temporary folder: Not a directory \(\S+\)\. Name a folder with more space in TMPDIR"
    with open_executor(workers=2) as pool, pytest.raises(StockseqError, match=said), share([1], pool):
        pass


def test_what_comes_back_is_what_was_shared_bit_for_bit(tmp_path: Path) -> None:
    """With no array at all, too."""
    from stockseq.shared_data import _write

    arrays = (np.array([0.1, np.nan]), np.arange(3, dtype="int8"), np.zeros((0, 4), dtype="float32"))
    for number, data in enumerate([arrays, ("no array", 1)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        _write(data, folder)
        found = InFile(str(folder)).get()
        for one, other in zip(data, found, strict=True):
            np.testing.assert_array_equal(one, other)
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
