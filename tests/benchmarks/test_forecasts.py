"""The forecasters of the benchmark are fitted on the training moves alone."""

import pandas as pd
import pytest

from stockseq.benchmarks.acl2018 import PERIODS
from stockseq.benchmarks.forecasts import cut_fold, forecast_benchmark, split_training
from stockseq.dataset.folds import FoldSettings
from stockseq.models import training
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import NetworkSettings, TrainingSettings


def test_early_stopping_sees_the_last_training_sessions_behind_a_purge():
    """40 sessions, 10 to validate on, gap 5 and the session a label spans: 40 - 10 - 6 are fitted on, none later."""
    sessions = pd.bdate_range("2014-01-01", periods=40)
    train, validation = split_training(sessions, FoldSettings(validation_size=10, gap=5))
    assert (len(train), len(validation)) == (24, 10)
    assert validation[-1] == sessions[-1]


def test_the_fold_trains_before_the_development_period_and_tests_on_what_follows(data):
    """No choice is made on a session that is scored."""
    fold = cut_fold(data, FoldSettings(validation_size=30))
    assert fold.train.max() < fold.validation.min()
    assert fold.validation.max() < PERIODS[0].end <= fold.test.min()
    assert fold.test.tolist() == [session for period in data.scored for session in data.sessions(period)]


def test_each_network_reads_its_news_and_no_other(monkeypatch, data):
    """Prices alone, prices and sentiment, prices and text, each at the protocol's lookback."""
    seen = []

    class Stop(Exception):
        pass

    def fit(panel, samples, fold, *, network, training, executor, progress):
        seen.append((any(name.startswith("news_") for name in panel.names), network))
        if len(seen) == 3:
            raise Stop
        return

    monkeypatch.setattr(training, "fit_model", fit)
    monkeypatch.setattr("stockseq.models.forecasting.forecast_samples", lambda *arguments: pd.DataFrame())
    forecaster = Forecaster(NetworkSettings(lookback=10, headlines_per_session=4), TrainingSettings(n_seeds=1))
    with pytest.raises(Stop):
        forecast_benchmark(forecaster, data, FoldSettings(validation_size=30))
    assert [sentiment for sentiment, _ in seen] == [False, True, False]
    assert [network.headlines_per_session for _, network in seen] == [0, 0, 4]
    assert {network.lookback for _, network in seen} == {5}
