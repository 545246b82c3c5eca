"""A plot of several accounts over one another, each growing from its own first session."""

import html

import pandas as pd

from stockseq.plots.account import compute_growth
from stockseq.plots.plot import Plot, layout, line, session_labels, thin

# As many as can be told apart; the last colour is that of a reference.
COLOURS = ("--strategy", "--base", "--optimum", "--benchmark", "--third")
REFERENCE = "--second"


def plot_overlay(curves: pd.DataFrame, *, reference: str = "") -> Plot:
    """Return the growth of each account since its first session.

    Parameters
    ----------
    curves : DataFrame of n_sessions rows
        Money by session, a column an account, at most as many as `COLOURS` beside the reference; NaN where it has none.
    reference : str, optional
        The column that is drawn quietly.
    """
    growth = thin(pd.DataFrame({name: compute_growth(curves[[name]])[name] for name in curves}))
    x = session_labels(growth.index)
    colours = iter(COLOURS)
    data = []
    for name, values in growth.items():
        quiet = name == reference
        style = {"dash": "dot", "width": 1.4} if quiet else {"width": 2.0}
        colour = REFERENCE if quiet else next(colours)
        data.append(line(x, values, html.escape(str(name)), colour, connectgaps=False, **style))
    return Plot(data, layout(y_format="+.0%"))
