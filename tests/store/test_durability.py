"""What a power cut, a kill, two writers or a full disk leave behind: always a store that reads whole."""

import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import DeltaTable

from stockseq.errors import StoreError
from stockseq.store import Store
from tests.store.store_rows import bars, features, headlines

TABLES = ("bars", "headlines", "features")
TICKERS = ("A", "B", "C")


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that shares nothing with this one; forked from a server that has imported all, so it is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def end(process: BaseProcess) -> int | None:
    process.join()
    code = process.exitcode
    process.close()
    return code


def write_days(root: Path, n_days: int = 4) -> None:
    """Write three tables a day, each a little longer and revised from day to day."""
    store = Store(root)
    with store.lock():
        for day in range(1, n_days + 1):
            closes = [10.0 * day + number for number in range(day)]
            new = pd.concat([bars(closes, ticker=ticker, fetched=f"2024-03-{day:02}") for ticker in TICKERS])
            store.append_vintages("bars", new)
            store.append("headlines", headlines([f"{number}" for number in range(day)]))
            store.replace("features", pd.concat([features(closes, ticker=ticker) for ticker in TICKERS]))


def contents(root: Path) -> dict[str, pd.DataFrame]:
    store = Store(root)
    return {table: store.read(table) for table in TABLES}


def test_twenty_kills_at_random_moments_tear_and_double_nothing(tmp_path: Path) -> None:
    """Each kill hits the run again from its start on the same store; the last run, undisturbed, ends as any would."""
    started = time.monotonic()
    assert end(start(write_days, tmp_path / "undisturbed")) == 0
    duration = time.monotonic() - started
    expected = contents(tmp_path / "undisturbed")
    moments = random.Random(7)
    codes = []
    for _ in range(20):
        process = start(write_days, tmp_path / "killed")
        time.sleep(moments.uniform(0, duration))
        process.kill()
        codes.append(end(process))
        for table, rows in contents(tmp_path / "killed").items():
            key = ["headline_id"] if table == "headlines" else ["ticker", "session"]
            assert not rows.duplicated(key).any()
    assert codes.count(-9) >= 10
    assert end(start(write_days, tmp_path / "killed")) == 0
    for table, rows in contents(tmp_path / "killed").items():
        pd.testing.assert_frame_equal(rows, expected[table])


def append_headlines(root: Path, name: str) -> None:
    store = Store(root)
    for number in range(10):
        store.append("headlines", headlines([f"{name} {number}", f"shared {number}"]))


def test_two_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    """Workers write without the run's lock: each commit sees all that came before it."""
    writers = [start(append_headlines, tmp_path, name) for name in ("first", "second")]
    assert [end(writer) for writer in writers] == [0, 0]
    ids = Store(tmp_path).read("headlines")["headline_id"].tolist()
    assert sorted(ids) == sorted(f"{name} {number}" for name in ("first", "second", "shared") for number in range(10))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def blank(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def make_a_hole(path: Path) -> None:
    """A page in the middle that was never written reads as zeros, while the ends are in place."""
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)


def cut_at_a_line(path: Path) -> None:
    path.write_text(path.read_text().splitlines(keepends=True)[0])


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("commit", truncate),
        ("commit", blank),
        ("commit", cut_at_a_line),
        ("data", truncate),
        ("data", blank),
        ("data", Path.unlink),
    ],
)
@pytest.mark.parametrize("n_commits", [1, 2])
def test_a_torn_last_commit_is_undone_on_opening(
    tmp_path: Path, what: str, damage: Callable[[Path], None], n_commits: int
) -> None:
    """A power cut leaves files short, or of zeros: the commit never returned, so the table is as it was before."""
    store = Store(tmp_path)
    store.append("headlines", headlines(["a"]))
    store.append("bars", bars([10.0]))
    if n_commits == 2:
        store.append("bars", bars([10.0, 11.0]))
    newest = max((tmp_path / "bars").glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    damage(newest if what == "data" else tmp_path / "bars" / "_delta_log" / f"{n_commits - 1:020}.json")
    store = Store(tmp_path)
    assert store.read("bars")["close"].tolist() == [10.0][: n_commits - 1]
    assert len(store.read("headlines")) == 1
    assert store.append("bars", bars([10.0, 11.0, 12.0])).n_rows == 4 - n_commits
    assert store.read("bars")["close"].tolist() == [10.0, 11.0, 12.0]


def test_a_hole_in_the_last_commits_data_is_a_torn_commit(tmp_path: Path) -> None:
    """Its length and its ends are right, and what lies between would be read as an error, or as other prices."""
    store = Store(tmp_path)
    store.append("bars", bars([10.0]))
    store.append("bars", bars([10.0 + number**0.5 for number in range(3000)]))
    newest = max((tmp_path / "bars").glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    assert newest.stat().st_size > 3 * 4096
    make_a_hole(newest)
    assert Store(tmp_path).read("bars")["close"].tolist() == [10.0]


@pytest.mark.parametrize("damage", [truncate, blank, "pointer"])
def test_a_torn_checkpoint_costs_no_commit(tmp_path: Path, damage: Callable[[Path], None] | str) -> None:
    """It repeats what the commits say, so that it is set aside and the table read from those."""
    store = Store(tmp_path)
    store.append("headlines", headlines(["a"]))
    store.append("headlines", headlines(["a", "b"]))
    DeltaTable(tmp_path / "headlines").create_checkpoint()
    log = tmp_path / "headlines" / "_delta_log"
    if isinstance(damage, str):
        truncate(log / "_last_checkpoint")
    else:
        damage(log / f"{1:020}.checkpoint.parquet")
    assert Store(tmp_path).read("headlines")["headline_id"].tolist() == ["a", "b"]
    assert not (log / f"{1:020}.checkpoint.parquet").exists()
    assert Store(tmp_path).append("headlines", headlines(["a", "b", "c"])).n_rows == 1


FILLER = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from tests.store.store_rows import bars
from stockseq.errors import StoreError
from stockseq.store import Store
store = Store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    store.append_vintages("bars", bars([10.0 + number for number in range(2000)], fetched="2024-03-02"))
except StoreError as error:
    print(error)
"""


def test_a_file_that_can_not_grow_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    """The kernel refuses the write in the middle of it, as a full disk or a quota does."""
    Store(tmp_path).append_vintages("bars", bars([10.0, 11.0]))
    script = [sys.executable, "-c", FILLER, str(tmp_path), str(Path(__file__).parent)]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"The table `bars` at {tmp_path}/bars could not be written, and holds what it held before: ")
    assert said.count("\n") == 1
    assert Store(tmp_path).read("bars")["close"].tolist() == [10.0, 11.0]
    assert Store(tmp_path).append_vintages("bars", bars([10.0, 11.0, 12.0])).n_rows == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of one mebibyte; skipped where it can't be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    return disk


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk: Path) -> None:
    """What was stored before reads on, and once there is room the same call succeeds."""
    try:
        store = Store(small_disk)
        store.append_vintages("bars", bars([10.0, 11.0]))
        ballast = small_disk / ".ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - 4096))
        with pytest.raises(StoreError, match=r"could not be written, .*No space left on device"):
            store.append_vintages("bars", bars([10.0 + 0.1 * number for number in range(2000)], fetched="2024-03-02"))
        assert Store(small_disk).read("bars")["close"].tolist() == [10.0, 11.0]
        ballast.unlink()
        assert store.append_vintages("bars", bars([10.0, 11.0, 12.0], fetched="2024-03-02")).n_rows == 1
    finally:
        subprocess.run(["umount", "--lazy", small_disk], check=True)


def test_a_read_only_store_reads_and_refuses_to_write(small_disk: Path) -> None:
    """A page can be made of a store that lies on a medium nobody may write."""
    try:
        Store(small_disk).append_vintages("bars", bars([10.0]))
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        store = Store(small_disk)
        assert store.read("bars")["close"].tolist() == [10.0]
        with pytest.raises(StoreError, match=r"could not be written, .*Read-only file system"):
            store.append_vintages("bars", bars([10.0, 11.0]))
        with pytest.raises(StoreError, match="can't be locked for a run"), store.lock():
            pass
    finally:
        subprocess.run(["umount", "--lazy", small_disk], check=True)
