"""What Yahoo's chart says beyond its prices: symbol, trading hours, and splits and dividends on their own dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# JSON as Yahoo sends it: anything may be missing or of another type.
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """One ticker's chart, without its prices.

    Parameters
    ----------
    symbol : str or None
        Whose chart it says it is.
    session_end : Timestamp, tz-aware, or None
        When the session ends that Yahoo shows as current; None where it can't be read.
    splits : mapping of ex-date to new shares per old
        Oldest first.
    dividends : mapping of ex-date to amount
        Oldest first, in whatever basis Yahoo gives them.
    n_unreadable_dividends : int
        Dividends without a usable date or amount.
    zone : str or None
        The time zone of the exchange that it says it trades on.
    currency : str or None
        In which its prices are; "GBp" is pence.
    """

    symbol: str | None
    session_end: pd.Timestamp | None
    splits: Mapping[pd.Timestamp, float]
    dividends: Mapping[pd.Timestamp, float]
    n_unreadable_dividends: int
    zone: str | None = None
    currency: str | None = None


def read_chart(result: Json) -> Chart:
    """Read the one result of a chart's answer.

    yfinance moves an event to another session where the session of its own date is missing; here it keeps its date.

    Raises
    ------
    ValueError
        If it lists a split that can't be read: without it no price before the split can be recovered.

    Examples
    --------
    >>> meta = {"symbol": "KOLA", "exchangeTimezoneName": "America/New_York"}
    >>> split = {"date": 1732631400, "numerator": 2, "denominator": 1}
    >>> read_chart({"meta": meta, "events": {"splits": {"1732631400": split}}}).splits
    {Timestamp('2024-11-26 00:00:00'): 2.0}
    """
    dividends, n_unreadable = _read_dividends(result)
    meta = result["meta"]
    zone, currency = (_read_text(meta, name) for name in ("exchangeTimezoneName", "currency"))
    session_end, splits = _read_session_end(result), _read_splits(result)
    return Chart(meta.get("symbol"), session_end, splits, dividends, n_unreadable, zone, currency)


def _read_text(meta: Json, name: str) -> str | None:
    value = meta.get(name)
    return value if isinstance(value, str) and value else None


def _read_session_end(result: Json) -> pd.Timestamp | None:
    try:
        seconds = result["meta"]["currentTradingPeriod"]["regular"]["end"]
        return pd.Timestamp(int(seconds), unit="s", tz="UTC").tz_convert(result["meta"]["exchangeTimezoneName"])
    except (KeyError, TypeError, ValueError):
        return None


def _read_splits(result: Json) -> dict[pd.Timestamp, float]:
    splits: dict[pd.Timestamp, float] = {}
    for event in _events(result, "splits"):
        try:
            session, ratio = _ex_date(event, result), float(event["numerator"]) / float(event["denominator"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ValueError(f"a split without a usable date or ratio, {event!r}") from error
        splits[session] = splits.get(session, 1.0) * ratio
    if not all(np.isfinite(ratio) and ratio > 0 for ratio in splits.values()):
        raise ValueError(f"a split ratio that isn't positive among {list(splits.values())}")
    return dict(sorted(splits.items()))


def _read_dividends(result: Json) -> tuple[dict[pd.Timestamp, float], int]:
    """Return the amounts by ex-date, and how many events give none."""
    dividends: dict[pd.Timestamp, float] = {}
    n_unreadable = 0
    for event in _events(result, "dividends"):
        try:
            session, amount = _ex_date(event, result), float(event["amount"])
        except (KeyError, TypeError, ValueError):
            n_unreadable += 1
            continue
        if np.isfinite(amount) and amount > 0:
            dividends[session] = dividends.get(session, 0.0) + amount
        else:
            n_unreadable += 1
    return dict(sorted(dividends.items())), n_unreadable


def _events(result: Json, kind: str) -> list[Json]:
    return list(((result.get("events") or {}).get(kind) or {}).values())


def _ex_date(event: Json, result: Json) -> pd.Timestamp:
    opened = pd.Timestamp(int(event["date"]), unit="s", tz="UTC")
    return opened.tz_convert(result["meta"]["exchangeTimezoneName"]).tz_localize(None).normalize()
