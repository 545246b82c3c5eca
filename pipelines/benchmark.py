"""Score the network by the protocol of a published dataset, with baselines, base rates and what was published."""

import difflib
from pathlib import Path

import pandas as pd

from pipelines.screens.benchmark import show_benchmark
from pipelines.screens.console import show_progress
from stockseq.benchmarks.acl2018 import LOOKBACK
from stockseq.benchmarks.data import read_benchmark
from stockseq.benchmarks.forecasts import NETWORKS, TEXT, forecast_benchmark
from stockseq.benchmarks.judge import judge_benchmark, select_period
from stockseq.config import Settings
from stockseq.errors import SettingsError, counted
from stockseq.executors import open_executor
from stockseq.report.metrics import benchmark_metrics
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.runs.folder import RunContents, write_run
from stockseq.runs.trials import read_trials, record_trial
from stockseq.workspace import Workspace

DATASETS = ("stocknet",)


def run_benchmark(settings: Settings, now: pd.Timestamp, *, dataset: str) -> Path:
    """Train on the dataset's training moves, score all that follow, and return the folder of the page and tables.

    `stocknet.folder` of the settings is where the dataset lies, in either layout. Of a folder that doesn't hold what
    the protocol needs nothing is written.
    """
    if dataset not in DATASETS:
        near = difflib.get_close_matches(dataset, DATASETS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(DATASETS)}."
        raise SettingsError(f"There is no benchmark of a dataset {dataset!r}; {hint}")
    network = settings.network.model_copy(update={"lookback": LOOKBACK})
    settings = settings.model_copy(update={"source": dataset, "network": network})
    with (
        open_executor(workers=settings.workers, scheduler=settings.scheduler) as executor,
        show_progress() as progress,
    ):
        workspace = Workspace(settings, now=now, executor=executor, progress=progress, create=True)
        progress.say(f"Reading {settings.stocknet.folder}")
        source = settings.stocknet.model_copy(update={"exchange": settings.exchange})
        data = read_benchmark(source, workspace.inputs, workspace.calendar, now=now, executor=executor)
        progress.say(f"Instances by the protocol: {data.describe()}.")
        with workspace.lock():
            forecasts = forecast_benchmark(workspace.forecaster, data, settings.folds)
            result = judge_benchmark(data, forecasts, dataset=dataset, n_seeds=settings.training.n_seeds)
            for name in NETWORKS:
                measures = {"accuracy": result.main.samples[0].scores[name].accuracy}
                record_trial(workspace.store, settings, f"benchmark {dataset}: {name}", measures, now=now)
            frames = [frame.assign(forecaster=name) for name, frame in forecasts.items()]
            contents = RunContents(
                recipe="benchmark",
                title=f"The protocol of Xu & Cohen (2018) on {counted(data.instances['ticker'].nunique(), 'ticker')}",
                now=now,
                settings=settings.model_dump(mode="json", exclude_none=True),
                metrics=benchmark_metrics(result, data.coverage, read_trials(workspace.store)),
                frames={
                    "forecasts": select_period(forecasts[TEXT], data.main_period),
                    "benchmark_forecasts": pd.concat(frames, ignore_index=True),
                },
                provenance=workspace.provenance(data.market),
                dropped=data.dropped,
                outcomes=tuple(data.outcomes.values()),
            )
            folder = write_run(contents, workspace.root, render=render_run, list_runs=render_runs)
    show_benchmark(result, folder)
    return folder
