"""One run at a time: the second says who holds the store, and no way of dying leaves it locked."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stockseq.errors import StoreBusy, StoreError
from stockseq.store import Store
from stockseq.store.root import lock, read_holder

LOCKER = """
import multiprocessing, sys, time
from stockseq.store import Store
def work(begun):
    begun.set()
    time.sleep(60)
with Store(sys.argv[1]).lock():
    if sys.argv[2] == "forks":
        context = multiprocessing.get_context("fork")
        begun = context.Event()
        child = context.Process(target=work, args=(begun,), daemon=True)
        child.start()
        begun.wait(60)
        print(child.pid, flush=True)
    print("locked", flush=True)
    time.sleep(60)
"""


def start_locker(root: Path, how: str = "") -> subprocess.Popen[str]:
    """Start another process that holds the store."""
    return subprocess.Popen([sys.executable, "-c", LOCKER, str(root), how], stdout=subprocess.PIPE, text=True)


def wait_until_locked(process: subprocess.Popen[str]) -> list[str]:
    """Return what the process printed before it held the store."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if line == "locked\n":
            return lines
        lines.append(line)
    raise AssertionError("the other process did not get the lock")


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_second_run_is_refused_at_once_and_told_who_holds_the_store(tmp_path: Path) -> None:
    """And gets it as soon as the first is killed, with no lock to remove by hand."""
    process = start_locker(tmp_path)
    try:
        wait_until_locked(process)
        with (
            pytest.raises(StoreBusy, match=rf"process {process.pid} on .* since 20\d\d-.*\+00:00"),
            Store(tmp_path).lock(),
        ):
            pass
    finally:
        end(process)
    with Store(tmp_path).lock():
        pass


def test_a_killed_runs_forked_workers_do_not_keep_the_lock(tmp_path: Path) -> None:
    """A fork shares its parent's lock unless it lets go of it."""
    process = start_locker(tmp_path, "forks")
    worker = int(wait_until_locked(process)[0])
    end(process)
    try:
        with Store(tmp_path).lock():
            pass
    finally:
        os.kill(worker, signal.SIGKILL)


def test_the_lock_is_free_after_the_run_and_after_its_failure(tmp_path: Path) -> None:
    """Two stores in one process exclude each other as two processes do."""
    first, second = Store(tmp_path), Store(tmp_path)
    with first.lock(), pytest.raises(StoreBusy), second.lock():
        pass
    with pytest.raises(RuntimeError), first.lock():
        raise RuntimeError
    with second.lock():
        pass


def test_a_run_that_ends_before_it_has_a_lease_leaves_the_token_of_the_last_that_had(tmp_path: Path) -> None:
    """Else the dead run's lease would hold the store for its five minutes, though it died on this machine."""
    path = tmp_path / "a.lock"
    with lock(path, "s3://bucket/a") as first:
        first.note("of the dead run")
    for _ in range(2):
        with lock(path, "s3://bucket/a") as held:
            assert held.earlier_token == "of the dead run"
            assert f"process {os.getpid()} on" in (read_holder(path) or "")


def test_reading_needs_no_lock(tmp_path: Path) -> None:
    """A page is rendered while the daily run goes on."""
    with Store(tmp_path).lock():
        assert Store(tmp_path).read("bars").empty


def test_a_state_folder_that_can_not_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the path."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="can't be locked for a run"), Store("s3://bucket/a").lock():
        pass


@pytest.mark.parametrize(
    ("signature", "advice"),
    [
        ({"pid": 2**22 + 1}, "which can't be seen from here: it runs in a container"),
        ({"host": "elsewhere"}, f"; this is {socket.gethostname()}. Wait for it to end, or end it there"),
        ({"pid": "x"}, "a process that started at "),
    ],
)
def test_a_lock_whose_holder_is_not_seen_says_where_to_look(
    tmp_path: Path, signature: dict[str, object], advice: str
) -> None:
    """In a container, on another machine that shares the folder, or before it has signed."""
    path = Store(tmp_path).folder / ".lock"
    with Store(tmp_path).lock():
        path.write_text(json.dumps({**json.loads(path.read_text()), **signature}))
        with pytest.raises(StoreBusy, match=re.escape(advice)), Store(tmp_path).lock():
            pass
        assert advice in (read_holder(path) or "")


def test_a_killed_run_leaves_a_file_that_says_it_is_no_lock(tmp_path: Path) -> None:
    """Whoever looks for what to delete finds that there is nothing."""
    process = start_locker(tmp_path)
    wait_until_locked(process)
    assert f"process {process.pid} on" in (read_holder(tmp_path / ".lock") or "")
    end(process)
    assert "there is nothing to delete" in (tmp_path / ".lock").read_text()
    assert read_holder(tmp_path / ".lock") is None
