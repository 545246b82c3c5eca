"""What kill -9, Ctrl-C and a full disk leave of `python -m pipelines daily`: run again, and nothing shows of it."""

import filecmp
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from stockseq.runs.folder import run_names
from stockseq.store import Store
from tests.campaign.forked_command import ForkedRun, fork_server
from tests.campaign.small_work import copy_store
from tests.campaign.whole_store import contents, require_no_leftovers, require_whole
from tests.pipelines.small import SMALL, write_settings

REPOSITORY = Path(__file__).parents[2]
N_DAYS = 2


class Run:
    """The command in a process of its own, imports and all."""

    def __init__(self, arguments: list[str]) -> None:
        command = [sys.executable, "-m", "pipelines", *arguments]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.said = ""

    def ended_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the run is over."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Return the exit status, which is -9 for a killed one."""
        _, self.said = self.process.communicate()
        return self.process.returncode


Start = Callable[[list[str]], Run | ForkedRun]


@dataclass(frozen=True)
class Undisturbed:
    """The same days run once each: where they lie, the tables after each, and the seconds each held the store."""

    data: Path
    tables: list[dict[str, pd.DataFrame]]
    seconds: list[float]


@pytest.fixture(scope="module")
def fork() -> Start:
    """The command in a fork of a process that has done its imports, which take as long as the rest of a small day."""
    return fork_server(0).start


@pytest.fixture(scope="module")
def undisturbed(fork: Start, mornings: list[pd.Timestamp], tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    tables, seconds = [], []
    for morning in mornings[:N_DAYS]:
        run = start_working(fork, data, morning)
        started = time.monotonic()
        assert run.end() == 0
        seconds.append(time.monotonic() - started)
        tables.append(contents(data))
    return Undisturbed(data, tables, seconds)


def test_eight_kills_leave_nothing_torn_and_the_days_end_as_any_would(
    fork: Start, undisturbed: Undisturbed, mornings: list[pd.Timestamp], tmp_path: Path
) -> None:
    """A laptop that dies in the middle must cost no data, no forecast and no trust in the ledger."""
    kill_and_finish(fork, undisturbed, mornings, tmp_path / "data", seed=11, n_kills=8)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thirty_kills_of_whole_processes_end_the_same(
    undisturbed: Undisturbed, mornings: list[pd.Timestamp], tmp_path: Path
) -> None:
    """The same at thirty other moments, without the fork that saves the imports."""
    kill_and_finish(Run, undisturbed, mornings, tmp_path / "data", seed=31, n_kills=30)


def test_ctrl_c_is_one_sentence_and_the_next_run_goes_on(
    fork: Start, undisturbed: Undisturbed, mornings: list[pd.Timestamp], tmp_path: Path
) -> None:
    """Whoever stops a run is told what they have, and that the same command goes on from there."""
    data = tmp_path / "data"
    run = start_working(fork, data, mornings[0])
    # Midway: the headlines are scored; features, training, forecasts and the page are to come.
    wait_until(lambda: (data / "scores" / "_delta_log").exists())
    assert run.send(signal.SIGINT) == 130
    assert "Traceback" not in run.said
    assert run.said.splitlines()[-1] == (
        "Stopped. The store is complete up to the last finished step; run the same command again to go on."
    )
    finish_first_day(fork, undisturbed, data, mornings[0])


WORKERS = """
import time
from stockseq.executors import open_executor
with open_executor(workers=2) as pool:
    pool.submit(time.sleep, 0).result()
    long = pool.submit(time.sleep, 300)
    print("working", flush=True)
    long.result()
"""


def start_workers() -> subprocess.Popen[str]:
    """Start a run whose workers hold its output open and have five minutes of work, in a session of its own."""
    run = subprocess.Popen(
        [sys.executable, "-c", WORKERS],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "working\n"
    return run


def test_ctrl_c_ends_the_worker_processes_at_once_and_in_silence() -> None:
    """A terminal sends it to all of them, and each would print a traceback of its own."""
    run = start_workers()
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert said.count("Traceback") == 1
    assert said.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_a_run_that_is_killed(number: signal.Signals) -> None:
    """It would finish a task of minutes for nobody, beside the run that was started instead."""
    run = start_workers()
    run.send_signal(number)
    # The output ends when the last process that holds it does.
    run.communicate(timeout=60)
    assert run.returncode == -number


def test_a_disk_that_fills_up_is_told_and_the_next_run_goes_on(
    fork: Start, undisturbed: Undisturbed, mornings: list[pd.Timestamp], tmp_path: Path
) -> None:
    """The bars fit and the features don't: what was stored stays, and with room the day ends as any would."""
    data = tmp_path / "data"
    run = fork_server(0).start(daily(data, mornings[0]), limit_kib=100)
    assert run.end() == 1
    assert "Traceback" not in run.said
    # The threads of delta-rs may complain before.
    sentence = run.said.splitlines()[-1]
    assert sentence.startswith(
        f"✗ The table `features` at {data}/features could not be written, and holds what it held"
    )
    assert len(Store(data).read("bars")) == len(undisturbed.tables[0]["bars"])
    finish_first_day(fork, undisturbed, data, mornings[0])


def kill_and_finish(
    start: Start, undisturbed: Undisturbed, mornings: list[pd.Timestamp], data: Path, *, seed: int, n_kills: int
) -> None:
    """Kill each day's run many times in a row, each time on what the last one left, then let it end.

    A run that ends before it is hit leaves nothing to do that a kill could break: the day is begun again.
    """
    moments = random.Random(seed)
    for day in range(N_DAYS):
        begun, n_hit = data.with_name(f"begun-{day}"), 0
        _copy(data, begun)
        while n_hit < n_kills // N_DAYS:
            run = start_working(start, data, mornings[day])
            run.ended_within(moments.uniform(0, undisturbed.seconds[day]))
            was_hit = run.send(signal.SIGKILL) == -signal.SIGKILL
            require_whole(data)
            n_hit += was_hit
            if not was_hit:
                _copy(begun, data)
        assert start(daily(data, mornings[day])).end() == 0
        require_same_tables(data, undisturbed.tables[day])
    require_no_leftovers(data)
    assert len(run_names(data)) == N_DAYS
    for name in run_names(data):
        for file in ("forecasts.parquet", "headlines.parquet", "metrics.json"):
            assert filecmp.cmp(data / "runs" / name / file, undisturbed.data / "runs" / name / file, shallow=False)


def finish_first_day(start: Start, undisturbed: Undisturbed, data: Path, morning: pd.Timestamp) -> None:
    """Run the day to its end on what a broken run left: it must be the undisturbed one."""
    require_whole(data)
    assert start(daily(data, morning)).end() == 0
    require_same_tables(data, undisturbed.tables[0])
    require_no_leftovers(data)
    assert len(run_names(data)) == 1


def daily(data: Path, morning: pd.Timestamp) -> list[str]:
    settings = write_settings(data.parent, {**SMALL, "simulated.n_tickers": 4, "training.n_seeds": 1})
    return ["daily", "--config", str(settings), "--data", str(data), "--now", morning.isoformat()]


def start_working(start: Start, data: Path, morning: pd.Timestamp) -> Run | ForkedRun:
    """Start a day's run and return once it holds the store; before, there is nothing that a kill could break."""
    before = _written_at(data / ".lock")
    run = start(daily(data, morning))
    wait_until(lambda: _written_at(data / ".lock") != before)
    return run


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, "the run never came so far"
        time.sleep(0.005)


def require_same_tables(data: Path, expected: dict[str, pd.DataFrame]) -> None:
    for table, rows in contents(data).items():
        pd.testing.assert_frame_equal(rows, expected[table], check_exact=True, obj=table)


def _copy(data: Path, to: Path) -> None:
    """Make `to` what `data` is, which may be nothing yet."""
    shutil.rmtree(to, ignore_errors=True)
    if data.exists():
        copy_store(data, to)


def _written_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0
