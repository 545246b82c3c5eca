"""Tiingo's news, each item with the instant at which its crawler added it; needs a paid key from the environment."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import pandas as pd

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.archive import TOP_UP, ArchiveSource, Chunk, join_fetched, spans
from stockseq.sources.json_text import describe
from stockseq.sources.news_items import (
    FOREIGN,
    LONGEST_SUMMARY,
    LONGEST_TEXT,
    SPARE,
    Malformed,
    Story,
    StoryRows,
    read_address,
    read_identity,
    read_names,
    read_stamp,
    read_text,
    read_title,
    require_belonging,
    require_item,
)
from stockseq.sources.service import Key, KeyRefused, NotFound, Service
from stockseq.sources.settings import TiingoSettings
from stockseq.sources.source import FetchedHeadlines, Outcome

NAME: Final = "tiingo"
KEY: Final = Key(
    "TIINGO_API_KEY",
    "Authorization",
    "news are an add-on that is paid for, and the key stands at https://www.tiingo.com/account/api/token.",
    prefix="Token ",
)
PATH: Final = "tiingo/news"
# A busy company has some 2,000 items in a quarter.
MOST_PAGES: Final = 10_000
MOST_IDLE_PAGES: Final = 5
# So late a crawler finds most of what it finds late; what it adds of years ago is an archive, and a backfill's.
MOST_LATE: Final = pd.Timedelta(days=7)
_DAY: Final = pd.Timedelta(days=1)


class TiingoSource(ArchiveSource):
    """Headlines by Tiingo, published by their publisher's clock, and first seen by Tiingo's crawler.

    Where the crawler saw an item before it was published, or doesn't say when, the vendor's stamp alone counts. Items
    of an archive that Tiingo added years later count from then.

    Parameters
    ----------
    settings : TiingoSettings, optional
    clock, sleep : callables
        Seconds that only go forward, and a wait of so many seconds.

    Raises
    ------
    SourceError
        If the key isn't in the environment.
    """

    name = NAME
    earliest = pd.Timestamp("2014-01-01")

    def __init__(
        self,
        settings: TiingoSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or TiingoSettings()
        self._service = Service("Tiingo", self.settings, (KEY,), clock=clock, sleep=sleep)

    def chunks(self, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Sequence[Chunk]:
        """Return one chunk a ticker and quarter, so that a page's offset stays small."""
        quarters = list(spans(first, last, frequency="QS"))
        return tuple(Chunk((ticker,), begin, end) for ticker in tickers for begin, end in quarters)

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the headlines of a chunk by the stamp of publication; see `ArchiveSource`."""
        self._service.renew_budget()
        parts = [self._fetch_ticker(Chunk((ticker,), chunk.first, chunk.last), now) for ticker in chunk.tickers]
        return join_fetched(parts, chunk.tickers)

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines published in (`since`, `now`], first seen at `now`, and those of the week before it.

        The crawler may have found one of these after the last morning; by its publication alone it would be lost. None
        is the last week, and the week before.
        """
        after = now - TOP_UP if since is None else since
        return super().fetch_headlines(tickers, since=after - MOST_LATE, now=now)

    def _fetch_ticker(self, chunk: Chunk, now: pd.Timestamp) -> FetchedHeadlines:
        (ticker,) = chunk.tickers
        rows = StoryRows(NAME, chunk, now, period="Q")
        nothing = "no news; Tiingo says the same of a ticker that it doesn't know"
        # Of days to come there is nothing to ask.
        if chunk.begins_at > now:
            return rows.fetched({}, nothing=nothing)
        try:
            items = self._items(ticker, chunk)
        except (KeyRefused, SourceUnreachable):
            raise
        except NotFound as error:
            return rows.fetched({ticker: Outcome(ticker, "unknown", reason=str(error))})
        except SourceError as error:
            return rows.fetched({ticker: Outcome(ticker, "failed", reason=str(error))})
        for item in items:
            try:
                story = _read(require_item(item), ticker=ticker)
            except Malformed as malformed:
                rows.drop(str(malformed), [ticker])
            else:
                rows.take(story, [ticker])
        return rows.fetched({}, nothing=nothing)

    def _items(self, ticker: str, chunk: Chunk) -> Sequence[object]:
        """Return each item of a ticker and of some days once.

        New items push the others down, and what is taken away pulls them up, so that one could slip between two pages:
        each page must begin with an item that was had, else those before it are asked for again.

        Raises
        ------
        SourceError
            If the pages don't join, or don't come to an end.
        """
        size = self.settings.page
        overlap = max(1, size // 10)
        found: dict[str, object] = {}
        offset = n_idle = 0
        for _ in range(MOST_PAGES):
            items = self._page(ticker, chunk, offset)
            keys = [_key(item) for item in items]
            n_before = len(found)
            # Before the first of all there is nothing to join.
            if n_before and not (keys and (offset == 0 or keys[0] in found)):
                offset = max(0, offset - (size - overlap))
            else:
                found = dict(zip(keys, items, strict=True)) | found
                if len(items) <= overlap and (offset or not n_before):
                    return list(found.values())
                offset = max(0, offset + len(items) - overlap)
            n_idle = n_idle + 1 if len(found) == n_before else 0
            if n_idle > MOST_IDLE_PAGES:
                raise SourceError(
                    f"Tiingo's pages of {ticker}'s news don't join: {n_idle} of them in a row held nothing new or left "
                    "a gap. None of these days' news are taken, as more may be missing; try again later."
                )
        raise SourceError(f"Tiingo's pages of {ticker}'s news don't end: there are more than {MOST_PAGES:,}.")

    def _page(self, ticker: str, chunk: Chunk, offset: int) -> Sequence[object]:
        question = {
            "tickers": ticker.lower(),
            # Its last day may end as it begins, and in another zone.
            "startDate": f"{chunk.first - _DAY:%Y-%m-%d}",
            "endDate": f"{chunk.last + SPARE:%Y-%m-%d}",
            "limit": str(self.settings.page),
            "offset": str(offset),
            # Newest first: what comes meanwhile comes before all.
            "sortBy": "crawlDate",
        }
        answer = self._service.get_json(PATH, question, check=partial(_require_page, ticker=ticker, chunk=chunk))
        return answer if isinstance(answer, list) else []


def _require_page(answer: object, *, ticker: str, chunk: Chunk) -> None:
    """Raise `ValueError` unless an answer is a list of items of what was asked for."""
    if not isinstance(answer, list):
        raise ValueError(f"it is no list of news, it is {describe(answer)}")
    require_belonging(
        answer, names=("tickers", frozenset([ticker.upper()])), stamps=("publishedDate", "crawlDate"), chunk=chunk
    )


def _key(item: object) -> str:
    """Return what tells an item from the others of a list."""
    try:
        return read_identity(require_item(item))
    except Malformed:
        return json.dumps(item, sort_keys=True)


def _read(item: Mapping[str, object], *, ticker: str) -> Story:
    if ticker.upper() not in read_names(item, "tickers"):
        raise Malformed(FOREIGN)
    published_at = read_stamp(item, "publishedDate")
    crawled_at = None if item.get("crawlDate") in (None, "") else read_stamp(item, "crawlDate")
    # A crawler that saw it before it was published has another clock than the publisher: the later one counts.
    is_seen = crawled_at is not None and crawled_at >= published_at
    return Story(
        identity=read_identity(item),
        text=read_title(item, "title"),
        summary=read_text(item, "description", longest=LONGEST_SUMMARY),
        publisher=read_text(item, "source", longest=LONGEST_TEXT),
        url=read_address(item, "url"),
        published_at=published_at,
        other_at=published_at if crawled_at is None else crawled_at,
        known_by="crawled" if is_seen else "vendor",
        first_seen_at=crawled_at if is_seen else None,
    )
