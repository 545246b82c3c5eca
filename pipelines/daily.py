"""Each morning: ingest, build, train where needed, forecast the next session, score what was forecast before."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from pipelines.screens.champion import current_champion
from pipelines.screens.daily import show_morning, show_nothing_new
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts
from stockseq.backtest.positions_file import read_positions
from stockseq.config import Settings
from stockseq.forecasting.clock import refuse_training
from stockseq.forecasting.live import score_open_forecasts
from stockseq.forecasting.morning import Morning, begin_morning
from stockseq.report.morning_run import run_morning, write_morning
from stockseq.report.text.training import standing_sentence
from stockseq.runs.inputs import EarlierMorning, find_earlier, hash_start, read_inputs


def run_daily(settings: Settings, now: pd.Timestamp, *, quiet: bool = False) -> tuple[Morning | EarlierMorning, Path]:
    """Run the day once, and return what was found and the run's folder; the same day again changes nothing.

    A day on which nothing is new since an earlier run forecasts nothing anew: that run is returned, with its folder. A
    day of before the store's newest forecast is shown as it was: nothing is fetched, trained or scored.

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
    # Once: a file that changes on the way is an input of the next morning, not of this one.
    start = hash_start(holdings)
    with open_workspace(settings, now, trains=False) as workspace:
        registry, calendar = workspace.registry, workspace.calendar
        ledger, replays = begin_morning(workspace.store, registry, calendar, now)
        inputs_now = partial(read_inputs, start, workspace.settings, registry, workspace.models, calendar, now)
        inputs = None if replays else inputs_now()
        earlier = find_earlier(workspace.root, inputs, now=now)
        # A network that need not run is not loaded; one that is damaged costs no fetch.
        incumbent = workspace.incumbent() if earlier is None else None
        ingested, market = workspace.ingest(workspace.universe(), stored_only=replays)
        if not quiet:
            show_outcomes(ingested)
        ingested.require_any()
        if not replays:
            ledger = score_open_forecasts(workspace.store, ledger, registry.list_models(), market)
        if inputs and earlier and earlier.is_same(inputs.after(market, ingested), workspace.store.versions()):
            if not quiet:
                show_nothing_new(earlier, timezone=calendar.timezone)
            return earlier, earlier.folder
        before_training = partial(refuse_training, registry, ledger, now)
        champion, data = current_champion(
            workspace, market, incumbent or workspace.incumbent(), before_training=before_training
        )
        changes = workspace.changes(champion.model)
        doubts = show_doubts(data, settings, *([standing_sentence(champion.model_id, changes)] if changes else []))
        found = run_morning(workspace, champion, data, ledger=ledger, ingested=ingested, holdings=holdings)
        # Anew, for the morning may have trained or promoted a model.
        stood_on = inputs_now()
        run = replace(found, doubts=doubts, inputs=stood_on and stood_on.after(market, ingested))
        folder = write_morning(run, workspace.of_model(champion.model))
    if not quiet:
        show_morning(run.morning, folder, run.explained, calendar=calendar, book=run.book)
    return run.morning, folder
