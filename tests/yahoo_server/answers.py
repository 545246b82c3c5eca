"""Yahoo's answers in Yahoo's own shape: chart, news, search and the 404 of an unknown ticker."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stockseq.sessions import TradingCalendar
from tests.yahoo_server.market import View

RANGES = {"1d": 1, "5d": 5, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 366, "2y": 731, "5y": 1827, "10y": 3653}
UNKNOWN = {
    "chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}
}


def chart(
    ticker: str, view: View, query: Mapping[str, str], *, now: pd.Timestamp, calendar: TradingCalendar
) -> dict[str, Any]:
    """Return the chart's result for a window given as `period1` and `period2`, or as `range`."""
    schedule = calendar.schedule
    opens = schedule["open"].reindex(view.bars.index)
    closes = schedule["close"].reindex(view.bars.index)
    if "period1" not in query:
        span = query.get("range", "1d")
        first, last = now - pd.Timedelta(days=RANGES.get(span, 40_000)), now
        sessions = view.bars.index[opens > first] if span != "1d" else view.bars.index[-1:]
    else:
        first, last = (pd.Timestamp(int(query[name]), unit="s", tz="UTC") for name in ("period1", "period2"))
        sessions = view.bars.index[(opens >= first) & (opens < last)]
    bars = view.bars.loc[sessions]
    # The bar of a session under way carries the instant of its last trade.
    times = [epoch(now if opens[s] <= now < closes[s] else opens[s]) for s in sessions]
    result: dict[str, Any] = {
        "meta": _meta(ticker, view, now=now, calendar=calendar),
        "events": _events(view, sessions, calendar.schedule["open"]),
        "indicators": {
            "quote": [{name: bars[name].tolist() for name in ("open", "high", "low", "close", "volume")}],
            "adjclose": [{"adjclose": bars["adj_close"].tolist()}],
        },
    }
    if times:
        result["timestamp"] = times
    else:
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}
    return result


def epoch(instant: pd.Timestamp) -> int:
    """Return whole seconds since 1970."""
    return int(instant.timestamp())


def news(items: Sequence[Any], n_items: int) -> dict[str, Any]:
    """Return the stream of one ticker, newest first, with an advertisement as Yahoo mixes in."""
    return {"data": {"tickerStream": {"stream": [{"ad": ["buy"]}, *list(items)[::-1][:n_items]], "pagination": {}}}}


def story(key: str, title: Any, published_at: str, **changes: Any) -> dict[str, Any]:
    """Return a well-formed news item; `changes` replace fields of its content."""
    content = {
        "id": key,
        "contentType": "STORY",
        "title": title,
        "description": "",
        "summary": f"Summary of {title}",
        "pubDate": published_at,
        "displayTime": published_at,
        "isHosted": True,
        "bypassModal": False,
        "previewUrl": None,
        "thumbnail": None,
        "provider": {"displayName": "Loopback Wire", "url": "https://wire.invalid/"},
        "canonicalUrl": {
            "url": f"https://finance.yahoo.com/news/{key}.html",
            "site": "finance",
            "region": "US",
            "lang": "en-US",
        },
        "clickThroughUrl": None,
        "metadata": {"editorsPick": False},
        "finance": {"premiumFinance": {"isPremiumNews": False, "isPremiumFreeNews": False}},
        "storyline": None,
    }
    return {"id": key, "content": {**content, **changes}}


def _events(view: View, sessions: pd.DatetimeIndex, opens: pd.Series) -> dict[str, Any]:
    if not len(sessions):
        return {}
    events: dict[str, Any] = {}
    # An event is listed by its own date, whether or not a price stands there.
    splits = {epoch(opens[s]): ratio for s, ratio in view.splits.items() if s >= sessions[0]}
    dividends = {epoch(opens[s]): amount for s, amount in view.dividends.items() if s >= sessions[0]}
    if splits:
        events["splits"] = {str(at): _split(at, ratio) for at, ratio in splits.items()}
    if dividends:
        events["dividends"] = {str(at): {"amount": amount, "date": at} for at, amount in dividends.items()}
    return events


def _split(at: int, ratio: float) -> dict[str, Any]:
    numerator, denominator = (ratio, 1.0) if ratio >= 1 else (1.0, round(1 / ratio, 9))
    return {
        "date": at,
        "numerator": numerator,
        "denominator": denominator,
        "splitRatio": f"{numerator:g}:{denominator:g}",
    }


def _meta(ticker: str, view: View, *, now: pd.Timestamp, calendar: TradingCalendar) -> dict[str, Any]:
    # The newest session whose trading before the open has begun stays the current one until the next.
    hours = pd.Timedelta(hours=4)
    begun = int((calendar.schedule["open"] - hours).searchsorted(now, side="right"))
    opened, closed = calendar.schedule.iloc[max(begun - 1, 0)][["open", "close"]]
    offset = int(now.tz_convert(calendar.timezone).utcoffset().total_seconds())

    def period(start: pd.Timestamp, end: pd.Timestamp) -> dict[str, Any]:
        return {"timezone": "EST", "start": epoch(start), "end": epoch(end), "gmtoffset": offset}

    price = float(view.bars["close"].iloc[-1]) if len(view.bars) else 0.0
    return {
        "currency": "USD",
        "symbol": ticker,
        "exchangeName": "NMS",
        "fullExchangeName": "NasdaqGS",
        "instrumentType": "EQUITY",
        "firstTradeDate": 345479400,
        "regularMarketTime": epoch(now),
        "hasPrePostMarketData": True,
        "gmtoffset": offset,
        "timezone": "EST",
        "exchangeTimezoneName": calendar.timezone,
        "regularMarketPrice": price,
        "chartPreviousClose": price,
        "priceHint": 2,
        "currentTradingPeriod": {
            "pre": period(opened - hours, opened),
            "regular": period(opened, closed),
            "post": period(closed, closed + hours),
        },
        "dataGranularity": "1d",
        "range": "",
        "validRanges": [*RANGES, "ytd", "max"],
    }
