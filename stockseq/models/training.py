"""Fit the ensemble: scaler and vocabulary on the training rows alone, then one network per seed."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import TARGET_LIMIT, Samples
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import TooFewSessions, TrainingFailed
from stockseq.models.fitting import Epoch, FitJob, FitResult, fit_network
from stockseq.models.matrix import check_windows
from stockseq.models.model import Model, as_session, make_matrix
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import make_targets

Progress = Callable[[int, int, str], None]


def fit_model(
    panel: Panel,
    samples: Samples,
    train_sessions: pd.DatetimeIndex,
    validation_sessions: pd.DatetimeIndex,
    *,
    network: NetworkSettings,
    training: TrainingSettings,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Model:
    """Train an ensemble from scratch.

    Parameters
    ----------
    panel : Panel
        May hold sessions beyond those trained on; nothing is learnt from them.
    samples : Samples of the panel
        Built with `network.lookback`.
    train_sessions, validation_sessions : DatetimeIndex
        As `walk_forward` cuts them, purge and all. Without validation sessions all epochs are run.
    network, training : NetworkSettings, TrainingSettings
    executor : Executor, optional
        Where the seeds are fitted; one after another in this process by default. The model is the same.
    progress : callable, optional
        Called with the epochs done, the epochs at most, and where training stands in words: after each epoch, or once
        per finished seed with an executor.

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
    rows = panel.keys["session"].isin(train_sessions).to_numpy()
    _check_balance(samples.on(train_sessions), len(train_sessions))
    texts = (
        [text for text, inside in zip(panel.texts, rows, strict=True) if inside]
        if network.headlines_per_session
        else []
    )
    vocabulary = Vocabulary.fit(
        texts, max_tokens=network.max_tokens, min_headlines=network.min_headlines, bigrams=network.bigrams
    )
    scaler = Scaler.fit(panel.indicators[rows])
    fit = partial(_fit, panel, samples, train_sessions, validation_sessions, executor=executor, progress=progress)
    return fit(panel.names, scaler, vocabulary, network, training, starts=[None] * training.n_seeds)


def fine_tune(
    model: Model,
    panel: Panel,
    samples: Samples,
    train_sessions: pd.DatetimeIndex,
    validation_sessions: pd.DatetimeIndex,
    *,
    training: TrainingSettings | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Model:
    """Train an existing model on; its scaler, vocabulary, features and shape stay.

    Each network starts from its weights at `training.fine_tune_rate`, and keeps them if no epoch lowers the validation
    loss. The other parameters and the errors are those of `fit_model`; `training` is the model's own by default and
    must ask for as many seeds.
    """
    training = training or model.training
    if training.n_seeds != len(model.networks):
        raise ValueError(
            f"The model has {len(model.networks)} networks to train on, `n_seeds` asks for {training.n_seeds}."
        )
    _check_balance(samples.on(train_sessions), len(train_sessions))
    starts = [network.get_weights() for network in model.networks]
    fit = partial(_fit, panel, samples, train_sessions, validation_sessions, executor=executor, progress=progress)
    return fit(model.names, model.scaler, model.vocabulary, model.network, training, starts=starts)


def _fit(
    panel: Panel,
    samples: Samples,
    train_sessions: pd.DatetimeIndex,
    validation_sessions: pd.DatetimeIndex,
    names: tuple[str, ...],
    scaler: Scaler,
    vocabulary: Vocabulary,
    network: NetworkSettings,
    training: TrainingSettings,
    *,
    starts: Sequence[Sequence[Any] | None],
    executor: Executor | None,
    progress: Progress | None,
) -> Model:
    train, validation = samples.on(train_sessions), samples.on(validation_sessions)
    used = np.concatenate([train.session, validation.session])
    check_windows(panel.keys, np.concatenate([train.ends, validation.ends]), network.lookback)
    matrix = make_matrix(panel, names, scaler, vocabulary, network)
    targets = make_targets(train), make_targets(validation)
    jobs = [
        FitJob(
            matrix,
            *targets,
            network,
            training,
            len(vocabulary),
            seed,
            None if start is None else tuple(start),
            names=names,
            scaler=scaler,
        )
        for seed, start in zip(training.seeds, starts, strict=True)
    ]
    results = _run(jobs, executor, progress)
    networks = []
    for result in results:
        fitted = build_network(
            network,
            n_features=len(names),
            vocabulary_size=len(vocabulary),
            seed=result.seed,
            names=names,
            scaler=scaler,
        )
        fitted.set_weights(list(result.weights))
        networks.append(fitted)
    return Model(
        networks=tuple(networks),
        names=names,
        scaler=scaler,
        vocabulary=vocabulary,
        network=network,
        training=training,
        trained_through=as_session(used.max()),
        median_volatility=_median_volatility(train),
        record=_record(train, validation, vocabulary, results),
    )


def _run(jobs: Sequence[FitJob], executor: Executor | None, progress: Progress | None) -> list[FitResult]:
    """Fit every job and return the results in their order."""
    tell = partial(_tell, progress, jobs)
    if executor is None:
        return [fit_network(job, partial(tell, place)) for place, job in enumerate(jobs)]
    futures = [executor.submit(fit_network, job) for job in jobs]
    results = []
    try:
        for place, future in enumerate(futures):
            results.append(future.result())
            tell(place, results[-1].best)
    except BaseException:
        # One seed failed or the user interrupted: those not yet begun would only keep the pool busy.
        for future in futures:
            future.cancel()
        raise
    return results


def _tell(progress: Progress | None, jobs: Sequence[FitJob], place: int, epoch: Epoch) -> None:
    if progress is None:
        return
    most = jobs[place].training.epochs
    loss = epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss
    text = f"network {place + 1} of {len(jobs)}, epoch {epoch.epoch}, loss {loss:.4f}"
    progress(place * most + epoch.epoch, len(jobs) * most, text)


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
    """Return the median of the volatility behind the targets, from those that weren't clipped."""
    inside = (np.abs(train.target) < TARGET_LIMIT) & (train.target != 0)
    if not inside.any():
        raise TrainingFailed(f"None of the {len(train)} training samples has a return between 0 and 4 volatilities.")
    return float(np.median(train.realised_return[inside] / train.target[inside]))


def _record(
    train: Samples, validation: Samples, vocabulary: Vocabulary, results: Sequence[FitResult]
) -> dict[str, Any]:
    return {
        "train": _balance(train),
        "validation": _balance(validation),
        "vocabulary_size": len(vocabulary),
        "seeds": [
            {
                "seed": result.seed,
                "n_epochs": result.n_epochs,
                "best_epoch": result.best.epoch,
                "train_loss": result.best.train_loss if np.isfinite(result.best.train_loss) else None,
                "validation_loss": result.best.validation_loss,
            }
            for result in results
        ],
    }


def _balance(samples: Samples) -> dict[str, Any]:
    sessions = pd.DatetimeIndex(samples.session)
    return {
        "n": len(samples),
        "n_sessions": int(sessions.nunique()),
        "n_tickers": len(set(samples.ticker)),
        "first": sessions.min().date().isoformat() if len(samples) else None,
        "last": sessions.max().date().isoformat() if len(samples) else None,
        "up_share": float(samples.up.mean()) if len(samples) else None,
        "n_unmoved": samples.n_unmoved,
    }
