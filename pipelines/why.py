"""What moved a forecast of a run, morning or backtest, old or new."""

import re

import pandas as pd

from pipelines.screens.console import console, escape, show_progress
from pipelines.screens.why import show_why
from stockseq.config import Settings, load_settings
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import cut_folds
from stockseq.errors import SettingsError, counted
from stockseq.executors import open_executor
from stockseq.forecasting.clock import require_begun
from stockseq.models.bundle import find_bundle, load_bundle
from stockseq.models.explaining import explain
from stockseq.models.model import Model
from stockseq.models.why import Why
from stockseq.runs.folder import find_run
from stockseq.runs.recorded import RecordedRun, read_recorded
from stockseq.workspace import Workspace

# Without TICKERS so many are shown, those furthest from one half.
MOST_TICKERS = 5


def run_why(
    settings: Settings, now: pd.Timestamp, *, name: str | None, session: str | None, tickers: tuple[str, ...]
) -> tuple[Why, ...]:
    """Show what moved the forecasts of a session of a run, and return it; nothing is written.

    What the run itself said is shown as it is. Otherwise the forecast is made again from the run's own settings and
    from what the store held then, and shown only if it is the recorded one to 1e-6: by the registered model for a
    morning, and for a backtest by the networks of its fold, which are trained again.

    Raises
    ------
    SettingsError
        If SESSION is no date, or the run has no such forecast.
    StockseqError
        If there is no such run, or its forecast can't be made again.
    """
    chosen = _read_session(session)
    present = Workspace(settings, now=now)
    require_begun(present.store, present.registry, now)
    run = read_recorded(find_run(present.root, name, now=now))
    rows = run.find(chosen, tickers)
    n = len(rows)
    if not tickers:
        rows = rows.loc[(rows["probability_up"] - 0.5).abs().sort_values(ascending=False).index].head(MOST_TICKERS)
    console.print(f"Run {escape(run.folder.name)}", highlight=False)
    explained = run.saved_reasons(rows)
    if explained is None:
        explained = _again(run, rows, settings)
        run.require_same(explained, rows)
    show_why(explained)
    if n > len(rows):
        console.print(f"These are furthest from 50% of {counted(n, 'forecast')}; TICKERS names others.")
    return explained


def _read_session(text: str | None) -> pd.Timestamp | None:
    if not text:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError(text)
        return pd.Timestamp(text)
    except ValueError as error:
        raise SettingsError(f"SESSION must be a date such as 2021-03-04, received {text[:40]!r}.") from error


def _again(run: RecordedRun, rows: pd.DataFrame, settings: Settings) -> tuple[Why, ...]:
    """Return what moves the forecasts when they are made again as of the run."""
    here = {"data": settings.data, "workers": settings.workers, "scheduler": settings.scheduler}
    resolved = load_settings(run.folder / "settings.toml", here)
    resolved = resolved.model_copy(update={"storage_options": settings.storage_options})
    with (
        open_executor(workers=settings.workers, scheduler=settings.scheduler) as executor,
        show_progress() as progress,
    ):
        workspace = Workspace(resolved, now=run.now, executor=executor, progress=progress)
        model = None
        if run.model_id is not None:
            bundle = find_bundle(workspace.models, run.model_id)
            model = load_bundle(bundle, own_layers=workspace.own_layers)
            workspace = workspace.of_model(model)
        data = workspace.dataset(workspace.market(workspace.universe()), keep=False)
        if model is None:
            model = _trained_again(workspace, data, rows["session"].iloc[0])
        return explain(model, data, rows, progress=progress)


def _trained_again(workspace: Workspace, data: Dataset, session: pd.Timestamp) -> Model:
    """Return the model of the backtest's fold that tested a session."""
    folds = cut_folds(data.sessions, workspace.settings.folds, horizon=data.inputs.horizon)
    for number, fold in enumerate(folds, start=1):
        if session in fold.test:
            networks = counted(workspace.settings.training.n_seeds, "network")
            workspace.progress.say(
                f"A backtest keeps no networks, so fold {number} of {len(folds)} is trained again: {networks} on "
                f"{counted(len(fold.train), 'session')}, as long as it took then."
            )
            return workspace.forecaster.fit_fold(data, fold)
    raise SettingsError(f"No fold of the run tests {session:%Y-%m-%d} any more: the store holds other sessions now.")
