"""The forecasters of the benchmark: three networks and the baselines, fitted on the training moves alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from pipelines.benchmark_data import BenchmarkData
from pipelines.context import Context, show_progress
from pipelines.forecast import beside_realised
from stockseq.benchmarks.acl2018 import LOOKBACK, PERIODS
from stockseq.dataset.samples import Samples
from stockseq.dataset.walk_forward import Fold, FoldSettings, final_fold
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.baselines import forecast_baselines
from stockseq.models.training import Progress, fit_model
from stockseq.prices import compute_volatility


@dataclass(frozen=True)
class Inputs:
    """What a network reads beside the prices' indicators."""

    sentiment: bool = False
    text: bool = False


PRICES, SENTIMENT, TEXT = "prices", "prices_and_sentiment", "prices_and_text"
NETWORKS: Mapping[str, Inputs] = {PRICES: Inputs(), SENTIMENT: Inputs(sentiment=True), TEXT: Inputs(text=True)}


def forecast_all(context: Context, data: BenchmarkData) -> dict[str, pd.DataFrame]:
    """Return every forecaster's forecasts of the scored periods beside what was realised, networks first."""
    scored = pd.DatetimeIndex([session for period in data.scored for session in data.sessions(period)])
    samples = data.samples.on(scored)
    fold = training_fold(data.sessions(PERIODS[0]), context.settings.folds)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loss]}"), TimeElapsedColumn())
    forecasts = {}
    with show_progress(*columns) as bar:
        for name, inputs in NETWORKS.items():
            task = bar.add_task(f"Training on {name.replace('_', ' ')}", total=None, loss="")

            def progress(done: int, total: int, text: str, task: int = task) -> None:
                bar.update(task, completed=done, total=total, loss=text)  # type: ignore[arg-type]

            forecasts[name] = _forecast_network(context, data, inputs, fold, samples, progress)
        bar.add_task("Fitting the baselines", total=None, loss="")
        forecasts |= forecast_baselines(data.panel, data.of(PERIODS[0]), samples, lookback=LOOKBACK)
    return {name: beside_realised(frame, samples) for name, frame in forecasts.items()}


def training_fold(sessions: pd.DatetimeIndex, settings: FoldSettings) -> Fold:
    """Cut the training sessions into those fitted on (`train`) and the last ones, for early stopping (`test`).

    No development session is seen; between the two lie the gap and the session that a label spans.

    Examples
    --------
    >>> fold = training_fold(pd.bdate_range("2014-01-01", periods=30), FoldSettings(validation_size=10, gap=5))
    >>> len(fold.train), len(fold.test)
    (14, 10)
    """
    purge = FoldSettings(min_train=1, validation_size=0, gap=settings.gap, max_train=settings.max_train)
    return final_fold(sessions, purge, n_test=settings.validation_size, horizon=1)


def _forecast_network(
    context: Context, data: BenchmarkData, inputs: Inputs, fold: Fold, samples: Samples, progress: Progress
) -> pd.DataFrame:
    settings = context.settings
    panel = data.panel if inputs.sentiment else data.panel.without(SENTIMENT_COLUMNS)
    network = settings.network if inputs.text else settings.network.model_copy(update={"headlines_per_session": 0})
    model = fit_model(
        panel,
        data.samples,
        fold.train,
        fold.test,
        network=network,
        training=settings.training,
        executor=context.executor,
        progress=progress,
    )
    volatility = compute_volatility(panel.keys.loc[samples.ends], data.bars, data.actions).to_numpy()
    return model.forecast(panel, samples.ends, volatility=volatility)
