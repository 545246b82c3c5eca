"""The figures of the benchmarks, written to bench.json when they are through."""

from pathlib import Path

import pytest

from tests.bench.figures import Recorder

RECORDER = pytest.StashKey[Recorder]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no figure."""
    config.stash[RECORDER] = Recorder()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was recorded, if anything was."""
    recorder = session.config.stash[RECORDER]
    if recorder.figures:
        recorder.write(Path(session.config.rootpath, "bench.json"))


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Recorder:
    """The recorder of this run: `bench.record("ledger", seconds, "s")`."""
    return request.config.stash[RECORDER]
