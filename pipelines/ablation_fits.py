"""The networks of an ablation, fitted one by one and kept, so that a run that was stopped goes on where it was."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.forecast import beside_realised
from pipelines.results import as_json
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.walk_forward import Fold
from stockseq.errors import StockseqError, TrainingFailed
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.layer_readings import read_layers
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training import fit_model


@dataclass(frozen=True)
class Dataset:
    """What every network of the family is fitted on and forecasts.

    `volatility` has one value per sample, known at its decision; `digest` names the data and the code.
    """

    panel: Panel
    samples: Samples
    volatility: npt.NDArray[np.float64]
    digest: str

    def panel_with(self, *, sentiment: bool) -> Panel:
        """Return the panel, without the features of sentiment unless they are asked for."""
        return self.panel if sentiment else self.panel.without(SENTIMENT_COLUMNS)


@dataclass(frozen=True)
class Fit:
    """One network to fit: a variant of one seed on one fold."""

    variant: str
    number: int
    fold: Fold
    seed: int
    network: NetworkSettings
    training: TrainingSettings
    sentiment: bool

    def key(self, dataset: Dataset) -> str:
        """Return what the answer depends on, in a word; the variant's name is not part of it."""
        told = {
            "data": dataset.digest,
            # Its words, for JSON has none for what is not finite.
            "network": repr(self.network.model_dump()),
            "training": self.training.model_dump(mode="json", exclude={"seed", "n_seeds"}),
            "seed": self.seed,
            "sentiment": self.sentiment,
            "fold": [[str(session) for session in part] for part in vars(self.fold).values()],
        }
        return hashlib.sha256(as_json(told).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Fitted:
    """What one network gave.

    Parameters
    ----------
    forecasts : DataFrame, empty if it failed
        ticker, session, probability_up, expected_return, realised_return on the fold's test sessions.
    told : mapping, JSON-able
        failure (a sentence, or None), validation_loss, n_epochs, seconds, seconds_per_epoch, n_weights, readings.
    lasting : bool
        Whether another try would give the same: not after a failure that may lie in the machine.
    """

    forecasts: pd.DataFrame
    told: Mapping[str, Any]
    lasting: bool = True


def fit_all(
    fits: Sequence[Fit], dataset: Dataset, folder: Path, executor: Executor | None
) -> Iterator[tuple[Fit, Fitted]]:
    """Yield every fit's result as it comes, those that `folder` keeps first; what is new is kept there."""
    waiting = []
    for fit in fits:
        kept = _read(folder, fit.key(dataset))
        if kept is None:
            waiting.append(fit)
        else:
            yield fit, kept
    for fit, fitted in _run(waiting, dataset, executor):
        if fitted.lasting:
            _write(folder, fit.key(dataset), fitted)
        yield fit, fitted


def count_kept(fits: Sequence[Fit], dataset: Dataset, folder: Path) -> int:
    """Return how many of the fits have a result in `folder` already."""
    return sum((folder / f"{fit.key(dataset)}.json").exists() for fit in fits)


def fit_one(fit: Fit, dataset: Dataset) -> Fitted:
    """Fit one network and forecast its test sessions; a network that can't be fitted is told of, not raised."""
    try:
        return _fit(fit, dataset)
    except TrainingFailed as error:
        return Fitted(pd.DataFrame(), {"failure": str(error)})
    except Exception as error:  # a user's layer may raise anything, and the family goes on
        told = str(error) if isinstance(error, StockseqError) else f"{type(error).__name__}: {error}"
        return Fitted(pd.DataFrame(), {"failure": told.strip().partition("\n")[0]}, lasting=False)


def _fit(fit: Fit, dataset: Dataset) -> Fitted:
    panel = dataset.panel_with(sentiment=fit.sentiment)
    training = fit.training.model_copy(update={"seed": fit.seed, "n_seeds": 1})
    beats = [time.perf_counter()]
    model = fit_model(
        panel,
        dataset.samples,
        fit.fold.train,
        fit.fold.validation,
        network=fit.network,
        training=training,
        progress=lambda *_: beats.append(time.perf_counter()),
    )
    tested = np.isin(dataset.samples.session, fit.fold.test.to_numpy())
    samples = dataset.samples.on(fit.fold.test)
    forecasts = model.forecast(panel, samples.ends, volatility=dataset.volatility[tested])
    record = model.record["seeds"][0]
    told = {
        "failure": None,
        "validation_loss": record["validation_loss"],
        "n_epochs": record["n_epochs"],
        "seconds": beats[-1] - beats[0],
        # The first epoch also builds the graph.
        "seconds_per_epoch": float(np.median(np.diff(beats[1:]))) if len(beats) > 2 else None,
        "n_weights": model.networks[0].count_params(),
        "readings": read_layers(model, panel, samples.ends)[0],
    }
    columns = ["ticker", "session", "probability_up", "expected_return"]
    return Fitted(beside_realised(forecasts[columns], samples), told)


def _run(fits: Sequence[Fit], dataset: Dataset, executor: Executor | None) -> Iterator[tuple[Fit, Fitted]]:
    if executor is None:
        yield from ((fit, fit_one(fit, dataset)) for fit in fits)
        return
    futures: dict[Future[Fitted], Fit] = {executor.submit(fit_one, fit, dataset): fit for fit in fits}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _write(folder: Path, key: str, fitted: Fitted) -> None:
    if not fitted.told["failure"]:
        fitted.forecasts.to_parquet(folder / f"{key}.parquet", index=False)
    # Written last and in one step: it says that the forecasts are there.
    partial = folder / f"{key}.partial"
    partial.write_text(as_json(fitted.told), encoding="utf-8")
    partial.replace(folder / f"{key}.json")


def _read(folder: Path, key: str) -> Fitted | None:
    """Return what is kept under the key, or None where nothing is or it can't be read: then it is fitted anew."""
    try:
        figures = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        forecasts = pd.DataFrame() if figures["failure"] else pd.read_parquet(folder / f"{key}.parquet")
    except (OSError, ValueError):
        return None
    return Fitted(forecasts, figures)
