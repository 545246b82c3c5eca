"""Fit the ensemble: scaler and vocabulary on the training rows alone, then one network per seed."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from stockseq.cores import usable_cores
from stockseq.dataset.folds import Fold
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import TARGET_LIMIT, Samples
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import TooFewSessions, TrainingFailed
from stockseq.memory import release_memory
from stockseq.models.cross_section import fit_scaler
from stockseq.models.distribution import Calibration, calibrate, read_outputs
from stockseq.models.fitting import Epoch, FitJob, FitResult, fit_network, new_network
from stockseq.models.matrix import Matrix, check_windows
from stockseq.models.model import Model, SampleBalance, SeedTraining, TrainingRecord, as_session, make_matrix
from stockseq.models.network import input_names
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import Targets, make_targets
from stockseq.progress import SILENT, Progress
from stockseq.shared_data import Shared, share

MakeJob = Callable[[Matrix, Targets, Targets], FitJob]
ReadByAll = tuple[Matrix, Targets, Targets]


def fit_model(
    panel: Panel,
    samples: Samples,
    fold: Fold,
    *,
    network: NetworkSettings,
    training: TrainingSettings,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> Model:
    """Train an ensemble from scratch.

    Parameters
    ----------
    panel : Panel
        May hold sessions beyond those trained on; nothing is learnt from them.
    samples : Samples of the panel
        Built with `network.lookback`.
    fold : Fold
        As `cut_folds` cuts it, purge and all. Without validation sessions all epochs are run; test sessions are not
        looked at.
    network, training : NetworkSettings, TrainingSettings
    executor : Executor, optional
        Where the seeds are fitted; in this process by default, as many at once as it has cores. The model is the same.
    progress : Progress, optional
        Told of each epoch, or of each finished seed with an executor; the steps are the epochs at most.

    Returns
    -------
    Model

    Raises
    ------
    TooFewSessions
        If no sample lies on the training sessions.
    TrainingFailed
        If all training samples have one direction, or a loss stops being a number.
    ValueError
        If the samples were built with another lookback.
    """
    material = _prepare(panel, samples, fold, network)
    starts = [None] * training.n_seeds
    return _fit(material, network, training, starts=starts, executor=executor, progress=progress)


def fine_tune(
    model: Model,
    panel: Panel,
    samples: Samples,
    fold: Fold,
    *,
    training: TrainingSettings | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> Model:
    """Train an existing model on; its scaler, vocabulary, features and shape stay.

    Each network starts from its weights at `training.fine_tune_rate`, and keeps them if no look finds a lower loss on
    the validation sessions. The other parameters and the errors are those of `fit_model`; `training` is the model's own
    by default and must ask for as many seeds.
    """
    training = training or model.training
    if training.n_seeds != len(model.networks):
        raise ValueError(
            f"The model has {len(model.networks)} networks to train on, `n_seeds` asks for {training.n_seeds}."
        )
    reading = _Reading(model.names, model.scaler, model.vocabulary)
    material = _prepare(panel, samples, fold, model.network, reading)
    starts = [tuple(network.get_weights()) for network in model.networks]
    return _fit(material, model.network, training, starts=starts, executor=executor, progress=progress)


@dataclass(frozen=True)
class _Reading:
    """How networks read a panel: the features' names, how they are scaled, and the codes of words."""

    names: tuple[str, ...]
    scaler: Scaler
    vocabulary: Vocabulary


def _learn_reading(panel: Panel, fold: Fold, network: NetworkSettings) -> _Reading:
    """Learn it from the rows of the training sessions alone."""
    rows = panel.keys["session"].isin(fold.train).to_numpy()
    # Headlines that were first seen late have words, too: those that the last training decision knew.
    words = panel.known_at(fold.train[-1]).texts
    texts = [text for text, inside in zip(words, rows, strict=True) if inside] if network.headlines_per_session else []
    vocabulary = Vocabulary.fit(
        texts, max_tokens=network.max_tokens, min_headlines=network.min_headlines, bigrams=network.bigrams
    )
    names = input_names(network, panel.names)
    return _Reading(names, fit_scaler(panel, np.flatnonzero(rows), names), vocabulary)


@dataclass(frozen=True)
class _Material:
    """What all networks of an ensemble learn from, and what stays of the samples that it was made from."""

    reading: _Reading
    matrix: Matrix
    train: Targets
    validation: Targets
    validation_samples: Samples
    train_balance: SampleBalance
    validation_balance: SampleBalance
    median_volatility: float
    trained_through: pd.Timestamp


def _prepare(
    panel: Panel, samples: Samples, fold: Fold, network: NetworkSettings, reading: _Reading | None = None
) -> _Material:
    """Lay out what is learnt from, read as an older model does or as the training sessions teach."""
    train, validation = samples.on(fold.train), samples.on(fold.validation)
    _check_balance(train, len(fold.train))
    reading = reading or _learn_reading(panel, fold, network)
    ends = np.concatenate([train.ends, validation.ends])
    check_windows(panel.keys, ends, network.lookback)
    # Before the training that its error would throw away.
    median_volatility = _median_volatility(train)
    matrix, ends = make_matrix(panel, ends, reading.names, reading.scaler, reading.vocabulary, network)
    return _Material(
        reading=reading,
        matrix=matrix,
        train=make_targets(train, ends[: len(train)]),
        validation=make_targets(validation, ends[len(train) :]),
        validation_samples=validation,
        train_balance=_balance(train),
        validation_balance=_balance(validation),
        median_volatility=median_volatility,
        trained_through=as_session(np.concatenate([train.session, validation.session]).max()),
    )


def _fit(
    material: _Material,
    network: NetworkSettings,
    training: TrainingSettings,
    *,
    starts: Sequence[tuple[Any, ...] | None],
    executor: Executor | None,
    progress: Progress,
) -> Model:
    # The samples that targets were made from are freed by now, and the allocator still holds their memory.
    release_memory()
    reading = material.reading
    read_by_all = material.matrix, material.train, material.validation
    of_seed = [
        partial(
            FitJob,
            network=network,
            training=training,
            vocabulary_size=len(reading.vocabulary),
            seed=seed,
            start=start,
            names=reading.names,
            scaler=reading.scaler,
        )
        for seed, start in zip(training.seeds, starts, strict=True)
    ]
    jobs = [make(*read_by_all) for make in of_seed]
    report = _EpochReport(progress, jobs)
    if executor is None:
        results = _fit_here(jobs, report)
    else:
        with share(read_by_all, executor) as shared:
            results = _fit_there(of_seed, shared, executor, report)
    return Model(
        networks=tuple(_restore(job, result) for job, result in zip(jobs, results, strict=True)),
        names=reading.names,
        scaler=reading.scaler,
        vocabulary=reading.vocabulary,
        network=network,
        training=training,
        trained_through=material.trained_through,
        median_volatility=material.median_volatility,
        record=_record(material, results),
        calibration=_calibrate(results, material.validation_samples),
    )


def _calibrate(results: Sequence[FitResult], validation: Samples) -> Calibration:
    """Learn the intervals from the ensemble's forecasts of sessions that trained no network."""
    if not len(validation):
        return Calibration()
    readings = read_outputs([result.validation for result in results], validation.volatility)
    return calibrate(readings, validation.volatility, validation.realised_return)


def _restore(job: FitJob, result: FitResult) -> Any:
    """Return the network of a job with the weights that were found."""
    network = new_network(job)
    network.set_weights(list(result.weights))
    return network


def _fit_there(
    of_seed: Sequence[MakeJob], shared: Shared[ReadByAll], executor: Executor, report: "_EpochReport"
) -> list[FitResult]:
    """Fit the networks in the executor's processes, and return the results in their order."""
    futures = [executor.submit(fit_seed, make, shared) for make in of_seed]
    results = []
    try:
        for number, future in enumerate(futures):
            results.append(future.result())
            report.finish(number, results[-1].best)
    except BaseException:
        # One seed failed or the user interrupted: those not yet begun would only keep the pool busy.
        for future in futures:
            future.cancel()
        raise
    return results


def fit_seed(make: MakeJob, shared: Shared[ReadByAll]) -> FitResult:
    """Fit the network of one seed on what all seeds read."""
    return fit_network(make(*shared.get()))


def _fit_here(jobs: Sequence[FitJob], report: "_EpochReport") -> list[FitResult]:
    """Fit the jobs in threads, as many at once as there are cores: a small network keeps one of them busy.

    TensorFlow leaves Python's lock alone while it works, and all read the same tensors.
    """
    tensors = jobs[0].matrix.tensors()
    fits = [
        partial(fit_network, job, partial(report.epoch, number), tensors=tensors) for number, job in enumerate(jobs)
    ]
    n_threads = min(len(jobs), usable_cores())
    if n_threads == 1:
        return [fit() for fit in fits]
    with ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(fit) for fit in fits]
        try:
            for future in as_completed(futures):
                # Whichever fails first is raised at once.
                future.result()
            return [future.result() for future in futures]
        except BaseException:
            # What is left would be trained for nobody; a network that is being trained ends at its next look.
            report.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _EpochReport:
    """How far the networks have come, all together; called from several threads."""

    def __init__(self, progress: Progress, jobs: Sequence[FitJob]) -> None:
        self._progress, self._most = progress, jobs[0].training.epochs
        self._done = [0.0] * len(jobs)
        self._lock, self._stopped = Lock(), False

    def epoch(self, number: int, epoch: Epoch) -> None:
        """Report where one network stands; raise `CancelledError` where nobody waits for it any more."""
        if self._stopped:
            raise CancelledError
        self._report(number, epoch, epoch.epoch)

    def finish(self, number: int, best: Epoch) -> None:
        """Report that one network is finished."""
        self._report(number, best, self._most)

    def stop(self) -> None:
        """Let each network end at its next look at the losses."""
        self._stopped = True

    def _report(self, number: int, epoch: Epoch, done: float) -> None:
        loss = epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss
        with self._lock:
            self._done[number] = done
            note = f"network {number + 1} of {len(self._done)}, epoch {round(epoch.epoch, 2):g}, loss {loss:.4f}"
            self._progress.step("Training", int(sum(self._done)), len(self._done) * self._most, note)


def _check_balance(train: Samples, n_sessions: int) -> None:
    if not len(train):
        raise TooFewSessions(
            f"None of the {n_sessions} training sessions has a sample; ingest a longer history or lower `lookback`."
        )
    if not train.realised_return.any():
        raise TrainingFailed(
            f"Not one of {len(train)} training samples moved: these prices never change between open and close. "
            "Nothing can be learnt from them; look at where they come from."
        )
    if train.up.all() or not train.up.any():
        raise TrainingFailed(
            f"All {len(train)} training samples went {'up' if train.up.all() else 'down or nowhere'}; a "
            "direction can't be learnt from one class. Train on more sessions or tickers."
        )


def _median_volatility(train: Samples) -> float:
    """Return the median of the volatility behind the targets that weren't clipped."""
    inside = (np.abs(train.target) < TARGET_LIMIT) & (train.target != 0)
    if not inside.any():
        raise TrainingFailed(f"None of the {len(train)} training samples has a return between 0 and 4 volatilities.")
    return float(np.median(train.volatility[inside]))


def _record(material: _Material, results: Sequence[FitResult]) -> TrainingRecord:
    return TrainingRecord(
        train=material.train_balance,
        validation=material.validation_balance,
        vocabulary_size=len(material.reading.vocabulary),
        seeds=tuple(
            SeedTraining(
                seed=result.seed,
                n_epochs=result.n_epochs,
                best_epoch=result.best.epoch,
                train_loss=result.best.train_loss if np.isfinite(result.best.train_loss) else None,
                validation_loss=result.best.validation_loss,
            )
            for result in results
        ),
    )


def _balance(samples: Samples) -> SampleBalance:
    sessions = samples.sessions
    return SampleBalance(
        n=len(samples),
        n_sessions=len(sessions),
        n_tickers=len(set(samples.ticker)),
        first=f"{sessions[0]:%Y-%m-%d}" if len(samples) else None,
        last=f"{sessions[-1]:%Y-%m-%d}" if len(samples) else None,
        up_share=float(samples.up.mean()) if len(samples) else None,
        n_unmoved=samples.n_unmoved,
    )
