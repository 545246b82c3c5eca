"""Each morning: ingest, build, train where needed, forecast the next session, score what was forecast before."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from pipelines.screens.console import console
from pipelines.screens.daily import show_morning
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts
from stockseq.backtest.positions_file import read_positions
from stockseq.config import Settings
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.news_coverage import tabulate_news
from stockseq.errors import counted
from stockseq.forecast_ledger import verify
from stockseq.forecasting.champion import Champion, Incumbent
from stockseq.forecasting.clock import is_replay, refuse_training, require_begun
from stockseq.forecasting.live import require_listed, score_open_forecasts
from stockseq.forecasting.morning import Morning, forecast_morning
from stockseq.forecasting.next_book import plan_book
from stockseq.forecasting.ticker_history import morning_history
from stockseq.market import MarketData
from stockseq.models.explaining import explain
from stockseq.models.why import tabulate_why
from stockseq.report.metrics import morning_metrics
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.report.text.earlier import earlier_sentence, earlier_title
from stockseq.report.text.names import trade_words
from stockseq.report.text.training import challenge_sentence, incumbent_sentence, standing_sentence
from stockseq.runs.folder import write_run
from stockseq.runs.trials import read_trials
from stockseq.workspace import Workspace


def run_daily(settings: Settings, now: pd.Timestamp, *, quiet: bool = False) -> tuple[Morning, Path]:
    """Run the day once, and return what was found and the run's folder; the same day again changes nothing.

    A day of before the store's newest forecast is shown as it was: nothing is fetched, trained or scored.

    Raises
    ------
    StoreError
        If `now` lies before the store's newest forecast, and no morning was run then.
    BundleError
        If the champion's bundle is missing, damaged or unsafe; nothing was fetched then.
    SourceError
        If not one ticker could be brought up to date.
    DataError
        If the file of positions that the settings name can't be read; nothing was fetched then.
    """
    named = settings.daily.positions
    # Read before anything is fetched: a wrong line in it is somebody's money.
    holdings = None if named is None else read_positions(named, account=settings.account)
    with open_workspace(settings, now, trains=False) as workspace:
        store = workspace.store
        # Before anything is fetched or trained: what is, and what may be done as of this instant.
        require_begun(store, workspace.registry, now)
        ledger = verify(store)
        require_listed(ledger.as_of(now).forecasts, workspace.registry.list_models())
        replays = is_replay(ledger, workspace.registry, workspace.calendar, now)
        incumbent = workspace.incumbent()
        ingested, market = workspace.ingest(workspace.universe(), stored_only=replays)
        if not quiet:
            show_outcomes(ingested)
        ingested.require_any()
        if not replays:
            ledger = score_open_forecasts(store, ledger, workspace.registry.list_models(), market)
        before_training = partial(refuse_training, workspace.registry, ledger, now)
        champion, data = current_champion(workspace, market, incumbent, before_training=before_training)
        changes = workspace.changes(champion.model)
        workspace = workspace.of_model(champion.model)
        standing = (standing_sentence(champion.model_id, changes),) if changes else ()
        doubts = show_doubts(data, settings, *standing)
        models = workspace.registry.list_models()
        morning = forecast_morning(store, ledger, champion, data, ingested=ingested, models=models)
        explained = explain(champion.model, data, morning.next.forecasts, progress=workspace.progress)
        # Only of what was known then: a day that is replayed follows no later forecast.
        book = plan_book(morning, ledger.as_of(now), models, market, store, rules=workspace.rules, holdings=holdings)
        timezone, trade = workspace.calendar.timezone, trade_words(champion.record.basis.label)
        later = earlier_sentence(morning.earlier, timezone)
        contents = workspace.run_contents(
            "daily",
            f"Forecasts for {morning.next.session.date()}, {trade}{earlier_title(morning.earlier, timezone)}",
            data,
            metrics=morning_metrics(morning, data.coverage, read_trials(store), book=book),
            frames={
                "forecasts": morning.table,
                "headlines": morning.headlines,
                "why": tabulate_why(explained),
                "out_of_sample": morning.out_of_sample,
                "news": tabulate_news(market.headlines, data.panel, timezone=market.calendar.timezone),
                **morning_history(data, morning, ledger),
            },
            ingested=ingested,
            doubts=(*doubts, later) if later else doubts,
            dropped=morning.dropped,
            models=models,
        )
        folder = write_run(contents, workspace.root, render=render_run, list_runs=render_runs)
    if not quiet:
        show_morning(morning, folder, explained, calendar=workspace.calendar, book=book)
    return morning, folder


def current_champion(
    workspace: Workspace, market: MarketData, incumbent: Incumbent, *, before_training: Callable[[], None]
) -> tuple[Champion, Dataset]:
    """Return the model that forecasts today, and the dataset as it reads it.

    It is the champion, on the settings that it was trained by, or whoever wins where there is none or it is stale.
    """
    champion = incumbent.champion
    if champion is None:
        console.print(incumbent_sentence(incumbent), markup=False)
    else:
        data = workspace.of_model(champion.model).dataset(market)
        # A candidate that lost counts too, or a champion that stays would be challenged anew every day.
        models = workspace.registry.list_models()
        newest = models.loc[models["label"] == data.inputs.label, "trained_through"].max()
        age = int((data.sessions > newest).sum())
        if age <= workspace.settings.daily.stale_after:
            return champion, data
        console.print(f"The newest model has not seen the last {counted(age, 'session')}, so a candidate is trained.")
    before_training()
    data = workspace.dataset(market)
    result = workspace.challenge(data, champion)
    console.print(challenge_sentence(result), markup=False)
    winner = result.winner
    return winner, workspace.of_model(winner.model).dataset(market) if workspace.changes(winner.model) else data
