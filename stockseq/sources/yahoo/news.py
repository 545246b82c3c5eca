"""Yahoo's news items as headlines; what can't be one is counted by reason."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from stockseq.headline_text import clean_address, clean_text
from stockseq.schemas import Dropped, Headlines, as_headlines, headline_id
from stockseq.sources.json_text import describe, has_stray_bytes

STAGE = "fetch headlines"
SOURCE = "yahoo"
LONGEST_TEXT = 1000
EARLIEST_YEAR = 1990
YAHOO_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _Malformed(Exception):
    """Why an item can't be a headline."""


class _Row(NamedTuple):
    """A row of `Headlines`."""

    headline_id: str
    ticker: str
    published_at: pd.Timestamp
    first_seen_at: pd.Timestamp
    date_only: bool
    text: str
    publisher: str
    url: str
    source: str


@dataclass(frozen=True)
class TickerNews:
    """What Yahoo's news hold for one ticker."""

    headlines: Headlines
    dropped: tuple[Dropped, ...]


def read_news(items: Iterable[object], *, ticker: str, since: pd.Timestamp | None, now: pd.Timestamp) -> TickerNews:
    """Return the items published after `since` as headlines first seen at `now`.

    Parameters
    ----------
    items : iterable of raw news items
        As yfinance hands them on; anything may be missing.
    ticker : str
        The ticker they were asked for.
    since : Timestamp, tz-aware, or None
        Items published at or before it are passed over; None passes none.
    now : Timestamp, tz-aware
        The instant of the fetch.

    Examples
    --------
    >>> content = {"id": "a1", "title": "Kola \\u0007 beats  estimates", "pubDate": "2024-11-26T15:00:00Z"}
    >>> now = pd.Timestamp("2024-11-26T16:00Z")
    >>> news = read_news([{"content": content}, {"content": None}], ticker="KOLA", since=None, now=now)
    >>> news.headlines["text"].tolist(), news.dropped[0].reason
    (['Kola beats estimates'], 'news item without content')
    """
    rows: dict[str, _Row] = {}
    seen: set[object] = set()
    faults: Counter[str] = Counter()
    for item in items:
        try:
            row = _headline(item, ticker=ticker, now=now)
        except _Malformed as malformed:
            faults[str(malformed)] += 1
            continue
        # The same by its id, or by its words and stamp: Yahoo gives one story several ids.
        keys = {row.headline_id, (row.text, row.published_at)}
        if keys & seen:
            faults["news item repeated"] += 1
        elif since is None or row.published_at > since:
            rows[row.headline_id] = row
        seen |= keys
    headlines = as_headlines(pd.DataFrame(list(rows.values()), columns=_Row._fields))
    return TickerNews(headlines, tuple(Dropped(STAGE, ticker, reason, n) for reason, n in faults.items()))


def read_stream(envelope: object) -> list[object]:
    """Return the items of a news answer, advertisements left out; raise `ValueError` where it holds no stream.

    An answer without a stream is no answer: read as "no news", it would be believed.

    Examples
    --------
    >>> read_stream({"data": {"tickerStream": {"stream": [{"ad": ["buy"]}, {"id": "a1"}, None]}}})
    [{'id': 'a1'}, None]
    >>> read_stream({"status": "ERROR"})
    Traceback (most recent call last):
    ValueError: it holds no stream of news, it is an object of 'status'
    """
    inner = envelope
    for name in ("data", "tickerStream", "stream"):
        inner = inner.get(name) if isinstance(inner, Mapping) else None
    if not isinstance(inner, list):
        raise ValueError(f"it holds no stream of news, it is {describe(envelope)}")
    return [item for item in inner if not (isinstance(item, Mapping) and item.get("ad"))]


def _headline(item: object, *, ticker: str, now: pd.Timestamp) -> _Row:
    content = item.get("content") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(content, Mapping):
        raise _Malformed("news item without content")
    title = content.get("title")
    if isinstance(title, str) and has_stray_bytes(title):
        raise _Malformed("news item with a title that isn't UTF-8")
    # Cut before it is cleaned, which takes seconds for megabytes; what is cut off is longer than any code.
    text = clean_text(title[: 10 * LONGEST_TEXT] if isinstance(title, str) else title)[:LONGEST_TEXT].rstrip()
    if not text:
        raise _Malformed("news item without a title")
    published_at = _instant(content.get("pubDate"))
    # Where only the clocks differ, the next fetch has it.
    if published_at > now:
        raise _Malformed("news item dated in the future")
    url = clean_address((_inner(content, "canonicalUrl", "url") or _inner(content, "clickThroughUrl", "url"))[:5000])
    # A landing page's address says nothing of the story: without an id, its stamp tells it from others.
    key = _identity(content.get("id")) or _identity(item.get("id")) or published_at.isoformat()
    return _Row(
        headline_id=headline_id(ticker, key, text),
        ticker=ticker,
        published_at=published_at,
        first_seen_at=now,
        date_only=False,
        text=text,
        publisher=clean_text(_inner(content, "provider", "displayName")[:LONGEST_TEXT]),
        url=url,
        source=SOURCE,
    )


def _identity(key: object) -> str:
    if isinstance(key, float | bool) or not isinstance(key, int | str):
        return ""
    identity = str(key)
    if len(identity) > LONGEST_TEXT or identity != clean_text(identity):
        raise _Malformed("news item with an id that can't be read")
    return identity


def _instant(stamp: object) -> pd.Timestamp:
    if stamp is None or stamp == "":
        raise _Malformed("news item without a publication time")
    # Only the form that Yahoo writes: a guess at any other could be wrong by hours and look into the future.
    if not isinstance(stamp, str) or YAHOO_STAMP.fullmatch(stamp) is None:
        raise _Malformed("news item with a publication time that can't be read")
    try:
        published_at = pd.Timestamp(stamp).tz_convert("UTC")
    except ValueError as error:
        raise _Malformed("news item with a publication time that can't be read") from error
    # No clock is set, or none was written: 1970 and the like say nothing of when it appeared.
    if published_at.year < EARLIEST_YEAR:
        raise _Malformed(f"news item dated before {EARLIEST_YEAR}")
    return published_at


def _inner(content: Mapping[str, object], outer: str, inner: str) -> str:
    fields = content.get(outer)
    value = fields.get(inner) if isinstance(fields, Mapping) else None
    return value if isinstance(value, str) else ""
