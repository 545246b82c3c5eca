"""The baselines of a walk forward, fitted beside its networks."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event

import pandas as pd

from stockseq.cores import usable_cores
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.forecasting.background import background_thread
from stockseq.memory import release_memory
from stockseq.models.baselines import BASELINES, find_obstacle, forecast_baseline
from stockseq.models.forecasting import join_realised
from stockseq.models.size_baselines import (
    SIZE_BASELINES,
    VariancePaths,
    find_size_obstacle,
    forecast_size,
    variance_paths,
)
from stockseq.models.training_record import Thinned
from stockseq.models.window_learners import find_thinned, scale_rows
from stockseq.progress import Progress


@dataclass(frozen=True)
class RivalForecasts:
    """What the baselines forecast of all folds.

    Parameters
    ----------
    baselines, sizes : mapping of name to DataFrame
        The forecasts of direction and return, and those of size alone, joined with what was realised.
    impossible : mapping of name to str
        Why a baseline is not among them: one that lacks a fold would be compared on other sessions than the rest.
    thinned : mapping of name to Thinned
        What a baseline learnt from, where not from all training windows.
    """

    baselines: Mapping[str, pd.DataFrame]
    sizes: Mapping[str, pd.DataFrame]
    impossible: Mapping[str, str]
    thinned: Mapping[str, Thinned]


@dataclass(frozen=True)
class _FoldForecasts:
    rows: Mapping[str, pd.DataFrame]
    obstacles: Mapping[str, str]
    n_train: int


class Rivals:
    """The baselines of all folds, being fitted in a thread of their own."""

    def __init__(self, folds: Sequence[Future[_FoldForecasts]]) -> None:
        self._folds = folds

    def raise_failures(self) -> None:
        """Raise what a baseline has raised so far; nobody should train networks for hours before that is said."""
        for fold in self._folds:
            if fold.done():
                fold.result()

    def collect(self, progress: Progress) -> RivalForecasts:
        """Wait for all folds and return the forecasts; what a baseline raised is raised here."""
        parts: list[_FoldForecasts] = []
        for fold in self._folds:
            progress.step("Fitting the baselines, folds", len(parts), len(self._folds))
            parts.append(fold.result())
        progress.step("Fitting the baselines, folds", len(parts), len(self._folds))
        impossible: dict[str, str] = {}
        for number, part in enumerate(parts, start=1):
            for name, obstacle in part.obstacles.items():
                impossible.setdefault(name, f"Fold {number}: {obstacle}")
        rows: dict[str, pd.DataFrame] = {}
        for name in (*BASELINES, *SIZE_BASELINES):
            if name not in impossible:
                _add_shared(rows, name, pd.concat([part.rows[name] for part in parts], ignore_index=True))
        thinned = find_thinned(max(part.n_train for part in parts))
        return RivalForecasts(
            {name: frame for name, frame in rows.items() if name in BASELINES},
            {name: frame for name, frame in rows.items() if name in SIZE_BASELINES},
            impossible,
            {"gradient_boosting": thinned} if thinned else {},
        )


@contextmanager
def begin_rivals(data: Dataset, folds: Sequence[Fold], *, n_networks: int) -> Iterator[Rivals]:
    """Fit every baseline on each fold's train and validation sessions for as long as the block lasts.

    Parameters
    ----------
    data : Dataset
    folds : sequence of Fold
    n_networks : int
        Networks of the ensemble, each trained on a core: boosting has the cores that they leave.
    """
    # Imported here, so that the libraries whose threads are limited are loaded.
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    n_threads = max(1, usable_cores() - n_networks)
    paths = variance_paths(data)

    def forecast(fold: Fold, abandoned: Event) -> _FoldForecasts:
        # Threads that wait for one another while networks have the cores take ten times as long as one by itself.
        with threadpool_limits(n_threads, user_api="openmp"):
            forecasts = _forecast_fold(data, fold, paths, abandoned)
        # The next fold is larger: what this one freed would not hold it, and would stand beside it.
        release_memory()
        return forecasts

    # For the whole process, and one whatever the machine: a product's last bits depend on the threads of BLAS.
    with threadpool_limits(1, user_api="blas"), background_thread("baselines") as (thread, abandoned):
        # After an error the process ends with the baseline that is being fitted.
        yield Rivals([thread.submit(forecast, fold, abandoned) for fold in folds])


def _forecast_fold(data: Dataset, fold: Fold, paths: VariancePaths, abandoned: Event) -> _FoldForecasts:
    train, test = data.samples.on(fold.train.union(fold.validation)), data.samples.on(fold.test)
    lookback, scaled = data.inputs.lookback, scale_rows(data.panel, train, data.inputs.lookback)
    work = {
        name: (
            partial(find_obstacle, name, data.panel, train),
            partial(forecast_baseline, name, data.panel, train, test, lookback=lookback, rows=scaled),
        )
        for name in BASELINES
    } | {
        name: (
            partial(find_size_obstacle, name, data, train),
            partial(forecast_size, name, data, train, test, paths=paths),
        )
        for name in SIZE_BASELINES
    }
    rows: dict[str, pd.DataFrame] = {}
    obstacles: dict[str, str] = {}
    for name, (find, forecast) in work.items():
        if abandoned.is_set():
            break
        obstacle = find()
        if obstacle is None:
            _add_shared(rows, name, join_realised(forecast(), test))
        else:
            obstacles[name] = obstacle
    return _FoldForecasts(rows, obstacles, len(train))


def _add_shared(rows: dict[str, pd.DataFrame], name: str, forecasts: pd.DataFrame) -> None:
    """Add forecasts to those of others; of the columns that the first has too, such as the keys, one copy is kept."""
    first = next(iter(rows.values()), forecasts)
    both = forecasts.columns.intersection(first.columns)
    same = {str(column): first[column] for column in both if first[column].equals(forecasts[column])}
    rows[name] = forecasts.assign(**same)
