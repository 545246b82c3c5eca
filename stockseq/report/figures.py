"""The figures of a page: accuracy over time, calibration, equity, drawdown, and the model less its baselines."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stockseq.evaluate.comparison import Comparison, tabulate_tests
from stockseq.evaluate.record import mark_hits, readable_bins, rolling_accuracy, rolling_window
from stockseq.plots import (
    CURVES,
    FEWEST_FORECASTS,
    compute_falls,
    compute_growth,
    group_news,
    plot_accuracy,
    plot_calibration,
    plot_differences,
    plot_drawdown,
    plot_equity,
    plot_news,
    row_name,
)
from stockseq.report.figure import Figure
from stockseq.report.rank_and_size import ranking_figures, size_figures
from stockseq.report.run import RunReport
from stockseq.report.text import figures as text
from stockseq.report.text.names import curve_label, name_label

FEWEST_SESSIONS = 10


def build_figures(run: RunReport) -> dict[str, Figure]:
    """Return the figures that the run has data for, by name."""
    drawn = []
    if run.backtest is not None and run.backtest.comparisons:
        drawn.append(comparisons_figure(run.backtest.comparisons))
    rows = None if run.out_of_sample is None else mark_hits(run.out_of_sample)
    if rows is not None and len(rows):
        if (calibrated := calibration_figure(rows)) is not None:
            drawn.append(calibrated)
        if rows["session"].nunique() >= FEWEST_SESSIONS:
            drawn.append(accuracy_figure(rows, best=run.best_accuracy))
    if rows is not None and run.backtest is not None and run.backtest.ranking is not None:
        drawn += ranking_figures(rows, horizon=run.backtest.ranking.horizon)
        drawn += size_figures(rows, run.backtest.size)
    curves = _curves(run.equity)
    if curves is not None:
        drawn += [equity_figure(curves), drawdown_figure(curves)]
    if run.news is not None and run.news["n_headlines"].any():
        drawn.append(news_figure(run.news))
    return {figure.name: figure for figure in drawn}


def accuracy_figure(rows: pd.DataFrame, *, best: float | None) -> Figure:
    """Return rolling accuracy of the rows of `mark_hits`, with its interval, against the base rate and the optimum."""
    window = rolling_window(rows["session"].nunique())
    stretches = rolling_accuracy(rows, window=window)
    return Figure(
        name="accuracy",
        title="Accuracy over time",
        plot=plot_accuracy(stretches, best=best),
        reading=text.accuracy_reading(window, has_best=best is not None),
        summary=text.accuracy_summary(stretches, window),
    )


def calibration_figure(rows: pd.DataFrame) -> Figure | None:
    """Return how often tickers rose by forecast probability, of the rows of `mark_hits`; None where no bin is large."""
    bins = readable_bins(rows, fewest=FEWEST_FORECASTS)
    large = bins["n"] >= FEWEST_FORECASTS
    if not large.any():
        return None
    return Figure(
        name="calibration",
        title="Calibration",
        plot=plot_calibration(bins),
        reading=text.CALIBRATION + ("" if large.all() else text.SMALL_GROUPS),
        summary=text.calibration_summary(rows),
    )


def comparisons_figure(comparisons: Mapping[str, Comparison]) -> Figure:
    """Return the model less each baseline, the nearest baseline first."""
    pairs = sorted(comparisons.items(), key=lambda pair: pair[1].accuracy.difference)
    rows = {row_name(name_label(name)): pair for name, pair in pairs}
    accuracy, log_loss = ({row: getattr(pair, name) for row, pair in rows.items()} for name in ("accuracy", "log_loss"))
    return Figure(
        name="comparisons",
        title="The model less each baseline",
        plot=plot_differences({"accuracy": tabulate_tests(accuracy), "log_loss": tabulate_tests(log_loss)}),
        reading=text.COMPARISONS,
        summary=text.comparisons_summary([pair.accuracy for _, pair in pairs]),
    )


def equity_figure(curves: pd.DataFrame) -> Figure:
    """Return the growth of each curve since its first session."""
    return Figure(
        name="equity",
        title="Equity against benchmarks",
        plot=plot_equity(curves),
        reading=text.EQUITY,
        summary=text.equity_summary(compute_growth(curves)),
    )


def drawdown_figure(curves: pd.DataFrame) -> Figure:
    """Return the fraction below the running peak, of the strategy at its own costs and of the benchmarks."""
    return Figure(
        name="drawdown",
        title="Drawdown",
        plot=plot_drawdown(curves),
        reading=text.DRAWDOWN,
        summary=text.drawdown_summary(compute_falls(curves)),
    )


def news_figure(coverage: pd.DataFrame) -> Figure:
    """Return the headlines by ticker and year, of the table of `tabulate_news`."""
    return Figure(
        name="news",
        title="Headlines by ticker and year",
        plot=plot_news(group_news(coverage)),
        reading=text.news_reading(coverage),
        summary=text.news_summary(coverage),
    )


def _curves(equity: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the curves that hold money, ours first, others under a name that is safe to show."""
    if equity is None or len(equity) < 2:
        return None
    money = equity.astype(float)
    money = money.where(np.isfinite(money)).dropna(axis="columns", how="all")
    ours = [name for name in CURVES if name in money]
    others = [name for name in money if name not in CURVES]
    ordered = money[[*ours, *others]].rename(columns={name: curve_label(name) for name in others})
    return None if ordered.empty else ordered
