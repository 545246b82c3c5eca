"""The figures of rank and size: quintiles, cumulative rank IC, a fan of intervals, coverage by year, and sizes."""

import pandas as pd

from stockseq.evaluate.ranking import LEAST_TICKERS, daily_ranks, tabulate_quintiles
from stockseq.evaluate.size import SizeScores
from stockseq.plots import group_sizes, plot_coverage, plot_cumulative_ic, plot_fan, plot_quintiles, plot_sizes
from stockseq.report.figure import Figure
from stockseq.report.text import rank_and_size as text
from stockseq.report.text.names import MODEL

# Fewer make a cloud, no line.
FEWEST_SESSIONS = 20


def ranking_figures(rows: pd.DataFrame, *, horizon: int) -> list[Figure]:
    """Return what each quintile earned, and the rank IC summed up, where enough sessions can be ranked.

    Parameters
    ----------
    rows : DataFrame of n_forecasts rows
        Scored forecasts: session, ticker, probability_up, realised_return, and what ranks them.
    horizon : int
        Sessions from entry to exit of the label's trade.
    """
    if rows.groupby("session").size().ge(LEAST_TICKERS).sum() < FEWEST_SESSIONS:
        return []
    daily, quintiles = daily_ranks(rows), tabulate_quintiles(rows, horizon=horizon)
    figures = []
    if quintiles["mean_return"].notna().all():
        plot = plot_quintiles(quintiles)
        figures.append(
            Figure("quintiles", text.QUINTILES, plot, text.QUINTILES_READING, text.quintiles_summary(quintiles))
        )
    if len(daily) >= FEWEST_SESSIONS:
        plot = plot_cumulative_ic(daily[["rank_ic"]].rename(columns={"rank_ic": MODEL}))
        summary = text.ic_summary(daily["rank_ic"])
        figures.append(Figure("cumulative_ic", text.CUMULATIVE_IC, plot, text.CUMULATIVE_IC_READING, summary))
    return figures


def size_figures(rows: pd.DataFrame, size: SizeScores | None) -> list[Figure]:
    """Return intervals with outcomes, how often they held by year, and sizes against outcomes; none without sizes.

    Parameters
    ----------
    rows : DataFrame of n_forecasts rows
        Scored forecasts with `sigma`, `realised_variance` and the bounds of the intervals.
    size : SizeScores or None
    """
    if size is None:
        return []
    figures = []
    if size.intervals:
        fan, ticker = _fan(rows)
        title = text.fan_title(ticker)
        figures.append(Figure("fan", title, plot_fan(fan), text.FAN_READING, text.fan_summary(fan)))
        by_year = pd.DataFrame({level: scores.by_year for level, scores in size.intervals.items()}).sort_index()
        plot = plot_coverage(by_year)
        figures.append(Figure("coverage", text.COVERAGE, plot, text.COVERAGE_READING, text.coverage_summary(by_year)))
    groups = group_sizes(rows)
    if len(groups) > 1:
        summary = text.sizes_summary(groups)
        figures.append(Figure("sizes", text.SIZES, plot_sizes(groups), text.SIZES_READING, summary))
    return figures


def _fan(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the forecasts of the ticker of median size among those with the most, by session, and its name."""
    sized = rows.dropna(subset=["low_80", "low_95"])
    counts = sized.groupby("ticker").size()
    sizes = sized.groupby("ticker")["sigma"].median()[counts == counts.max()].sort_values(kind="stable")
    ticker = str(sizes.index[(len(sizes) - 1) // 2])
    return sized[sized["ticker"] == ticker].set_index("session").sort_index(), ticker
