"""The networks of an ablation, fitted one by one and saved, so that a stopped run goes on where it was."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.errors import StockseqError, TrainingFailed
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.results import Result
from stockseq.shared_data import Shared, share

COLUMNS = [
    "ticker",
    "session",
    "probability_up",
    "expected_return",
    "relative",
    "sigma",
    "realised_return",
    "realised_variance",
]


@dataclass(frozen=True)
class FitTask:
    """One network to fit: a variant of one seed on one fold.

    Parameters
    ----------
    variant : str
    number : int
        Of the fold, from 1.
    fold : Fold
    seed : int
    network, training : NetworkSettings, TrainingSettings
        Of the training settings all but the seeds count.
    sentiment : bool
        Whether the network sees the features of sentiment.
    """

    variant: str
    number: int
    fold: Fold
    seed: int
    network: NetworkSettings
    training: TrainingSettings
    sentiment: bool


class FitRecord(Result):
    """How a fit went.

    Parameters
    ----------
    failure : str or None
        Why the network could not be fitted; then all else is absent.
    validation_loss : float or None
        None without validation sessions.
    n_epochs : float
    seconds : float
        From the start to the last look at the losses.
    seconds_per_epoch : float or None
        By the median of all looks but the first, which also builds the graph; None without such.
    n_weights : int
    readings : mapping
        What the layers learnt, by layer and name.
    """

    failure: str | None
    validation_loss: float | None = None
    n_epochs: float | None = None
    seconds: float | None = None
    seconds_per_epoch: float | None = None
    n_weights: int | None = None
    readings: dict[str, dict[str, float | list[float]]] | None = None


@dataclass(frozen=True)
class NetworkFit:
    """What one network gave.

    Parameters
    ----------
    forecasts : DataFrame, empty if it failed
        `COLUMNS` on the fold's test sessions.
    record : FitRecord
    repeatable : bool
        Whether another try would give the same: not after a failure that may lie in the machine.
    """

    forecasts: pd.DataFrame
    record: FitRecord
    repeatable: bool = True


@dataclass(frozen=True)
class FitCache:
    """A folder of fitted networks, each under a hash of all that its forecasts depend on.

    Parameters
    ----------
    folder : Path
    digest : str
        Of the data and the code.
    """

    folder: Path
    digest: str

    @classmethod
    def open(cls, folder: Path, data: Dataset, *, code: str) -> "FitCache":
        """Return the cache of a dataset in a folder, which is made if it is not there.

        Parameters
        ----------
        folder : Path
        data : Dataset
        code : str
            Names the code that fits: a network of other code is fitted anew.
        """
        folder.mkdir(parents=True, exist_ok=True)
        panel, samples = data.panel, data.samples
        digest = hashlib.sha256(code.encode())
        digest.update(panel.indicators.tobytes() + repr((panel.names, panel.texts)).encode())
        digest.update(panel.late.to_bytes() if panel.late is not None else b"")
        digest.update(samples.ends.tobytes() + samples.realised_return.tobytes() + samples.target.tobytes())
        digest.update("\n".join(samples.ticker).encode() + samples.session.tobytes() + samples.volatility.tobytes())
        return cls(folder, digest.hexdigest())

    def load(self, task: FitTask) -> NetworkFit | None:
        """Return a saved fit; None where there is none, or it can't be read."""
        key = self._key(task)
        try:
            record = FitRecord.model_validate_json((self.folder / f"{key}.json").read_bytes())
            forecasts = pd.DataFrame() if record.failure else pd.read_parquet(self.folder / f"{key}.parquet")
        except (OSError, ValueError, ValidationError):
            return None
        return NetworkFit(forecasts, record)

    def save(self, task: FitTask, fit: NetworkFit) -> None:
        """Save a fit, unless another try may give another one."""
        if not fit.repeatable:
            return
        key = self._key(task)
        if not fit.record.failure:
            fit.forecasts.to_parquet(self.folder / f"{key}.parquet", index=False)
        # Written last and in one step: it says that the forecasts are there.
        partial = self.folder / f"{key}.partial"
        partial.write_text(json.dumps(fit.record.to_dict(), allow_nan=False), encoding="utf-8")
        partial.replace(self.folder / f"{key}.json")

    def count(self, tasks: Sequence[FitTask]) -> int:
        """Return how many of the fits are saved."""
        return sum((self.folder / f"{self._key(task)}.json").exists() for task in tasks)

    def _key(self, task: FitTask) -> str:
        """Return a hash of what the forecasts depend on; the variant's name is not part of it."""
        parts = [
            self.digest,
            # As Python writes them, for JSON has no word for an infinity.
            repr(task.network.model_dump()),
            task.training.model_dump_json(exclude={"seed", "n_seeds"}),
            repr((task.seed, task.sentiment)),
            repr([list(map(str, part)) for part in (task.fold.train, task.fold.validation, task.fold.test)]),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def fit_tasks(
    tasks: Sequence[FitTask], data: Dataset, *, cache: FitCache | None = None, executor: Executor | None = None
) -> Iterator[tuple[FitTask, NetworkFit]]:
    """Yield each task with its fit as it comes, those that are saved first; what is new is saved.

    Parameters
    ----------
    tasks : sequence of FitTask
    data : Dataset
    cache : FitCache, optional
        Nothing is saved without it.
    executor : Executor, optional
        Where the networks are fitted, each by itself; in this process without one.
    """
    missing = []
    for task in tasks:
        fit = None if cache is None else cache.load(task)
        if fit is None:
            missing.append(task)
        else:
            yield task, fit
    for task, fit in _run(missing, data.panel, data.samples, executor):
        if cache is not None:
            cache.save(task, fit)
        yield task, fit


def select_features(panel: Panel, *, sentiment: bool) -> Panel:
    """Return the panel that a network sees: without the features of sentiment unless they are asked for."""
    return panel if sentiment else panel.without(SENTIMENT_COLUMNS)


def fit_one(task: FitTask, panel: Panel, samples: Samples) -> NetworkFit:
    """Fit one network and forecast its test sessions; why it could not be fitted is returned, not raised."""
    try:
        return _fit(task, select_features(panel, sentiment=task.sentiment), samples)
    except TrainingFailed as error:
        return NetworkFit(pd.DataFrame(), FitRecord(failure=str(error)))
    except Exception as error:  # a user's layer may raise anything, and the family goes on
        reason = str(error) if isinstance(error, StockseqError) else f"{type(error).__name__}: {error}"
        return NetworkFit(pd.DataFrame(), FitRecord(failure=reason.strip().partition("\n")[0]), repeatable=False)


def _run(
    tasks: Sequence[FitTask], panel: Panel, samples: Samples, executor: Executor | None
) -> Iterator[tuple[FitTask, NetworkFit]]:
    if executor is None:
        yield from ((task, fit_one(task, panel, samples)) for task in tasks)
        return
    with share((panel, samples), executor) as shared:
        futures: dict[Future[NetworkFit], FitTask] = {
            executor.submit(fit_variant, task, shared): task for task in tasks
        }
        for future in as_completed(futures):
            yield futures[future], future.result()


def fit_variant(task: FitTask, shared: Shared[tuple[Panel, Samples]]) -> NetworkFit:
    """Fit one network on what `share` handed to this process, as `fit_one` does; a sentence may name this function."""
    return fit_one(task, *shared.get())


def _fit(task: FitTask, panel: Panel, samples: Samples) -> NetworkFit:
    # TensorFlow takes seconds to load, and whoever reads results needs none of it.
    from stockseq.models.forecasting import forecast_samples
    from stockseq.models.layer_readings import read_layers
    from stockseq.models.training import fit_model

    looks = _LookTimes()
    model = fit_model(
        panel,
        samples,
        task.fold,
        network=task.network,
        training=task.training.model_copy(update={"seed": task.seed, "n_seeds": 1}),
        progress=looks,
    )
    test = samples.on(task.fold.test)
    training = model.record.seeds[0]
    record = FitRecord(
        failure=None,
        validation_loss=training.validation_loss,
        n_epochs=training.n_epochs,
        seconds=looks.total,
        seconds_per_epoch=looks.per_epoch(training.n_epochs),
        n_weights=model.networks[0].count_params(),
        readings=read_layers(model, panel, test.ends)[0],
    )
    return NetworkFit(forecast_samples(model, panel, test)[COLUMNS], record)


@dataclass(frozen=True)
class _LookTimes:
    """A progress that notes when the fit began and when it looked at the losses."""

    ends: list[float] = field(default_factory=lambda: [time.perf_counter()])

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.ends.append(time.perf_counter())

    def say(self, sentence: str) -> None:
        pass

    @property
    def total(self) -> float:
        """Seconds until the last look."""
        return self.ends[-1] - self.ends[0]

    def per_epoch(self, n_epochs: float) -> float | None:
        """Seconds of one of `n_epochs` by the median look, the first left out, which also builds the graph."""
        n_looks = len(self.ends) - 1
        return float(np.median(np.diff(self.ends[1:]))) * n_looks / n_epochs if n_looks > 1 else None
