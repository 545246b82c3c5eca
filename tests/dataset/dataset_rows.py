"""Bars and actions for the tests, written as short rows."""

import pandas as pd

from stockseq.schemas import Actions, Bars, as_actions, as_bars

FETCHED_AT = pd.Timestamp("2025-01-01", tz="UTC")


def bars_of(ticker: str, rows: list[tuple[str, float, float]] | list[tuple[str, float, float, float]]) -> Bars:
    """Return bars from (session, open, close[, volume]); high and low follow."""
    frame = pd.DataFrame([(*row, 1000.0)[:4] for row in rows], columns=["session", "open", "close", "volume"])
    prices = frame[["open", "close"]]
    return as_bars(
        frame.assign(
            ticker=ticker,
            session=pd.to_datetime(frame["session"]),
            high=prices.max(axis=1),
            low=prices.min(axis=1),
            source="test",
            fetched_at=FETCHED_AT,
        )
    )


def actions_of(ticker: str, *rows: tuple[str, str, float]) -> Actions:
    """Return actions from (session, kind, value)."""
    frame = pd.DataFrame(rows, columns=["session", "kind", "value"])
    return as_actions(
        frame.assign(ticker=ticker, session=pd.to_datetime(frame["session"]), source="test", fetched_at=FETCHED_AT)
    )
