"""Plots of rolling figures of an account: its Sharpe ratio beside buy and hold's, and its beta."""

import pandas as pd

from stockseq.plots.account import CURVES
from stockseq.plots.plot import Plot, layout, line, session_labels, thin


def plot_rolling_sharpe(rolling: pd.DataFrame) -> Plot:
    """Return the Sharpe ratios of the strategy and of buy and hold over trailing sessions.

    Parameters
    ----------
    rolling : DataFrame
        That of `backtest.tear_sheet.compute_rolling`.
    """
    rows = thin(rolling)
    x = session_labels(rows.index)
    return Plot(
        [
            line(x, rows["strategy"], "Strategy", CURVES["strategy"][1], width=2.2),
            line(x, rows["buy_and_hold"], CURVES["buy_and_hold"][0], CURVES["buy_and_hold"][1], width=1.4),
        ],
        layout(y_format=".1f"),
    )


def plot_rolling_beta(rolling: pd.DataFrame) -> Plot:
    """Return the strategy's beta against buy and hold over trailing sessions; the parameters are those above."""
    rows = thin(rolling)
    beta = line(session_labels(rows.index), rows["beta"], "Beta", CURVES["strategy"][1], width=2.2)
    return Plot([beta | {"showlegend": False}], layout(y_format=".2f"))
