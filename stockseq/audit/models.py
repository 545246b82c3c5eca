"""Models under audit: fitted as a backtest fits them, on the whole market, and on what a decision knew of it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from stockseq.audit.clock import Cut
from stockseq.audit.comparison import Artefact, Compared, examine
from stockseq.audit.pipeline import Pipeline, describe_model
from stockseq.audit.result import Finding
from stockseq.audit.rows import find_overlap
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold, cut_folds, final_fold
from stockseq.errors import StockseqError, TooFewSessions, TrainingFailed
from stockseq.market import MarketData

# Whether a fit sees the future shows in its first steps; how good it gets doesn't matter here.
N_SEEDS, N_EPOCHS = 1, 2


def shorten_training(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with one seed and two epochs."""
    short = pipeline.forecaster.training.model_copy(update={"n_seeds": N_SEEDS, "epochs": N_EPOCHS})
    return replace(pipeline, forecaster=replace(pipeline.forecaster, training=short))


def choose_folds(pipeline: Pipeline, data: Dataset, *, n_models: int) -> tuple[Fold, ...]:
    """Return some of the folds that a backtest would fit, from the first to the last.

    Raises
    ------
    TooFewSessions
        If not one fold fits.
    """
    with data.explain_sessions():
        folds = cut_folds(data.sessions, pipeline.folds, horizon=data.inputs.horizon)
    chosen = np.unique(np.linspace(0, len(folds) - 1, n_models).round().astype(int))
    return tuple(folds[number] for number in chosen)


def examine_model(pipeline: Pipeline, data: Dataset, fold: Fold, *, seed: int) -> Iterator[tuple[Cut, Compared]]:
    """Fit a fold whose test begins at a cut, then what the cut's morning could have fitted, and compare.

    Parameters
    ----------
    pipeline : Pipeline
    data : Dataset
        Of the whole market.
    fold : Fold
        Cut from all sessions.
    seed : int
        Of the poison.

    Yields
    ------
    Cut, Compared
        Of the fold, the scaler, the vocabulary, the training and the forecasts.

    Raises
    ------
    StockseqError
        If the model can be fitted with the future alone.
    """
    clock, forecaster = pipeline.clock, pipeline.forecaster
    cut = clock.cut(fold.test[0])
    yield cut, _check_fold(data, fold)

    def build(market: MarketData) -> dict[str, Artefact]:
        try:
            rebuilt = pipeline.dataset(market)
            model = forecaster.fit_fold(rebuilt, fold_at(pipeline, rebuilt, cut))
            return describe_model(model, rebuilt, cut, clock)
        except (TooFewSessions, TrainingFailed) as error:
            raise StockseqError(
                f"Something looks ahead: the model that tests from {cut.session.date()} can be fitted with what came "
                f"later and not without it. {error}"
            ) from error

    reference = describe_model(forecaster.fit_fold(data, fold), data, cut, clock)
    for compared in examine(data.market, reference, cut, build, clock=clock, seed=seed):
        yield cut, compared


def fold_at(pipeline: Pipeline, data: Dataset, cut: Cut) -> Fold:
    """Return what the morning of the cut would train on: all sessions before it, purged as in any fold."""
    horizon = data.inputs.horizon
    decided = pd.DatetimeIndex(data.panel.keys["session"].unique()).sort_values()
    # The cut's own session has no label yet, nor have the last ones whose trade isn't over; they count all the same.
    unlabelled = decided[decided <= cut.session][-1 - horizon :]
    sessions = data.sessions[data.sessions < cut.session].union(unlabelled)
    return final_fold(sessions, pipeline.folds, n_test=1, horizon=horizon)


def _check_fold(data: Dataset, fold: Fold) -> Compared:
    """Check that what a fold learns from was over before what it is judged on was decided."""
    parts = {
        "train": data.samples.on(fold.train),
        "validation": data.samples.on(fold.validation),
        "test": data.samples.on(fold.test),
    }
    pairs = (("train", "validation"), ("train", "test"), ("validation", "test"))
    findings: list[Finding] = []
    for earlier, later in pairs:
        learnt, judged = parts[earlier], parts[later]
        findings += find_overlap(learnt.exit_at, judged.decision_at, learnt=earlier, judged=later)
    return Compared("fold", sum(len(parts[earlier]) + len(parts[later]) for earlier, later in pairs), tuple(findings))
