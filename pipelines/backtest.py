"""Walk forward: fit on the past, forecast the next stretch, trade all forecasts through the ledger, draw the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.progress import BarColumn, TextColumn

from pipelines.context import Context, open_executor, show_progress
from pipelines.forecast import forecast_known
from pipelines.ingest import Ingested, ingest, universe
from pipelines.placebos import run_placebos
from pipelines.prepare import Prepared, account_for_sessions, coverage, prepare
from pipelines.results import write_run
from pipelines.screen import show_backtest, show_outcomes
from pipelines.trading import Traded, trade
from pipelines.train import fit
from pipelines.trials import count_trials, record_trial
from stockseq.config import Settings
from stockseq.dataset.labels import HORIZON_SESSIONS
from stockseq.dataset.walk_forward import Fold, walk_forward
from stockseq.errors import counted
from stockseq.evaluate.comparison import compare_with_baselines, compare_with_best
from stockseq.evaluate.repetition import find_repetition
from stockseq.evaluate.scores import score_forecasts
from stockseq.layers.slots import Readings
from stockseq.models.baselines import BASELINES, find_obstacle, forecast_baseline
from stockseq.models.layer_readings import read_layers


@dataclass(frozen=True)
class Walked:
    """The out-of-sample forecasts of all folds beside what was realised, the model's and each baseline's.

    `impossible` says in a sentence why a baseline is not among them; `last` is the last fold, and `readings` what the
    layers of its networks learnt, by seed, on its test windows.
    """

    forecasts: pd.DataFrame
    baselines: Mapping[str, pd.DataFrame]
    impossible: Mapping[str, str]
    last: Fold
    readings: Sequence[Mapping[str, Readings]]


def run_backtest(settings: Settings, now: pd.Timestamp) -> Path:
    """Run the backtest on what the store holds, and return the folder of its page and tables.

    Tickers that the store doesn't hold yet are fetched first.

    Raises
    ------
    SettingsError
        If the policy holds for another time than the label is forecast for.
    """
    with open_executor(settings) as executor:
        context = Context(settings, now, executor)
        with context.hold_store():
            tickers = universe(context)
            ingested = ingest_missing(context, tickers)
            prepared = prepare(context, tickers)
            walked = walk(context, prepared)
            forecasts = walked.forecasts
            traded = trade(context, prepared, forecasts, walked.baselines)
            metrics = _metrics(context, prepared, walked, traded)
            folder = write_run(
                context,
                "backtest",
                f"Backtest of {counted(forecasts['ticker'].nunique(), 'ticker')}, "
                f"{forecasts['session'].min().date()} to {forecasts['session'].max().date()}",
                metrics=metrics,
                frames={
                    "forecasts": forecasts,
                    "fills": traded.result.fills,
                    "equity": traded.curves.rename_axis("session").reset_index(),
                },
                dropped=(*(ingested.dropped if ingested else ()), *prepared.dropped, *traded.dropped),
                ingested=ingested,
                doubts=prepared.doubts,
            )
    show_backtest(metrics, folder)
    return folder


def walk(context: Context, prepared: Prepared) -> Walked:
    """Fit the model and every baseline on each fold's past, and forecast its test sessions."""
    settings = context.settings
    with account_for_sessions(context, prepared):
        folds = walk_forward(prepared.sessions, settings.folds, horizon=HORIZON_SESSIONS[settings.label])
    own: list[pd.DataFrame] = []
    baselines: dict[str, list[pd.DataFrame]] = {}
    impossible: dict[str, str] = {}
    for number, fold in enumerate(folds, start=1):
        context.say(
            f"Fold {number} of {len(folds)}: {len(fold.train)} sessions train, {len(fold.validation)} validate, "
            f"{len(fold.test)} test from {fold.test[0].date()}"
        )
        samples = prepared.samples.on(fold.test)
        model = fit(context, prepared, fold)
        own.append(forecast_known(model, prepared, samples).assign(fold=number))
        train = prepared.samples.on(fold.train.union(fold.validation))
        with show_progress(TextColumn("{task.description}"), BarColumn()) as bar:
            for name in bar.track(BASELINES, description="Fitting the baselines"):
                if name in impossible:
                    continue
                obstacle = find_obstacle(name, prepared.panel, train)
                if obstacle is not None:
                    impossible[name] = f"Fold {number}: {obstacle}"
                    continue
                forecasts = forecast_baseline(name, prepared.panel, train, samples, lookback=settings.network.lookback)
                baselines.setdefault(name, []).append(_realised(forecasts, own[-1]))
    return Walked(
        pd.concat(own, ignore_index=True),
        # One that lacks a fold would be compared on other sessions than the rest.
        {name: pd.concat(parts, ignore_index=True) for name, parts in baselines.items() if name not in impossible},
        impossible,
        folds[-1],
        read_layers(model, prepared.panel, samples.ends),
    )


def ingest_missing(context: Context, tickers: tuple[str, ...]) -> Ingested | None:
    """Fetch the tickers of which the store holds no bar, and show what came; None if it holds them all."""
    held = set(context.read("bars", tickers=tickers, columns=["ticker"])["ticker"])
    missing = tuple(ticker for ticker in tickers if ticker not in held)
    if not missing:
        return None
    ingested = ingest(context, missing)
    show_outcomes(ingested)
    return ingested


def _realised(forecasts: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    return forecasts.merge(
        own[["ticker", "session", "realised_return"]], on=["ticker", "session"], validate="one_to_one"
    )


def _metrics(context: Context, prepared: Prepared, walked: Walked, traded: Traded) -> dict[str, Any]:
    forecasts = walked.forecasts
    scores = score_forecasts(forecasts, bootstrap_seed=context.settings.training.seed)
    measures = {"sharpe_per_session": traded.portfolio["sharpe_per_session"], "accuracy": scores.accuracy}
    record_trial(context, "backtest", measures)
    last = forecasts[forecasts["session"].isin(walked.last.test)]
    return {
        "forecast": scores.to_dict(),
        "baselines": {name: score_forecasts(frame).to_dict() for name, frame in walked.baselines.items()},
        "impossible": walked.impossible,
        "comparisons": {
            name: pair.to_dict() for name, pair in compare_with_baselines(forecasts, walked.baselines).items()
        },
        "superior": compare_with_best(forecasts, walked.baselines, seed=context.settings.training.seed).to_dict(),
        "placebos": run_placebos(context, prepared, walked.last, last) if context.settings.backtest.placebos else {},
        "readings": walked.readings,
        "repetition": find_repetition(forecasts, prepared.labels).to_dict(),
        "portfolio": traded.judged(context),
        "benchmarks": traded.benchmarks,
        **traded.blind,
        "overfitting": traded.overfitting,
        "coverage": coverage(prepared),
        "trials": count_trials(context),
        "optimum": optimum_on(context, forecasts),
    }


def optimum_on(context: Context, forecasts: pd.DataFrame) -> dict[str, float] | None:
    """Return what the best forecaster scores on the same rows; only a simulated market knows it."""
    if context.settings.source != "simulated":
        return None
    from stockseq.sources.simulated import optimum

    truth = context.source.truth.merge(forecasts[["ticker", "session"]], on=["ticker", "session"])  # type: ignore[attr-defined]
    return optimum(truth)
