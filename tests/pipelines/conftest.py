"""A market and a network small enough that a whole recipe runs in seconds."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from stockseq.config import Settings, load_settings
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from tests.pipelines.dask_cluster import DaskCluster
from tests.pipelines.small import SMALL


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of the small market with a store of its own."""
    return load_settings(overrides={**SMALL, "data": str(tmp_path / "data")})


@pytest.fixture(scope="session")
def first_morning(mornings: list[pd.Timestamp], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `settings` after its first morning: whoever goes on from there needs no training of their own."""
    from pipelines.daily import run_daily

    data = tmp_path_factory.mktemp("first-morning") / "data"
    run_daily(load_settings(overrides={**SMALL, "data": str(data)}), mornings[0], quiet=True)
    return data


@pytest.fixture
def begun(settings: Settings, first_morning: Path) -> Settings:
    """The same settings, in whose store the first morning is over."""
    shutil.copytree(first_morning, settings.data, symlinks=True)
    return settings


@pytest.fixture(scope="session")
def market() -> SimulatedMarket:
    """The market that `settings` names."""
    return SimulatedMarket(n_sessions=SMALL["simulated.n_sessions"], n_tickers=SMALL["simulated.n_tickers"])


@pytest.fixture(scope="session")
def mornings(market: SimulatedMarket) -> list[pd.Timestamp]:
    """Ten minutes before the decision of each of the market's last five sessions."""
    decided = market.calendar.decision_at(DecisionPolicy())
    return [decided[session] - pd.Timedelta(minutes=10) for session in market.sessions[-5:]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two workers."""
    cluster = DaskCluster(tmp_path_factory.mktemp("cluster"))
    cluster.start_worker("first")
    cluster.start_worker("second")
    cluster.wait_for_workers(2)
    yield cluster
    cluster.close()


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep lock files and the folder of runs apart from the user's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
