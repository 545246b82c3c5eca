"""A market and a network small enough that a whole recipe runs in seconds."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.config import Settings, load_settings
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket

SMALL: dict[str, Any] = {
    "source": "simulated",
    "simulated.n_sessions": 230,
    "simulated.n_tickers": 6,
    "network.lookback": 3,
    "network.units": 2,
    "training.n_seeds": 2,
    "training.epochs": 2,
    "folds.min_train": 90,
    "folds.validation_size": 20,
    "folds.n_folds": 2,
    "daily.holdout": 20,
}


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
