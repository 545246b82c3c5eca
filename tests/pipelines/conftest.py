"""A market and a network small enough that a whole recipe runs in seconds."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.config import Settings, load_settings
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from tests.pipelines.small import SMALL


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of the small market with a store of its own."""
    return load_settings(overrides={**SMALL, "data": str(tmp_path / "data")})


@pytest.fixture(scope="session")
def market() -> SimulatedMarket:
    """The market that `settings` names."""
    return SimulatedMarket(n_sessions=SMALL["simulated.n_sessions"], n_tickers=SMALL["simulated.n_tickers"])


@pytest.fixture(scope="session")
def mornings(market: SimulatedMarket) -> list[pd.Timestamp]:
    """Ten minutes before the decision of each of the market's last five sessions."""
    decided = market.calendar.decision_at(DecisionPolicy())
    return [decided[session] - pd.Timedelta(minutes=10) for session in market.sessions[-5:]]
