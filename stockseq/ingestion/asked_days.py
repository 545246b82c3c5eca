"""Of which days a source was asked for all headlines of a ticker, so that a backfill asks for the others alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from stockseq.ingestion.notes import append_notes
from stockseq.sources.archive import Chunk
from stockseq.store import Store

TABLE = "news_coverage"
DAY = pd.Timedelta(days=1)
# First and last day (UTC, tz-naive), both included.
Span = tuple[pd.Timestamp, pd.Timestamp]


def read_coverage(store: Store, source: str, *, as_of: pd.Timestamp) -> dict[str, list[Span]]:
    """Return by ticker the days of which a source was asked for everything, in order and joined where they touch.

    What was noted after `as_of` (tz-aware), as by a clock that was ahead, isn't believed.
    """
    rows = store.read(TABLE, where={"source": source}, as_of=as_of)
    return {
        str(ticker): join_spans(zip(days["first"], days["last"], strict=True))
        for ticker, days in rows.groupby("ticker")
    }


def covering_sources(store: Store) -> tuple[str, ...]:
    """Return the names of all sources that were asked for days of headlines, sorted."""
    noted = store.read(TABLE, columns=["source"])["source"]
    return tuple(sorted(noted.str.split(":").str[0].unique()))


def note_coverage(
    store: Store, source: str, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp, *, at: pd.Timestamp
) -> None:
    """Note that a source answered for these tickers and days."""
    if first <= last:
        row = {"source": source, "first": first, "last": last, "at": at}
        append_notes(store, TABLE, [{**row, "ticker": ticker} for ticker in tickers])


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """Return days in order, joined where one span touches the next.

    Examples
    --------
    >>> days = pd.date_range("2024-11-25", periods=6)
    >>> [(first.day, last.day) for first, last in join_spans([(days[3], days[4]), (days[0], days[2])])]
    [(25, 29)]
    """
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + DAY:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def missing_days(first: pd.Timestamp, last: pd.Timestamp, covered: Sequence[Span]) -> Span | None:
    """Return the first and the last of some days that were not asked for; None where all were.

    Examples
    --------
    >>> days = pd.date_range("2024-11-25", periods=6)
    >>> [day.day for day in missing_days(days[0], days[5], [(days[0], days[1])])]
    [27, 30]
    """
    while covering := next((span for span in covered if span[0] <= first <= span[1]), None):
        first = covering[1] + DAY
    while covering := next((span for span in covered if span[0] <= last <= span[1]), None):
        last = covering[0] - DAY
    return (first, last) if first <= last else None


def missing_chunks(chunks: Iterable[Chunk], covered: Mapping[str, Sequence[Span]]) -> Iterator[Chunk]:
    """Yield of each chunk what was not asked for yet: the tickers that lack the same days together."""
    for chunk in chunks:
        lacking: dict[Span, list[str]] = {}
        for ticker in chunk.tickers:
            days = missing_days(chunk.first, chunk.last, covered.get(ticker, ()))
            if days is not None:
                lacking.setdefault(days, []).append(ticker)
        for (first, last), tickers in sorted(lacking.items()):
            yield Chunk(tuple(tickers), first, last)
