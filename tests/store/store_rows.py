"""Rows for the store's tests: small, with the dtypes of the schemas."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stockseq.schemas import Actions, Bars, Headlines, as_actions, as_bars, as_headlines


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def bars(
    close: Sequence[float], *, ticker: str = "AAPL", first: str = "2024-02-05", fetched: str = "2024-03-01"
) -> Bars:
    """One ticker's bars on successive weekdays, flat at `close`."""
    prices = np.asarray(close, dtype=float)
    return as_bars(
        pd.DataFrame(
            {
                "ticker": ticker,
                "session": pd.bdate_range(first, periods=len(prices)),
                "open": prices,
                "high": prices,
                "low": prices,
                "close": prices,
                "volume": 1000.0,
                "source": "files",
                "fetched_at": utc(fetched),
            }
        )
    )


def dividends(values: Sequence[float], *, fetched: str) -> Actions:
    """A dividend of AAPL on each of successive weekdays."""
    return as_actions(
        pd.DataFrame(
            {
                "ticker": "AAPL",
                "session": pd.bdate_range("2024-02-05", periods=len(values)),
                "kind": "dividend",
                "value": list(values),
                "source": "files",
                "fetched_at": utc(fetched),
            }
        )
    )


def headlines(texts: Sequence[str], *, seen: str | None = "2024-02-05 12:00") -> Headlines:
    """Headlines of AAPL, one an hour from 10:00 UTC; their id is their text."""
    return as_headlines(
        pd.DataFrame(
            {
                "headline_id": list(texts),
                "ticker": "AAPL",
                "published_at": [utc("2024-02-05 10:00") + pd.Timedelta(hours=hour) for hour in range(len(texts))],
                "first_seen_at": pd.Series([seen] * len(texts), dtype="datetime64[us, UTC]"),
                "date_only": False,
                "text": list(texts),
                "publisher": "",
                "url": "",
                "source": "files",
            }
        )
    )


def features(
    values: Sequence[float],
    *,
    ticker: str = "AAPL",
    first: str = "2024-02-05",
    feature_set: str = "a",
    name: str = "momentum",
) -> pd.DataFrame:
    """One ticker's rows of one feature on successive weekdays."""
    sessions = pd.bdate_range(first, periods=len(values), unit="us")
    return pd.DataFrame(
        {
            "ticker": ticker,
            "session": sessions,
            "feature_set": feature_set,
            "decision_at": sessions.tz_localize("UTC") + pd.Timedelta(hours=14),
            name: np.asarray(values, dtype=float),
        }
    )
