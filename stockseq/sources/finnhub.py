"""Finnhub's company news: the last year on the free plan, asked by week, and by day where a week comes back full."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pandas as pd

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.headline_text import clean_address, clean_text
from stockseq.schemas import HEADLINES, Dropped, as_headlines, headline_id, valid_ticker
from stockseq.sources.archive import ArchiveSource, Chunk, ended, join_fetched, spans, utc_day
from stockseq.sources.json_text import describe, has_stray_bytes
from stockseq.sources.news_items import (
    FOREIGN,
    FUTURE,
    LONGEST_ADDRESS,
    LONGEST_IDENTITY,
    LONGEST_SUMMARY,
    LONGEST_TEXT,
    OUTSIDE,
    STAGE,
    Malformed,
    read_text,
    require_item,
)
from stockseq.sources.service import Key, KeyRefused, NotAllowed, Service
from stockseq.sources.settings import FinnhubSettings
from stockseq.sources.source import FetchedHeadlines, Outcome

NAME = "finnhub"
KEY: Final = Key("FINNHUB_API_KEY", "X-Finnhub-Token", "get a free one at https://finnhub.io/register.")
EARLIEST_YEAR = 1990
# Above it a stamp is of milliseconds: as seconds it would lie beyond the year 5000.
MOST_SECONDS = 100_000_000_000
BEFORE_REACH = "day before those that the plan gives (finnhub.reach_days), not asked for"
FULL_DAY = "day that came back full, so that it may have more news than came"
# In which zone its days begin is not written down.
_DAY: Final = pd.Timedelta(days=1)


class FinnhubSource(ArchiveSource):
    """Company news by Finnhub; published by its clock, which gives seconds since 1970.

    Parameters
    ----------
    settings : FinnhubSettings, optional
    clock, sleep : callables
        Seconds that only go forward, and a wait of so many seconds.

    Raises
    ------
    SourceError
        If FINNHUB_API_KEY isn't set in the environment.

    Examples
    --------
    >>> import os
    >>> os.environ["FINNHUB_API_KEY"] = "as-finnhub-gives-it"
    >>> FinnhubSource().first_day(pd.Timestamp("2024-11-29T12:00Z")).date().isoformat()
    '2023-11-30'
    >>> del os.environ["FINNHUB_API_KEY"]
    """

    name = NAME
    # Of any plan; what the settings' plan gives moves on day by day, see `first_day`.
    earliest = pd.Timestamp("2000-01-01")

    def __init__(
        self,
        settings: FinnhubSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or FinnhubSettings()
        self._service = Service("Finnhub", self.settings, (KEY,), clock=clock, sleep=sleep)

    def first_day(self, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first day (tz-naive) that the plan gives at an instant."""
        return utc_day(now) - pd.Timedelta(days=self.settings.reach_days)

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the headlines of a chunk; see `ArchiveSource`.

        Days before the plan's reach are not asked for, and counted; so is a day that came back full.
        """
        self._service.renew_budget()
        parts = [self._fetch_ticker(ticker, chunk, now) for ticker in chunk.tickers]
        return join_fetched(parts, chunk.tickers)

    def _fetch_ticker(self, ticker: str, chunk: Chunk, now: pd.Timestamp) -> FetchedHeadlines:
        reach, today = self.first_day(now), utc_day(now)
        news = _News(ticker, chunk, now)
        if n_beyond := max((min(reach, chunk.last + _DAY) - chunk.first).days, 0):
            news.faults[BEFORE_REACH] = n_beyond
        if chunk.last < reach:
            reason = f"Finnhub gives your plan the days from {reach.date()} on, and none of those asked for"
            return news.fetched(Outcome(ticker, "nothing_new", reason=reason))
        try:
            # A day to spare on both sides, lest the edges of its days cut ours.
            for first, last in spans(max(chunk.first - _DAY, reach), min(chunk.last + _DAY, today), frequency="W-MON"):
                for span in self._answers(ticker, first, last, news):
                    news.take(span)
        except NotAllowed:
            # Of exchanges that the plan doesn't cover, while the key is good for others.
            return news.unknown("the plan of this key doesn't cover it (HTTP 403), as it covers some exchanges only")
        except (KeyRefused, SourceUnreachable):
            raise
        except SourceError as error:
            return news.failed(str(error))
        nothing = "no news; Finnhub says the same of a ticker that it doesn't know"
        return news.fetched(ended(ticker, len(news.rows), nothing=nothing))

    def _answers(self, ticker: str, first: pd.Timestamp, last: pd.Timestamp, news: "_News") -> Iterator["_Answer"]:
        """Yield the answer for a span of days, or those for each of its days where it is full."""
        items = self._ask(ticker, first, last)
        if len(items) < self.settings.full_answer:
            yield _Answer(items, first, last)
        elif first == last:
            news.faults[FULL_DAY] += 1
            yield _Answer(items, first, last)
        else:
            for day in pd.date_range(first, last):
                yield from self._answers(ticker, day, day, news)

    def _ask(self, ticker: str, first: pd.Timestamp, last: pd.Timestamp) -> Sequence[object]:
        parameters = {"symbol": _symbol(ticker), "from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"}
        answer = self._service.get_json("api/v1/company-news", parameters, check=_require_items)
        return answer if isinstance(answer, list) else []


class _Answer(NamedTuple):
    """The items that came for some days."""

    items: Sequence[object]
    first: pd.Timestamp
    last: pd.Timestamp

    def is_outside(self, instant: pd.Timestamp) -> bool:
        """Return whether an instant lies outside of the days in every zone."""
        return not self.first - _DAY <= instant.tz_localize(None) < self.last + 2 * _DAY


class _Row(NamedTuple):
    """A row of `Headlines`."""

    headline_id: str
    ticker: str
    published_at: pd.Timestamp
    first_seen_at: pd.Timestamp | None
    date_only: bool
    text: str
    publisher: str
    url: str
    source: str
    known_by: str
    created_at: pd.Timestamp | None
    summary: str


@dataclass
class _News:
    """What has come for one ticker of a chunk."""

    ticker: str
    chunk: Chunk
    now: pd.Timestamp
    rows: dict[str, _Row] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    # Of neighbouring answers: each gives the edges of the other.
    _seen: set[object] = field(default_factory=set)

    def take(self, answer: _Answer) -> None:
        """Add an answer's headlines; raise `SourceError` where the service ignored which days were asked for."""
        faults: Counter[str] = Counter()
        dated: list[_Row] = []
        for item in answer.items:
            try:
                dated.append(_headline(item, ticker=self.ticker, now=self.now))
            except Malformed as malformed:
                faults[str(malformed)] += 1
        outside = [row for row in dated if answer.is_outside(row.published_at)]
        if len(outside) > 1 and 2 * len(outside) > len(dated):
            raise SourceError(
                f"Finnhub was asked for {answer.first.date()} to {answer.last.date()}, and {len(outside)} of the "
                f"{len(dated)} items that came lie outside: it ignores the days, as it did before, so none are taken. "
                "Try again later."
            )
        faults[OUTSIDE] += len(outside)
        here: set[object] = set()
        for row in dated:
            keys = {row.headline_id, (row.text, row.published_at)}
            if answer.is_outside(row.published_at):
                continue
            if keys & here:
                faults["news item repeated"] += 1
            elif not keys & self._seen and self.chunk.begins_at <= row.published_at < self.chunk.ends_at:
                self.rows[row.headline_id] = row
            here |= keys
        self._seen |= here
        self.faults += faults

    def fetched(self, outcome: Outcome) -> FetchedHeadlines:
        """Return it as what was fetched."""
        rows = list(self.rows.values()) if outcome.status == "updated" else []
        frame = pd.DataFrame(rows, columns=list(HEADLINES))
        dropped = tuple(Dropped(STAGE, self.ticker, reason, n) for reason, n in self.faults.items() if n)
        return FetchedHeadlines(as_headlines(frame), {self.ticker: outcome}, dropped)

    def unknown(self, reason: str) -> FetchedHeadlines:
        """Return that the ticker isn't given."""
        return self.fetched(Outcome(self.ticker, "unknown", reason=reason))

    def failed(self, reason: str) -> FetchedHeadlines:
        """Return that the ticker failed; of half of its news nothing is kept."""
        return self.fetched(Outcome(self.ticker, "failed", reason=reason))


def _require_items(answer: object) -> None:
    if not isinstance(answer, list):
        raise ValueError(f"it is no list of news, it is {describe(answer)}")
    if answer and not any(isinstance(item, Mapping) for item in answer):
        raise ValueError("it is a list without a single item of news")


def _symbol(ticker: str) -> str:
    """Return a ticker as Finnhub writes it: `BRK.B` is Yahoo's `BRK-B`."""
    return ticker if "." in ticker else ticker.replace("-", ".")


def _headline(item: object, *, ticker: str, now: pd.Timestamp) -> _Row:
    fields = require_item(item)
    title = fields.get("headline")
    if isinstance(title, str) and has_stray_bytes(title):
        raise Malformed("news item with a title that isn't UTF-8")
    text = read_text(fields, "headline", longest=LONGEST_TEXT)
    if not text:
        raise Malformed("news item without a title")
    if _is_of_others(fields.get("related"), ticker):
        raise Malformed(FOREIGN)
    published_at = _instant(fields.get("datetime"))
    if published_at > now:
        raise Malformed(FUTURE)
    url = fields.get("url")
    key = _identity(fields.get("id")) or published_at.isoformat()
    return _Row(
        headline_id=headline_id(ticker, f"{NAME} {key}", text),
        ticker=ticker,
        published_at=published_at,
        first_seen_at=None,
        date_only=False,
        text=text,
        publisher=read_text(fields, "source", longest=LONGEST_TEXT),
        url=clean_address(url[:LONGEST_ADDRESS]) if isinstance(url, str) else "",
        source=NAME,
        known_by="vendor",
        created_at=None,
        summary=read_text(fields, "summary", longest=LONGEST_SUMMARY),
    )


def _is_of_others(related: object, ticker: str) -> bool:
    """Return whether `related` names tickers, and not the one that was asked for."""
    if not isinstance(related, str):
        return False
    names = {part for name in related[:5000].split(",") if (part := name.strip().upper())}
    # A company's name names no ticker.
    if not all(map(valid_ticker, names)):
        return False
    return bool(names) and not names & {ticker.upper(), _symbol(ticker).upper()}


def _identity(key: object) -> str:
    """Return an item's id as text; "" where it has none, which 0 and a fraction say, too."""
    if isinstance(key, bool) or not isinstance(key, int | str) or key in (0, "0"):
        return ""
    identity = str(key)
    if len(identity) > LONGEST_IDENTITY or identity != clean_text(identity):
        raise Malformed("news item with an id that can't be read")
    return identity


def _instant(seconds: object) -> pd.Timestamp:
    if seconds is None or (seconds == 0 and not isinstance(seconds, bool)):
        raise Malformed("news item without a publication time")
    # Only what Finnhub writes: a guess at any other unit or form could look into the future.
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        raise Malformed("news item with a publication time that can't be read")
    if seconds >= MOST_SECONDS:
        raise Malformed("news item with a publication time that isn't in seconds")
    published_at = pd.Timestamp(seconds, unit="s", tz="UTC")
    if published_at.year < EARLIEST_YEAR:
        raise Malformed(f"news item dated before {EARLIEST_YEAR}")
    return published_at.as_unit("us")
