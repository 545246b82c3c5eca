"""A store at a URL is held by one run at a time, on whichever machine: moto's S3 server on loopback.

A machine of its own is a process with a state folder of its own, so that no lock of the operating system helps.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stockseq.errors import StoreBusy
from stockseq.store import Store
from stockseq.store.lease import RUN_LOCK, Holder, LeaseTerms, hold_lease
from tests.campaign.cutting_proxy import KEYS, object_store
from tests.store.store_rows import bars

SHORT = LeaseTerms(lasts_s=4.0, renewed_s=0.5, watched_s=1.5)
MACHINE = """
import sys
from contextlib import ExitStack
from tests.store.store_rows import bars
from tests.store.test_lease import SHORT, a_store
endpoint, held = sys.argv[1], ExitStack()
print("ready", flush=True)
for line in sys.stdin:
    what, name = line.split()
    store = a_store(name, endpoint) if what == "lock" else store
    try:
        if what == "lock":
            held.close()
            held.enter_context(store.lock(terms=SHORT))
        else:
            store.append("bars", bars([10.0]))
        print("done", flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


def a_store(name: str, endpoint: str = "") -> Store:
    """Return a store of this name in the bucket."""
    options = {**KEYS, "AWS_ENDPOINT_URL": endpoint or object_store().url, "AWS_ALLOW_HTTP": "true"}
    return Store(f"s3://stockseq/{name}", storage_options=options)


class Machine:
    """Another machine: a process with a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "-c", MACHINE, object_store().url],
            env={**os.environ, "XDG_STATE_HOME": str(state), "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answer()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> None:
        assert self.process.stdin is not None
        print(what, file=self.process.stdin, flush=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Another machine, until a test kills it."""
    machine = Machine(tmp_path_factory.mktemp("elsewhere"))
    yield machine
    machine.process.kill()
    machine.process.communicate()


@pytest.fixture
def held(elsewhere: Machine, request: pytest.FixtureRequest) -> Store:
    """A store that the other machine holds."""
    elsewhere.ask(f"lock {request.node.name}")
    assert elsewhere.answer() == "done"
    return a_store(request.node.name)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the lock files of this machine apart from the user's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_run_on_another_machine_is_refused_while_the_first_lives(held: Store, elsewhere: Machine) -> None:
    """Beyond the first lease, for it is renewed; the error says who, since when and until when."""
    time.sleep(SHORT.lasts_s + 0.5)
    who = f"process {elsewhere.process.pid} on"
    said = rf"Another run holds the store s3://stockseq/\w+: {who} \S+ since 20\S+, until 20\S+ unless it goes on"
    with pytest.raises(StoreBusy, match=said), held.lock(terms=SHORT):
        pass
    assert who in (held.holder() or "")


def test_a_clock_that_runs_ahead_takes_no_living_runs_store(held: Store, elsewhere: Machine) -> None:
    """By a clock an hour ahead every lease is over; that it is renewed tells otherwise."""
    with (
        pytest.raises(StoreBusy, match=f"process {elsewhere.process.pid}"),
        hold_lease(held._lease_file, token="me", terms=SHORT, clock=lambda: datetime.now(UTC) + timedelta(hours=1)),
    ):
        pass


def test_a_machine_that_slept_through_its_lease_writes_nothing_more(held: Store, elsewhere: Machine) -> None:
    """It does not know that it slept, and another run has begun: the store was free after the lease."""
    elsewhere.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(SHORT.lasts_s)
        with held.lock(terms=SHORT):
            assert f"process {os.getpid()} on" in (held.holder() or "")
            elsewhere.process.send_signal(signal.SIGCONT)
            elsewhere.ask("append bars")
            said = elsewhere.answer()
    finally:
        elsewhere.process.send_signal(signal.SIGCONT)
    assert said.startswith("StoreBusy This run holds the store s3://stockseq/"), said
    assert "no longer, as it did until 20" in said
    assert held.read("bars").empty
    assert held.holder() is None


def test_a_killed_run_holds_the_store_until_its_lease_is_over_but_not_on_its_own_machine(
    held: Store, elsewhere: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the operating system's lock says at once that it is dead."""
    elsewhere.process.kill()
    elsewhere.process.wait()
    with pytest.raises(StoreBusy, match="If that machine is down, run again after that instant"), held.lock():
        pass
    monkeypatch.setenv("XDG_STATE_HOME", str(elsewhere.state))
    with held.lock():
        held.append("bars", bars([10.0]))
    assert len(held.read("bars")) == 1


def test_the_store_is_free_after_a_run_and_after_its_failure() -> None:
    """With or without a slash at the end it is the same store; another URL is another."""
    first, second = a_store("again"), a_store("again/")
    with first.lock(), a_store("other").lock(), pytest.raises(StoreBusy), second.lock():
        pass
    with pytest.raises(RuntimeError), first.lock():
        raise RuntimeError
    with second.lock():
        pass


def test_of_two_that_take_it_at_once_one_gets_it() -> None:
    """The second commit conflicts with the first."""
    file = a_store("race")._lease_file
    taken = []

    def now() -> datetime:
        # Between reading that the store is free and taking it, another run takes it.
        if not taken:
            taken.append("other")
            row = Holder("other", "elsewhere", 7, datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=60))
            with hold_lease(file, token="other", terms=SHORT, clock=lambda: row.since) as lease:
                lease._ended.set()
                lease._thread.join()
                lease.end = lambda: None  # type: ignore[method-assign]
        return datetime.now(UTC)

    with pytest.raises(StoreBusy, match="Another run holds"), hold_lease(file, token="me", terms=SHORT, clock=now):
        pass


def test_the_lock_is_no_table_of_the_data() -> None:
    """A run's provenance names the versions of its data, and renewals are none."""
    store = a_store("apart")
    with store.lock(terms=SHORT):
        store.append("bars", bars([10.0]))
        assert store.versions() == {"bars": 0}
    assert len(RUN_LOCK.to_pandas(store._lease_file.scan(store._lease_file.open(), None))) == 1
