"""Judge a declared family of variants against the plain network: the same folds, seeds and budget for each."""

from pathlib import Path

import pandas as pd

from pipelines.screens.ablation import show_ablation
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts
from stockseq.ablation.ablation import judge_ablation
from stockseq.ablation.family import build_networks, fit_family
from stockseq.ablation.fits import FitCache
from stockseq.config import Settings
from stockseq.dataset.folds import cut_folds
from stockseq.errors import counted
from stockseq.forecasting.walk_forward import optimum_on
from stockseq.models.variants import PLAIN
from stockseq.report.metrics import ablation_metrics
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.runs.folder import write_run
from stockseq.runs.source_hash import hash_networks
from stockseq.runs.trials import read_trials, record_trial


def run_ablation(settings: Settings, now: pd.Timestamp) -> Path:
    """Fit the plain network and each variant on the same folds and seeds, judge them, and return the run's folder.

    Every network that was fitted is saved under the data root, so that a stopped run goes on where it was. A variant
    that can't be fitted is recorded as failed. Tickers that the store doesn't hold yet are fetched first.
    """
    with open_workspace(settings, now) as workspace:
        networks = build_networks(settings.ablation, settings.network)
        ingested, market = workspace.ingest(workspace.universe(), missing_only=True)
        show_outcomes(ingested)
        data = workspace.dataset(market)
        doubts = show_doubts(data, settings)
        with workspace.explain_sessions(data):
            folds = cut_folds(data.sessions, settings.folds, horizon=data.inputs.horizon)
        code = hash_networks([settings.network, *networks.values()])
        cache = FitCache.open(workspace.root / "ablation", data, code=code)
        family = fit_family(workspace.forecaster, data, folds, settings.ablation, cache=cache)
        plain = family.forecasts[PLAIN]
        horizon = data.inputs.horizon
        best = optimum_on(market.truth, plain, horizon=horizon)
        result = judge_ablation(family, optimum=best, seed=settings.training.seed, horizon=horizon)
        for variant in result.variants:
            network = networks.get(variant.name, settings.network)
            measures = {} if variant.scores is None else {"accuracy": variant.scores.accuracy}
            tried = settings.model_copy(update={"network": network})
            record_trial(workspace.store, tried, family.trial_name(variant.name), measures, now=now)
        result = result.model_copy(update={"trials": read_trials(workspace.store).n})
        first, last = plain["session"].agg(["min", "max"])
        frames = [frame.assign(variant=name) for name, frame in family.forecasts.items()]
        contents = workspace.run_contents(
            "ablation",
            f"Ablation of {counted(result.family, 'variant')}, {first.date()} to {last.date()}",
            data,
            metrics=ablation_metrics(result, data.coverage),
            frames={"forecasts": pd.concat(frames, ignore_index=True)},
            ingested=ingested,
            doubts=doubts,
        )
        folder = write_run(contents, workspace.root, render=render_run, list_runs=render_runs)
    show_ablation(result, folder)
    return folder
