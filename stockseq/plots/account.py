"""Plots of an account: growth against its benchmarks, and drawdown."""

import html

import pandas as pd

from stockseq.plots.plot import Json, Plot, axis_title, layout, line, session_labels, thin

# Name, colour and dash of the curves of an account.
CURVES = {
    "strategy": ("Strategy, costs 1x", "--strategy", "solid"),
    "strategy_0x": ("Strategy, no costs", "--strategy", "dot"),
    "strategy_2x": ("Strategy, costs 2x", "--strategy", "dash"),
    "buy_and_hold": ("Buy and hold", "--benchmark", "solid"),
    "equal_weight": ("Equal weight", "--second", "solid"),
    "random_same_turnover": ("Random, same turnover", "--third", "solid"),
}
AT_OTHER_COSTS = ("strategy_0x", "strategy_2x")


def plot_equity(curves: pd.DataFrame) -> Plot:
    """Return the growth of each curve since its first session.

    Parameters
    ----------
    curves : DataFrame of n_sessions rows
        Money by session, a column a curve; see `CURVES`. NaN before a curve begins.
    """
    return Plot([_curve(values) for _, values in thin(compute_growth(curves)).items()], layout(y_format="+.0%"))


def plot_drawdown(curves: pd.DataFrame) -> Plot:
    """Return the fraction below the running peak, of the strategy at its own costs and of the benchmarks.

    The parameters are those of `plot_equity`.
    """
    shade = {"fill": "tozeroy", "fillcolor": "--band"}
    falls = thin(compute_falls(curves))
    data = [_curve(values) | (shade if name == "strategy" else {}) for name, values in falls.items()]
    return Plot(data, layout(y_format=".0%"))


def plot_account(curves: pd.DataFrame) -> Plot:
    """Return growth above drawdown over the same sessions.

    The parameters are those of `plot_equity`.
    """
    growth, falls = plot_equity(curves), plot_drawdown(curves)
    below = [trace | {"yaxis": "y2", "showlegend": False} for trace in falls.data]
    both = growth.layout | {
        "yaxis": growth.layout["yaxis"] | {"domain": [0.36, 1.0], "title": axis_title("Growth")},
        "yaxis2": falls.layout["yaxis"] | {"domain": [0.0, 0.28], "title": axis_title("Drawdown")},
        "xaxis": growth.layout["xaxis"] | {"anchor": "y2"},
        "height": 640,
    }
    return Plot([*growth.data, *below], both)


def compute_growth(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the growth of each curve since its first session, a fraction."""
    return curves / curves.bfill().iloc[0] - 1


def compute_falls(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the fraction below the running peak, at most 0, without the strategy at other costs than its own."""
    falls = curves / curves.cummax() - 1
    return falls[[name for name in falls if name not in AT_OTHER_COSTS]]


def _curve(values: pd.Series) -> Json:
    other = (html.escape(str(values.name)), "--third", "solid")
    label, color, dash = CURVES.get(str(values.name), other)
    width = 2.2 if values.name == "strategy" else 1.4
    return line(session_labels(values.index), values, label, color, dash=dash, width=width)
