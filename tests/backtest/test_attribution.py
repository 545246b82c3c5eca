"""Profit by ticker and side against accounts worked by hand."""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.attribution import Attribution
from tests.backtest.scenario import COSTS, FREE, golden

TICKERS = pd.Index(["AAA"])


def rows(history):
    """Profits by ticker and side."""
    return history.attribution.set_index(["ticker", "side"])


def test_the_golden_account_s_profit_by_ticker_and_side():
    """Shares times moves from print to print, without costs; a halt is a session held that neither gains nor loses."""
    history = golden(FREE)
    fills = history.fills.pivot_table(index="session", columns="ticker", values="shares", aggfunc="sum").fillna(0)
    profits = rows(history)
    # Of BBB 600 are bought, before a dividend of 0.50.
    assert fills["BBB"].iloc[0] == 600
    assert profits.loc[("BBB", "long"), "dividends"] == pytest.approx(300.0)
    # CCC, 1000 short at 20.2: +200 to 20, +500 to 19.5, no print on the fourth session, bought back at 18: +1500.
    assert fills["CCC"].iloc[0] == -1000
    assert profits.loc[("CCC", "short"), "price"] == pytest.approx(2200.0)
    assert profits.loc[("CCC", "short"), ["n_sessions", "n_gained", "n_lost"]].tolist() == [4, 3, 0]
    assert ("CCC", "long") not in profits.index


def test_costs_and_fees_stand_at_the_side_that_bears_them():
    """CCC, 1000 short at 20.2: 5 bp of the print and 5 bp commission at the entry; the fee is CCC's alone."""
    history = golden(COSTS)
    profits = rows(history)
    entry = 20_200 * 0.0005 + 1000 * 20.2 * (1 - 0.0005) * 0.0005
    exit_ = 18_000 * 0.0005 + 1000 * 18.0 * (1 + 0.0005) * 0.0005
    assert profits.loc[("CCC", "short"), "cost"] == pytest.approx(entry + exit_)
    assert profits.loc[("CCC", "short"), "borrow"] == pytest.approx(history.equity["borrow"].sum())
    assert profits.loc[("AAA", "long"), "borrow"] == 0


def test_a_turned_position_shares_its_cost_by_what_it_closes_and_opens():
    """10 long, 30 sold for 6: a third closes the long side, two thirds open the short one."""
    attribution = Attribution(1)
    first = np.array([0])
    attribution.trade(first, np.zeros(1), np.array([10.0]), np.array([100.0]), np.array([1.0]))
    attribution.trade(first, np.array([10.0]), np.array([-30.0]), np.array([104.0]), np.array([6.0]))
    attribution.revalue(np.array([-20.0]), np.array([105.0]))
    attribution.close()
    table = attribution.table(TICKERS).set_index("side")
    assert table["cost"].to_dict() == {"long": pytest.approx(1 + 2), "short": pytest.approx(4)}
    assert table["price"].to_dict() == {"long": 40.0, "short": -20.0}
    assert table[["n_gained", "n_lost"]].to_numpy().tolist() == [[1, 0], [0, 1]]


def test_who_never_held_anything_has_no_row():
    """An account without fills, such as that of a constant forecast."""
    assert Attribution(1).table(TICKERS).empty
