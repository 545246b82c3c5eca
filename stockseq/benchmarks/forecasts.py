"""The forecasters of the benchmark: three networks and the baselines, fitted on the training moves alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stockseq.benchmarks.acl2018 import LOOKBACK, PERIODS
from stockseq.benchmarks.data import BenchmarkData
from stockseq.dataset.folds import Fold, FoldSettings, final_fold
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.baselines import forecast_baselines
from stockseq.models.forecaster import Forecaster


@dataclass(frozen=True)
class News:
    """What a network reads besides the prices' indicators."""

    sentiment: bool = False
    text: bool = False


PRICES, SENTIMENT, TEXT = "prices", "prices_and_sentiment", "prices_and_text"
NETWORKS: Mapping[str, News] = {PRICES: News(), SENTIMENT: News(sentiment=True), TEXT: News(text=True)}


def forecast_benchmark(forecaster: Forecaster, data: BenchmarkData, settings: FoldSettings) -> dict[str, pd.DataFrame]:
    """Return every forecaster's forecasts of the scored periods with what was realised, networks first.

    Parameters
    ----------
    forecaster : Forecaster
        Its network is fitted three times: on prices, on prices and sentiment, on prices and text, at the protocol's
        lookback.
    data : BenchmarkData
    settings : FoldSettings
        Validation size, gap and the most sessions to train on.
    """
    # TensorFlow takes seconds to load, and whoever reads results needs none of it.
    from stockseq.models.forecasting import join_realised

    fold = cut_fold(data, settings)
    test = data.samples.on(fold.test)
    forecasts = {}
    for name, news in NETWORKS.items():
        forecaster.progress.say(f"Training the network on {name.replace('_', ' ')}")
        forecasts[name] = _forecast_network(forecaster, data, news, fold)
    forecaster.progress.say("Fitting the baselines")
    baselines = forecast_baselines(data.panel, data.of(PERIODS[0]), test, lookback=LOOKBACK)
    return forecasts | {name: join_realised(frame, test) for name, frame in baselines.items()}


def cut_fold(data: BenchmarkData, settings: FoldSettings) -> Fold:
    """Return the fold that trains and validates on the training moves and tests on the scored periods."""
    train, validation = split_training(data.sessions(PERIODS[0]), settings)
    test = pd.DatetimeIndex([session for period in data.scored for session in data.sessions(period)])
    return Fold(train, validation, test)


def split_training(sessions: pd.DatetimeIndex, settings: FoldSettings) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Split the training sessions into those fitted on and the last ones, for early stopping.

    Between the two lie the gap and the session that a label spans.

    Examples
    --------
    >>> sessions = pd.bdate_range("2014-01-01", periods=30)
    >>> train, validation = split_training(sessions, FoldSettings(validation_size=10, gap=5))
    >>> len(train), len(validation)
    (14, 10)
    """
    purge = FoldSettings(min_train=1, validation_size=0, gap=settings.gap, max_train=settings.max_train)
    fold = final_fold(sessions, purge, n_test=settings.validation_size, horizon=1)
    return fold.train, fold.test


def _forecast_network(forecaster: Forecaster, data: BenchmarkData, news: News, fold: Fold) -> pd.DataFrame:
    from stockseq.models.forecasting import forecast_samples
    from stockseq.models.training import fit_model

    network = forecaster.network.model_copy(update={"lookback": LOOKBACK})
    if not news.text:
        network = network.model_copy(update={"headlines_per_session": 0})
    panel = data.panel if news.sentiment else data.panel.without(SENTIMENT_COLUMNS)
    model = fit_model(
        panel,
        data.samples,
        fold,
        network=network,
        training=forecaster.training,
        executor=forecaster.executor,
        progress=forecaster.progress,
    )
    return forecast_samples(model, panel, data.samples.on(fold.test))
