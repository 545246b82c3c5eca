"""A dataset and folds so small that a network is fitted on them in a second or two."""

import pytest

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import Fold, FoldSettings, cut_folds
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.sources.markets import load_simulated


@pytest.fixture(scope="session")
def data() -> Dataset:
    """Four simulated tickers over 160 sessions."""
    return build_dataset(load_simulated(n_sessions=160, n_tickers=4), lookback=3)


@pytest.fixture(scope="session")
def folds(data: Dataset) -> tuple[Fold, ...]:
    """Two folds with validation sessions."""
    return cut_folds(data.sessions, FoldSettings(min_train=60, validation_size=12, gap=2, n_folds=2), horizon=0)


@pytest.fixture
def forecaster() -> Forecaster:
    """Two units, two seeds, one epoch."""
    return Forecaster(NetworkSettings(lookback=3, units=2), TrainingSettings(n_seeds=2, epochs=1))
