"""Plots of tables: as Plotly figures in a notebook, and in the page's own colours on a page."""

from stockseq.plots.account import CURVES, compute_falls, compute_growth, plot_account, plot_drawdown, plot_equity
from stockseq.plots.direction import (
    FEWEST_FORECASTS,
    dots,
    panel_layout,
    plot_accuracy,
    plot_calibration,
    plot_differences,
)
from stockseq.plots.news import MOST_TICKERS, MOST_YEARS, group_news, plot_news
from stockseq.plots.plot import Json, Plot, axis, interval_bars, layout, line, row_name
from stockseq.plots.ranking import plot_cumulative_ic, plot_quintiles
from stockseq.plots.size import group_sizes, plot_coverage, plot_fan, plot_sizes

__all__ = [
    "CURVES",
    "FEWEST_FORECASTS",
    "MOST_TICKERS",
    "MOST_YEARS",
    "Json",
    "Plot",
    "axis",
    "compute_falls",
    "compute_growth",
    "dots",
    "group_news",
    "group_sizes",
    "interval_bars",
    "layout",
    "line",
    "panel_layout",
    "plot_account",
    "plot_accuracy",
    "plot_calibration",
    "plot_coverage",
    "plot_cumulative_ic",
    "plot_differences",
    "plot_drawdown",
    "plot_equity",
    "plot_fan",
    "plot_news",
    "plot_quintiles",
    "plot_sizes",
    "row_name",
]
