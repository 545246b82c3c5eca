"""Benzinga's headlines since 2015, by Alpaca: free, with a key from the environment."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import pandas as pd

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.archive import ArchiveSource, Chunk, spans
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
from stockseq.sources.service import Key, KeyRefused, NotFound, Service, ServiceRefused
from stockseq.sources.settings import AlpacaSettings
from stockseq.sources.source import FetchedHeadlines, Outcome

NAME: Final = "alpaca"
WHERE: Final = "an account at https://alpaca.markets is free and has both keys of a paper account."
KEYS: Final = (
    Key("APCA_API_KEY_ID", "Apca-Api-Key-Id", WHERE),
    Key("APCA_API_SECRET_KEY", "Apca-Api-Secret-Key", WHERE),
)
PATH: Final = "v1beta1/news"
# More would make an address that some proxies cut.
MOST_TICKERS: Final = 30
MOST_ITEMS: Final = 50
# Thirty busy tickers have some 600 in a month.
MOST_PAGES: Final = 10_000
MOST_IDLE_PAGES: Final = 5
# Nor is it written down whether an edge itself is in the answer.
EDGE: Final = pd.Timedelta(seconds=1)
# Yahoo's BRK-B is Alpaca's BRK.B; listings abroad, indices and currencies have no name there.
_SHARE: Final = re.compile(r"([A-Z0-9]{1,20})(?:-([A-Z]))?", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,1000}")


class AlpacaSource(ArchiveSource):
    """Benzinga's headlines by Alpaca, each counting from its last revision unless the settings say otherwise.

    An item that was stamped as revised before it was created counts from the later instant.

    Parameters
    ----------
    settings : AlpacaSettings, optional
    clock, sleep : callables
        Seconds that only go forward, and a wait of so many seconds.

    Raises
    ------
    SourceError
        If a key isn't in the environment.
    """

    name = NAME
    earliest = pd.Timestamp("2015-01-01")

    def __init__(
        self,
        settings: AlpacaSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or AlpacaSettings()
        self._service = Service("Alpaca", self.settings, KEYS, clock=clock, sleep=sleep)

    @property
    def noted_as(self) -> str:
        """The name, with the stamp that headlines count from where that isn't the default."""
        counts_from = self.settings.counts_from
        return self.name if counts_from == "updated_at" else f"{self.name}:{counts_from}"

    def chunks(self, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Sequence[Chunk]:
        """Return one chunk a calendar month for each group of at most 30 tickers."""
        return tuple(by_month(tickers, first, last))

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the headlines of a chunk; see `ArchiveSource`.

        A question that is refused is asked for fewer tickers, until those are found that Alpaca doesn't take.
        """
        self._service.renew_budget()
        rows = StoryRows(NAME, chunk, now)
        symbols = {ticker: alpaca_symbol(ticker) for ticker in chunk.tickers}
        ends = {
            ticker: Outcome(ticker, "unknown", reason=f"Alpaca has US shares alone, and no name for {ticker}")
            for ticker, symbol in symbols.items()
            if symbol is None
        }
        asked = {ticker: symbol for ticker, symbol in symbols.items() if symbol is not None}
        # Of days to come there is nothing to ask.
        if asked and chunk.begins_at <= now:
            refused = self._fetch(asked, rows)
            # Where none is taken it is the question that is wrong, and no ticker.
            all_unknown = len(refused) == len(asked) and all(end.status == "unknown" for end in refused.values())
            ends |= {name: replace(end, status="failed") if all_unknown else end for name, end in refused.items()}
        return rows.fetched(ends, nothing="no news; Alpaca says the same of a ticker that it doesn't know")

    def _fetch(self, symbols: Mapping[str, str], rows: StoryRows) -> dict[str, Outcome]:
        """Add the news of some tickers, and return those that failed."""
        try:
            items = [item for page in self._pages(symbols, rows) for item in page]
        except (KeyRefused, NotFound, SourceUnreachable):
            raise
        except ServiceRefused as error:
            if len(symbols) == 1:
                return {ticker: Outcome(ticker, "unknown", reason=str(error)) for ticker in symbols}
            tickers = list(symbols)
            halves = tickers[: len(tickers) // 2], tickers[len(tickers) // 2 :]
            parts = [self._fetch({ticker: symbols[ticker] for ticker in half}, rows) for half in halves]
            return parts[0] | parts[1]
        except SourceError as error:
            return {ticker: Outcome(ticker, "failed", reason=str(error)) for ticker in symbols}
        for item in items:
            self._take(item, symbols, rows)
        return {}

    def _take(self, item: object, symbols: Mapping[str, str], rows: StoryRows) -> None:
        tickers: list[str] = []
        try:
            fields = require_item(item)
            names = read_names(fields, "symbols")
            tickers = [ticker for ticker, symbol in symbols.items() if symbol in names]
            if not tickers:
                raise Malformed(FOREIGN)
            story = _read(fields, counts_from=self.settings.counts_from)
        except Malformed as malformed:
            rows.drop(str(malformed), tickers)
        else:
            rows.take(story, tickers)

    def _pages(self, symbols: Mapping[str, str], rows: StoryRows) -> Iterator[Sequence[object]]:
        """Yield the pages of items of some tickers, each of which was asked for by the one before.

        Raises
        ------
        SourceError
            If they don't come to an end: a page names one that was had before, or several hold nothing new.
        """
        chunk = rows.chunk
        # Whether they choose by the first revision or by the last isn't written down; the first is never the later.
        by_last = self.settings.counts_from == "updated_at"
        before, after = (SPARE, EDGE) if by_last else (EDGE, SPARE)
        question = {
            "symbols": ",".join(dict.fromkeys(symbols.values())),
            "start": _stamp(chunk.begins_at - before),
            "end": _stamp(min(chunk.ends_at + after, rows.now)),
            "sort": "ASC",
            "limit": str(MOST_ITEMS),
        }
        tokens: list[str] = []
        seen: set[str] = set()
        n_idle = 0
        for _ in range(MOST_PAGES):
            parameters = question | ({"page_token": tokens[-1]} if tokens else {})
            check = partial(_require_page, tokens=tokens, symbols=frozenset(symbols.values()), chunk=chunk)
            items, token = _page(self._service.get_json(PATH, parameters, check=check))
            yield items
            if token is None:
                return
            tokens.append(token)
            n_before = len(seen)
            seen.update(json.dumps(item, sort_keys=True) for item in items)
            n_idle = n_idle + 1 if len(seen) == n_before else 0
            if n_idle == MOST_IDLE_PAGES:
                raise SourceError(
                    f"Alpaca's pages don't end: {n_idle} of them in a row held nothing new, and each named another. "
                    "None of these days' news are taken, as more may be missing; try again later."
                )
        raise SourceError(f"Alpaca's pages don't end: there are more than {MOST_PAGES:,}. Try again later.")


def by_month(tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Iterator[Chunk]:
    """Yield a chunk a calendar month for each group of at most 30 tickers.

    Examples
    --------
    >>> chunks = by_month(["KOLA", "BRK-B"], pd.Timestamp("2024-01-15"), pd.Timestamp("2024-02-03"))
    >>> [(chunk.tickers, f"{chunk.first:%m-%d}", f"{chunk.last:%m-%d}") for chunk in chunks]
    [(('KOLA', 'BRK-B'), '01-15', '01-31'), (('KOLA', 'BRK-B'), '02-01', '02-03')]
    """
    for start in range(0, len(tickers), MOST_TICKERS):
        group = tuple(tickers[start : start + MOST_TICKERS])
        for begin, end in spans(first, last, frequency="MS"):
            yield Chunk(group, begin, end)


def alpaca_symbol(ticker: str) -> str | None:
    """Return a ticker as Alpaca writes it, or None where it can't be a share listed in the US.

    Examples
    --------
    >>> alpaca_symbol("BRK-B"), alpaca_symbol("KOLA"), alpaca_symbol("SAP.DE"), alpaca_symbol("^GSPC")
    ('BRK.B', 'KOLA', None, None)
    """
    share = _SHARE.fullmatch(ticker.upper())
    return None if share is None else f"{share[1]}.{share[2]}" if share[2] else share[1]


def _stamp(instant: pd.Timestamp) -> str:
    return instant.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _page(answer: object) -> tuple[Sequence[object], str | None]:
    """Return the items of a page and what names the next one; raise `ValueError` where it is no page."""
    items = answer.get("news") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(items, list):
        raise ValueError(f"it holds no list of news, it is {describe(answer)}")
    if "next_page_token" not in answer:
        raise ValueError("it doesn't say whether there is a next page")
    token = answer["next_page_token"]
    if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise ValueError(f"what names its next page is {describe(token)} that can't be one")
    return items, token


def _require_page(answer: object, *, tokens: Sequence[str], symbols: frozenset[str], chunk: Chunk) -> None:
    """Raise `ValueError` unless an answer is a page of what was asked for, and names none that was had."""
    items, token = _page(answer)
    if token is not None and token in tokens:
        raise ValueError("it names as its next page one that was had before, so the pages would never end")
    require_belonging(items, names=("symbols", symbols), stamps=("created_at", "updated_at"), chunk=chunk)


def _read(item: Mapping[str, object], *, counts_from: str) -> Story:
    created_at, updated_at = read_stamp(item, "created_at"), read_stamp(item, "updated_at")
    by_revision = counts_from == "updated_at"
    return Story(
        identity=read_identity(item),
        text=read_title(item, "headline"),
        summary=read_text(item, "summary", longest=LONGEST_SUMMARY),
        publisher=read_text(item, "source", longest=LONGEST_TEXT),
        url=read_address(item, "url"),
        published_at=max(created_at, updated_at) if by_revision else created_at,
        other_at=created_at if by_revision else updated_at,
        known_by="updated" if by_revision else "vendor",
        created_at=created_at if by_revision else None,
    )
