"""A small market with a planted effect, and one model fitted on it for all tests that only read."""

import pandas as pd
import pytest

from stockseq.models.model import Model
from stockseq.models.training import fit_model
from tests.models.model_rows import FAST, SMALL, TinyMarket, make_market


@pytest.fixture(scope="session")
def market() -> TinyMarket:
    return make_market()


@pytest.fixture(scope="session")
def model(market: TinyMarket) -> Model:
    return fit_model(market.panel, market.samples, market.fold, network=SMALL, training=FAST)


@pytest.fixture(scope="session")
def no_sessions() -> pd.DatetimeIndex:
    return pd.DatetimeIndex([])
