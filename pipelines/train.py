"""Train a candidate, judge it against the champion on dates that neither saw, and promote it only if it is better."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.screens.console import console, show_page
from pipelines.screens.models import show_models
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts
from stockseq.config import Settings
from stockseq.errors import BundleError, SettingsError
from stockseq.forecasting.champion import Incumbent, forecast_record
from stockseq.forecasting.clock import require_newest
from stockseq.forecasting.live import require_listed
from stockseq.report.metrics import training_metrics
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.report.text.names import trade_words
from stockseq.report.text.training import challenge_sentence, incumbent_sentence
from stockseq.runs.folder import write_run
from stockseq.runs.trials import read_trials
from stockseq.workspace import Workspace

MODES = ("scratch", "finetune")
ONLY = {None: False, "0": False, "1": True}


def run_train(
    settings: Settings, now: pd.Timestamp, *, mode: str, added: Sequence[str] = (), only: str | None = None
) -> Path:
    """Ingest, train a candidate, judge it, list the models, and return the run's folder.

    Parameters
    ----------
    settings : Settings
    now : Timestamp, tz-aware
    mode : "scratch" or "finetune"
    added : sequence of str, optional
        Tickers that join those of the store, for this training and every run from now on.
    only : "1", "0" or None
        With "1" the model is trained on `added` alone, and nothing else changes.
    """
    if mode not in MODES:
        raise SettingsError(f"MODE must be scratch or finetune, received {mode!r}.")
    if only not in ONLY:
        raise SettingsError(f"ONLY must be 1 (train on TICKERS alone) or 0, received {only!r}.")
    if ONLY[only] and not added:
        raise SettingsError('ONLY=1 trains on TICKERS alone; name them, as in make train ONLY=1 TICKERS="NEE COST".')
    with open_workspace(settings, now) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        require_listed(workspace.store.read("forecasts", columns=["model_id"]), workspace.registry.list_models())
        joined = bool(added) and not ONLY[only]
        ingested, market = workspace.ingest(workspace.with_added(added) if joined else workspace.universe())
        show_outcomes(ingested)
        data = workspace.dataset(market)
        doubts = show_doubts(data, settings)
        result = workspace.challenge(data, _incumbent(workspace, mode).champion, fine_tune=mode == "finetune")
        outcome = challenge_sentence(result)
        console.print(outcome, markup=False)
        models = workspace.registry.list_models()
        contents = workspace.of_model(result.candidate.model).run_contents(
            "train",
            f"Training of model {result.candidate.model_id}, {trade_words(data.inputs.label)}",
            data,
            metrics=training_metrics(result, data.coverage, read_trials(workspace.store)),
            frames={"forecasts": forecast_record(result.candidate, data)},
            ingested=ingested,
            doubts=(outcome, *doubts),
            models=models,
        )
        folder = write_run(contents, workspace.root, render=render_run, list_runs=render_runs)
    show_models(models)
    show_page(folder)
    return folder


def _incumbent(workspace: Workspace, mode: str) -> Incumbent:
    """Return who is champion; one whose bundle is damaged is replaced, and one of another basis is told."""
    try:
        incumbent = workspace.incumbent()
    except BundleError as error:
        if mode == "finetune":
            raise
        console.print(f"{error} It is replaced.", markup=False)
        return Incumbent(None, None, {})
    if incumbent.changes:
        console.print(incumbent_sentence(incumbent), markup=False)
    return incumbent
