"""Each morning: ingest, build, train where needed, forecast the next session, score what was forecast before."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipelines.screens.console import console, show_progress
from pipelines.screens.daily import show_morning
from pipelines.screens.outcomes import show_outcomes
from stockseq.config import Settings
from stockseq.dataset.dataset import Dataset
from stockseq.errors import counted
from stockseq.executors import open_executor
from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.forecasting.champion import Champion
from stockseq.forecasting.live import score_live, score_open_forecasts
from stockseq.forecasting.morning import Morning, describe_morning
from stockseq.models.forecasting import forecast_next
from stockseq.report.metrics import morning_metrics
from stockseq.report.render import render_run
from stockseq.report.text.data import jump_sentences
from stockseq.report.text.training import challenge_sentence, incumbent_sentence
from stockseq.runs.folder import write_run
from stockseq.runs.trials import read_trials
from stockseq.schemas import Dropped
from stockseq.workspace import Workspace


def run_daily(settings: Settings, now: pd.Timestamp, *, quiet: bool = False) -> tuple[Morning, Path]:
    """Run the day once, and return what was found and the run's folder; the same day again changes nothing.

    Raises
    ------
    SourceError
        If not one ticker could be brought up to date.
    """
    with (
        open_executor(workers=settings.workers, scheduler=settings.scheduler) as executor,
        show_progress() as progress,
    ):
        workspace = Workspace(settings, now=now, executor=executor, progress=progress)
        with workspace.lock(trains=False):
            ingested, market = workspace.ingest(workspace.universe())
            if not quiet:
                show_outcomes(ingested)
            ingested.require_any()
            data = workspace.dataset(market)
            doubts = jump_sentences(data.jumps)
            for doubt in doubts:
                console.print(f"[yellow]Doubt:[/yellow] {doubt}")
            store = workspace.store
            ledger = score_open_forecasts(store, verify(store), workspace.registry.list_models(), market)
            champion = current_champion(workspace, data)
            outlook = forecast_next(champion.model, data, ingested.outcomes)
            appended = append_forecasts(
                store,
                outlook.forecasts,
                made_at=now,
                model_id=champion.model_id,
                calendar=workspace.calendar,
                ledger=ledger,
            )
            live = score_live(ledger.extend(appended).as_of(now))
            morning = describe_morning(data, champion, outlook, live=live, headline_failures=ingested.headline_failures)
            contents = workspace.run_contents(
                "daily",
                f"Forecasts for {outlook.session.date()}",
                data,
                metrics=morning_metrics(morning, data.coverage, read_trials(store)),
                frames={
                    "forecasts": morning.table,
                    "headlines": morning.headlines,
                    "out_of_sample": morning.out_of_sample,
                },
                ingested=ingested,
            )
            refused = tuple(Dropped("forecast", ticker, reason, 1) for ticker, reason in outlook.refused.items())
            models = workspace.registry.list_models()
            contents = replace(contents, dropped=(*contents.dropped, *refused), doubts=doubts, models=models)
            folder = write_run(contents, workspace.root, render=render_run)
    if not quiet:
        show_morning(morning, folder, n_new=appended.n_rows, calendar=workspace.calendar)
    return morning, folder


def current_champion(workspace: Workspace, data: Dataset) -> Champion:
    """Return the model that forecasts today: the champion, or whoever wins where there is none or it is stale."""
    incumbent = workspace.incumbent()
    if incumbent.champion is None:
        console.print(incumbent_sentence(incumbent), markup=False)
    else:
        # A candidate that lost counts too, or a champion that stays would be challenged anew every day.
        newest = workspace.registry.list_models()["trained_through"].max()
        age = int((data.sessions > newest).sum())
        if age <= workspace.settings.daily.stale_after:
            return incumbent.champion
        console.print(
            f"The newest model knows nothing of the last {counted(age, 'session')}, so a candidate is trained."
        )
    result = workspace.challenge(data, incumbent.champion)
    console.print(challenge_sentence(result), markup=False)
    return result.winner
