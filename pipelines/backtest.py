"""Walk forward: fit on the past, forecast the next stretch, trade all forecasts in an account, draw the page."""

from pathlib import Path

import pandas as pd

from pipelines.screens.backtest import show_backtest
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts, time_dataset
from stockseq.backtest.trading import trade
from stockseq.config import Settings
from stockseq.dataset.folds import cut_folds
from stockseq.dataset.news_coverage import tabulate_news
from stockseq.errors import counted
from stockseq.forecasting.placebos import begin_placebos
from stockseq.forecasting.ticker_history import backtest_history
from stockseq.forecasting.walk_forward import walk_forward
from stockseq.report.metrics import backtest_metrics
from stockseq.report.render import render_run
from stockseq.report.run_list import render_runs
from stockseq.report.text.limits import policy_sentences
from stockseq.report.text.names import trade_words
from stockseq.runs.folder import write_run
from stockseq.runs.trials import read_trials, record_trial


def run_backtest(settings: Settings, now: pd.Timestamp) -> Path:
    """Run the backtest on what the store holds, and return the folder of its page and tables.

    Tickers that the store doesn't hold yet are fetched first.
    """
    with open_workspace(settings, now) as workspace:
        ingested, market = workspace.ingest(workspace.universe(), missing_only=True)
        show_outcomes(ingested)
        data = workspace.dataset(market)
        doubts = show_doubts(data, settings, *policy_sentences(settings.policy))
        with workspace.explain_sessions(data):
            folds = cut_folds(data.sessions, settings.folds, horizon=data.inputs.horizon)
        result = walk_forward(workspace.forecaster, data, folds)
        wanted = settings.backtest.placebos
        with begin_placebos(workspace.forecaster, data, folds[-1], wanted=wanted) as placebos:
            account = trade(
                result.forecasts,
                market,
                workspace.rules,
                baselines=result.baselines,
                seed=settings.training.seed,
                progress=workspace.progress,
            )
            measures = {"sharpe_per_session": account.figures.sharpe_per_session, "accuracy": result.scores.accuracy}
            record_trial(workspace.store, settings, "backtest", measures, now=now)
            trials = read_trials(workspace.store)
            metrics = backtest_metrics(result, account, trials, news_timing=time_dataset(data))
            metrics = metrics.with_placebos(placebos.judge(result.forecasts, workspace.progress))
        first, last = result.forecasts["session"].agg(["min", "max"])
        tickers = counted(result.forecasts["ticker"].nunique(), "ticker")
        contents = workspace.run_contents(
            "backtest",
            f"Backtest of {tickers}, {trade_words(data.inputs.label)}, {first.date()} to {last.date()}",
            data,
            metrics=metrics.to_dict(),
            frames={
                "forecasts": result.forecasts,
                "fills": account.history.fills,
                "news": tabulate_news(market.headlines, data.panel, timezone=market.calendar.timezone),
                "equity": account.curves.rename_axis("session").reset_index(),
                "profits": account.history.profits,
                **backtest_history(data, result.forecasts),
                "balances": account.balances,
                "attribution": account.attribution,
            },
            ingested=ingested,
            doubts=doubts,
            dropped=account.dropped,
        )
        folder = write_run(contents, workspace.root, render=render_run, list_runs=render_runs)
    show_backtest(result, account, metrics, folder)
    return folder
