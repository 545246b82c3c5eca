"""The golden scenario of six sessions and three tickers, and small markets written as tables."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stockseq.backtest.account import Account
from stockseq.backtest.costs import Costs
from stockseq.backtest.simulator import AccountHistory, simulate
from stockseq.backtest.targets import as_targets
from stockseq.schemas import Actions, Bars

SESSIONS = pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02", "2024-12-03", "2024-12-04", "2024-12-05"])
OPENS = {
    "AAA": [100, 101, 103, 52.5, 53, 54],
    "BBB": [50, 50, 50.4, 51, 50, 49.5],
    "CCC": [20, 20.2, 19.8, None, 18, 18.4],
}
CLOSES = {
    "AAA": [100, 102, 104, 53, 54, 55],
    "BBB": [50, 51, 50.6, 50, 49, 50],
    "CCC": [20, 20, 19.5, None, 18.4, 18],
}
# By the session that fills them, one after the close that decides them.
TARGETS = {
    "2024-11-29": {"AAA": 0.5, "BBB": 0.3, "CCC": -0.2},
    "2024-12-03": {"AAA": 0.3, "BBB": 0.5, "CCC": 0.0},
    "2024-12-04": {"CCC": 0.0},
    "2024-12-05": {"AAA": 0.0, "BBB": 0.0},
}
SPLIT = ("AAA", "2024-12-03", "split", 2.0)
DIVIDEND = ("BBB", "2024-12-02", "dividend", 0.5)
PAY_DATES = {("BBB", pd.Timestamp("2024-12-02")): pd.Timestamp("2024-12-04")}
COSTS = Costs(
    half_spread_bps=2,
    slippage_bps=3,
    commission_bps=5,
    cash_rate=0.036,
    margin_rate=0.072,
    borrow_rate=0.036,
    capacity=np.inf,
)
FREE = Costs(
    half_spread_bps=0, slippage_bps=0, commission_bps=0, cash_rate=0, margin_rate=0, borrow_rate=0, capacity=np.inf
)


def bars(
    sessions: pd.DatetimeIndex,
    opens: Mapping[str, Sequence[float | None]],
    closes: Mapping[str, Sequence[float | None]],
    *,
    volumes: Mapping[str, Sequence[float]] | None = None,
) -> Bars:
    """Return bars from columns by ticker; None is a session without a bar."""
    frames = [
        pd.DataFrame(
            {
                "ticker": ticker,
                "session": sessions,
                "open": opens[ticker],
                "close": closes[ticker],
                "volume": volumes[ticker] if volumes and ticker in volumes else 1e9,
            }
        ).dropna()
        for ticker in opens
    ]
    return Bars(pd.concat(frames, ignore_index=True).astype({"open": float, "close": float}))


def actions(*rows: tuple[str, str, str, float]) -> Actions:
    """Return actions from (ticker, session, kind, value)."""
    frame = pd.DataFrame(rows, columns=["ticker", "session", "kind", "value"])
    return Actions(frame.astype({"session": "datetime64[us]"}))


def targets(weights: Mapping[str, Mapping[str, float]]):
    """Return targets from weights by session and ticker."""
    rows = [(session, ticker, weight) for session, named in weights.items() for ticker, weight in named.items()]
    return as_targets(pd.DataFrame(rows, columns=["session", "ticker", "weight"]))


def golden(costs: Costs = COSTS, *, volumes: Mapping[str, Sequence[float]] | None = None) -> AccountHistory:
    """Run the golden scenario."""
    return simulate(
        targets(TARGETS),
        bars(SESSIONS, OPENS, CLOSES, volumes=volumes),
        actions(SPLIT, DIVIDEND),
        sessions=SESSIONS,
        costs=costs,
        account=Account(capital=100_000),
        horizon=1,
        pay_dates=PAY_DATES,
    )
