"""What Yahoo's chart says: its rows, symbol, trading hours, and splits and dividends on their own dates."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stockseq.headline_text import clean_text
from stockseq.sources.json_text import describe
from stockseq.sources.yahoo.rows import instants, read_rows

# JSON as Yahoo sends it: anything may be missing or of another type.
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """One ticker's chart.

    Parameters
    ----------
    rows : DataFrame of stamp (UTC), open, high, low, close, adjusted, volume
        As `read_rows` gives them, split-adjusted as of today.
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
    zone : str
        The time zone of the exchange that it says it trades on.
    currency : str
        In which its prices are; "GBp" is pence.
    traded_at : Timestamp, tz-aware, or None
        Of its last trade; None where it can't be read.
    """

    rows: pd.DataFrame
    symbol: str | None
    session_end: pd.Timestamp | None
    splits: Mapping[pd.Timestamp, float]
    dividends: Mapping[pd.Timestamp, float]
    n_unreadable_dividends: int
    zone: str
    currency: str
    traded_at: pd.Timestamp | None


def read_chart(envelope: object) -> Chart:
    """Read a chart's answer.

    The events are read from it directly, because yfinance moves one to another session where the session of its own
    date is missing; so are the rows, because yfinance gives up all of them for one that can't be read.

    Raises
    ------
    ValueError
        If it holds no chart, names no currency or no time zone that is known, its columns don't go together, or it
        lists a split that can't be read: without it no price before the split can be recovered.

    Examples
    --------
    >>> meta = {"symbol": "KOLA", "exchangeTimezoneName": "America/New_York", "currency": "USD"}
    >>> split = {"date": 1732631400, "numerator": 2, "denominator": 1}
    >>> result = {"meta": meta, "events": {"splits": {"1732631400": split}}}
    >>> read_chart({"chart": {"result": [result]}}).splits
    {Timestamp('2024-11-26 00:00:00'): 2.0}
    """
    result = _read_result(envelope)
    meta = result["meta"]
    zone, currency = (_read_text(meta, name) for name in ("exchangeTimezoneName", "currency"))
    try:
        zoneinfo.ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"it names no time zone that is known, but {zone!r}") from error
    dividends, n_unreadable = _read_dividends(result)
    traded_at = instants([meta.get("regularMarketTime")])[0]
    return Chart(
        read_rows(result),
        meta.get("symbol"),
        _read_session_end(result),
        _read_splits(result),
        dividends,
        n_unreadable,
        zone,
        currency,
        None if pd.isna(traded_at) else traded_at,
    )


def _read_result(envelope: object) -> Json:
    chart = envelope.get("chart") if isinstance(envelope, Mapping) else None
    if not isinstance(chart, Mapping):
        raise ValueError(f"it holds no chart, it is {describe(envelope)}")
    error = chart.get("error")
    if isinstance(error, Mapping):
        raise ValueError(f"it is an error, {clean_text(str(error.get('description')))[:160]!r}")
    results = chart.get("result")
    result = results[0] if isinstance(results, list) and results else None
    if not isinstance(result, Mapping) or not isinstance(result.get("meta"), Mapping):
        raise ValueError(f"its chart holds no result that can be read, but {describe(results)}")
    return result


def _read_text(meta: Json, name: str) -> str:
    value = meta.get(name)
    text = clean_text(value)[:40]
    if not text:
        raise ValueError(f"it names no {name}; there is {describe(value)}")
    return text


def _read_session_end(result: Json) -> pd.Timestamp | None:
    try:
        seconds = result["meta"]["currentTradingPeriod"]["regular"]["end"]
        return pd.Timestamp(int(seconds), unit="s", tz="UTC").tz_convert(result["meta"]["exchangeTimezoneName"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _read_splits(result: Json) -> dict[pd.Timestamp, float]:
    splits: dict[pd.Timestamp, float] = {}
    for event in _events(result, "splits"):
        try:
            session, ratio = _ex_date(event, result), float(event["numerator"]) / float(event["denominator"])
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"a split without a usable date or ratio, {repr(event)[:100]}") from error
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
        except (KeyError, TypeError, ValueError, OverflowError):
            n_unreadable += 1
            continue
        if np.isfinite(amount) and amount > 0:
            dividends[session] = dividends.get(session, 0.0) + amount
        else:
            n_unreadable += 1
    return dict(sorted(dividends.items())), n_unreadable


def _events(result: Json, kind: str) -> list[Json]:
    listed = result.get("events") or {}
    if not isinstance(listed, Mapping):
        raise ValueError(f"it lists splits and dividends in {describe(listed)}")
    events = listed.get(kind) or []
    if isinstance(events, Mapping):
        return list(events.values())
    return events if isinstance(events, list) else [events]


def _ex_date(event: Json, result: Json) -> pd.Timestamp:
    opened = instants([event["date"]])[0]
    if pd.isna(opened):
        raise ValueError("no date")
    return opened.tz_convert(result["meta"]["exchangeTimezoneName"]).tz_localize(None).normalize()
