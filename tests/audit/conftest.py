"""A simulated market of 60 sessions, and the clock that it is cut by."""

import pandas as pd
import pytest

from stockseq.audit.clock import Clock, Cut
from stockseq.market import MarketData
from stockseq.sessions import DecisionPolicy
from stockseq.sources.markets import load_simulated

LATENCY = pd.Timedelta(minutes=15)


@pytest.fixture(scope="session")
def market() -> MarketData:
    """Three tickers."""
    return load_simulated(n_tickers=3, n_sessions=60, seed=5)


@pytest.fixture(scope="session")
def clock(market: MarketData) -> Clock:
    """Of decisions half an hour before the open."""
    return Clock(market.calendar, DecisionPolicy(), LATENCY)


@pytest.fixture(scope="session")
def cut(market: MarketData, clock: Clock) -> Cut:
    """The decision of the 41st session."""
    return clock.cut(pd.Timestamp(market.bars["session"].unique()[40]))
