"""Models under audit: fitted as a backtest fits them, on all tables, and on what a decision knew."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.audit_artefacts import Describer
from pipelines.context import Context
from pipelines.prepare import Prepared, account_for_sessions
from pipelines.train import fit
from stockseq.dataset.labels import HORIZON_SESSIONS
from stockseq.dataset.walk_forward import Fold, final_fold, walk_forward
from stockseq.errors import StockseqError, TooFewSessions, TrainingFailed
from stockseq.evaluate.lookahead import Artefact, Compared, Cut, Finding, Tables, examine, find_overlap

# Whether a fit sees the future shows in its first steps; how good it gets doesn't matter here.
N_SEEDS, N_EPOCHS = 1, 2


def shorten_training(context: Context) -> Context:
    """Return the same circumstances with one seed and two epochs."""
    short = context.settings.training.model_copy(update={"n_seeds": N_SEEDS, "epochs": N_EPOCHS})
    return Context(context.settings.model_copy(update={"training": short}), context.now, context.executor)


def cut_folds(context: Context, prepared: Prepared, *, n_models: int) -> tuple[Fold, ...]:
    """Return some of the folds that a backtest would fit, from the first to the last.

    Raises
    ------
    TooFewSessions
        If not one fold fits.
    """
    settings = context.settings
    with account_for_sessions(context, prepared):
        folds = walk_forward(prepared.sessions, settings.folds, horizon=HORIZON_SESSIONS[settings.label])
    places = np.unique(np.linspace(0, len(folds) - 1, n_models).round().astype(int))
    return tuple(folds[place] for place in places)


def examine_model(
    describer: Describer, tables: Tables, prepared: Prepared, fold: Fold, *, seed: int
) -> Iterator[tuple[Cut, Compared]]:
    """Fit a fold whose test begins at a cut, then what the cut's morning could have fitted, and compare.

    Parameters
    ----------
    describer : Describer
        With the circumstances to fit under.
    tables, prepared
        Whole.
    fold : Fold
        Cut from all sessions.
    seed : int
        Of the poison.

    Yields
    ------
    Cut, Compared
        Of the fold, the scaler, the vocabulary, the training and the forecasts.
    """
    context = describer.context
    cut = describer.clock.cut(fold.test[0])
    yield cut, _check_fold(prepared, fold)

    def build(known: Tables) -> dict[str, Artefact]:
        try:
            again = describer.prepare(known)
            return describer.describe_model(fit(context, again, fold_at(context, again, cut)), again, cut)
        except (TooFewSessions, TrainingFailed) as error:
            raise StockseqError(
                f"Something looks ahead: the model that tests from {cut.session.date()} can be fitted with what came "
                f"later and not without it. {error}"
            ) from error

    reference = describer.describe_model(fit(context, prepared, fold), prepared, cut)
    for compared in examine(tables, reference, cut, build, clock=describer.clock, seed=seed):
        yield cut, compared


def fold_at(context: Context, prepared: Prepared, cut: Cut) -> Fold:
    """Return what the morning of the cut would train on: all sessions before it, purged as in any fold."""
    settings = context.settings
    sessions, decided = prepared.sessions, pd.DatetimeIndex(prepared.panel.keys["session"].unique()).sort_values()
    horizon = HORIZON_SESSIONS[settings.label]
    # The cut's own session has no label yet, nor have the last ones whose trade isn't over; they count all the same.
    open_still = decided[decided <= cut.session][-1 - horizon :]
    known = sessions[sessions < cut.session].union(open_still)
    return final_fold(known, settings.folds, n_test=1, horizon=horizon)


def _check_fold(prepared: Prepared, fold: Fold) -> Compared:
    """Check that what a fold learns from was over before what it is judged on was decided."""
    parts = {name: prepared.samples.on(getattr(fold, name)) for name in ("train", "validation", "test")}
    pairs = (("train", "validation"), ("train", "test"), ("validation", "test"))
    findings: list[Finding] = []
    for earlier, later in pairs:
        learnt, judged = parts[earlier], parts[later]
        findings += find_overlap(learnt.exit_at, judged.decision_at, learnt=earlier, judged=later)
    return Compared("fold", sum(len(parts[earlier]) + len(parts[later]) for earlier, later in pairs), tuple(findings))
