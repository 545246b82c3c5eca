"""The rows of a book: what to do with each ticker, or why nothing is done."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.backtest.costs import Costs
from stockseq.backtest.simulator import PendingOrders
from stockseq.backtest.trading import TradingRules
from stockseq.results import Result

Side = Literal[
    "sell", "sell and short", "cover", "cover and buy", "buy", "short", "hold", "no view", "no price", "too dear"
]
# What frees cash comes first, as it does at the auction.
ORDER: tuple[Side, ...] = (
    "sell", "sell and short", "cover", "cover and buy", "buy", "short", "hold", "too dear", "no price", "no view"
)  # fmt: skip
# What a share or an amount is told from nothing by.
LEAST = 1e-9


class BookRow(Result):
    """One ticker of the book; amounts in the account's currency, shares signed.

    Parameters
    ----------
    ticker : str
    side : str
        What to do at the open, or why nothing is done: "hold"; "no view" (its forecast is noise); "no price" (no close
        to size it by); "too dear" (one lot costs more than its weight).
    order, held : float
        Shares to trade, and shares that are there.
    weight : float
        Share of the equity that the policy gives it (of the tranche that is opened, where trades overlap).
    last_close, value, cost : float or None
        Of one share; of the order at that close; of entering it there: spread, slippage and commission.
    no_view : bool
        The policy wants it, and its forecast is noise; an order is then one of an earlier trade that ends.
    probability_up : float or None
        Of its forecast; None where it has none.
    """

    ticker: str
    side: Side
    order: float
    held: float
    weight: float
    last_close: float | None = None
    value: float = 0.0
    cost: float = 0.0
    no_view: bool = False
    probability_up: float | None = None


def book_rows(
    pending: PendingOrders, wanted: pd.Series, chances: Mapping[str, float], *, noise: set[str], rules: TradingRules
) -> tuple[BookRow, ...]:
    """Return the rows of the book, what frees cash first, each side by ticker.

    Parameters
    ----------
    pending : PendingOrders
    wanted : Series of shape (n_targets,)
        The policy's weights by ticker, none of them 0.
    chances : mapping of ticker to float
        P(up) of each forecast.
    noise : set of str
        Tickers among these whose forecast is noise.
    rules : TradingRules
        Whose costs an order has.
    """
    orders = pending.orders.set_index("ticker")
    orders = orders.reindex(orders.index.union(pd.Index([*noise], dtype="str")))
    orders = orders.fillna({"held": 0.0, "order": 0.0})
    weights = wanted.reindex(orders.index).fillna(0.0)
    shown = (orders["order"] != 0) | (orders["held"] != 0) | (weights != 0)
    rows = [
        _row(
            str(ticker),
            order,
            held,
            mark,
            float(weights[ticker]),
            chance=chances.get(str(ticker)),
            noise=ticker in noise,
            costs=rules.costs,
        )
        for ticker, held, order, mark in orders.loc[shown, ["held", "order", "mark"]].itertuples()
    ]
    return tuple(sorted(rows, key=lambda row: (ORDER.index(row.side), row.ticker)))


def _row(
    ticker: str,
    order: float,
    held: float,
    mark: float,
    weight: float,
    *,
    chance: float | None,
    noise: bool,
    costs: Costs,
) -> BookRow:
    priced = bool(np.isfinite(mark))
    value = abs(order) * mark if priced else 0.0
    paid = value * (1.0 + np.sign(order) * costs.impact)
    cost = value * costs.impact + float(costs.commissions(np.array([paid]))[0]) if order else 0.0
    return BookRow(
        ticker=ticker,
        side=_side(order, held, weight, priced=priced, noise=noise),
        order=order,
        held=held,
        weight=weight,
        last_close=mark if priced else None,
        value=value,
        cost=cost,
        no_view=noise,
        probability_up=chance,
    )


def _side(order: float, held: float, weight: float, *, priced: bool, noise: bool) -> Side:
    if order == 0:
        if noise:
            return "no view"
        if weight and not priced:
            return "no price"
        return "hold" if held or not weight else "too dear"
    after = held + order
    if order < 0:
        return "short" if held <= 0 else ("sell and short" if after < -LEAST else "sell")
    return "buy" if held >= 0 else ("cover and buy" if after > LEAST else "cover")
