"""A source of headlines alone that can be asked for days of years ago, in chunks, and each morning for the newest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd

from stockseq.errors import SourceError
from stockseq.schemas import ACTIONS, BARS, HEADLINES, Dropped, as_actions, as_bars, as_headlines, empty
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, Source

# How far back a morning asks: older days are for a backfill.
TOP_UP = pd.Timedelta(days=7)


@dataclass(frozen=True)
class Chunk:
    """Part of an archive: the headlines of some tickers that were published on some days.

    Parameters
    ----------
    tickers : tuple of str
    first, last : Timestamp, tz-naive midnights
        Days of UTC, both included.
    """

    tickers: tuple[str, ...]
    first: pd.Timestamp
    last: pd.Timestamp

    @property
    def begins_at(self) -> pd.Timestamp:
        """The first instant of the chunk (UTC)."""
        return self.first.tz_localize("UTC")

    @property
    def ends_at(self) -> pd.Timestamp:
        """The first instant after the chunk (UTC)."""
        return (self.last + pd.Timedelta(days=1)).tz_localize("UTC")


class HeadlineArchive(Source, Protocol):
    """A source without bars whose past headlines can be asked for, too; ours derive from `ArchiveSource`."""

    headlines_only: bool

    @property
    def noted_as(self) -> str:
        """The name under which a store notes which days were asked for."""
        ...

    def first_day(self, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first day (tz-naive) that can be asked for at an instant."""
        ...

    def chunks(self, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Sequence[Chunk]:
        """Return what to ask one after the other, each in one commit, for these tickers' headlines of these days."""
        ...

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the chunk's headlines that were published by `now`, as `ArchiveSource.fetch_chunk` says."""
        ...


class ArchiveSource:
    """What all archives share: no bars, and each morning's headlines as a small chunk, first seen at that instant.

    A source derives from it, and has a `name`, `earliest` (the first day that it has), `chunks` and `fetch_chunk`.

    Examples
    --------
    >>> chunks = list(by_year(["KOLA"], pd.Timestamp("2023-11-01"), pd.Timestamp("2024-02-01")))
    >>> [(chunk.tickers, f"{chunk.first:%Y-%m-%d}", f"{chunk.last:%Y-%m-%d}") for chunk in chunks]
    [(('KOLA',), '2023-11-01', '2023-12-31'), (('KOLA',), '2024-01-01', '2024-02-01')]
    """

    name: str
    headlines_only = True
    # The first day (tz-naive) that there is anything of.
    earliest: pd.Timestamp

    @property
    def noted_as(self) -> str:
        """The name under which a store notes which days were asked for; a setting that changes instants adds `:NAME`.

        Under another one all days are asked for again.
        """
        return self.name

    def first_day(self, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first day (tz-naive) that can be asked for at an instant; `earliest` where it doesn't move."""
        return self.earliest

    def chunks(self, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Sequence[Chunk]:
        """Return one chunk a ticker and calendar year; a source whose limits ask for others overrides this."""
        return tuple(by_year(tickers, first, last))

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the headlines of a chunk.

        Parameters
        ----------
        chunk : Chunk
        now : Timestamp, tz-aware
            The instant of the fetch; what is stamped later is left out, and counted.

        Returns
        -------
        FetchedHeadlines
            Each `published_at` lies within the chunk: what a service gives besides is left out, and counted.
            `first_seen_at` is NaT, or the instant at which the vendor's crawler saw it; `known_by` says which clock
            counts. A ticker that failed has no rows.

        Raises
        ------
        SourceError
            If the service refuses the key, or can't be asked at all.
        """
        raise NotImplementedError

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return no bars; see `Source`."""
        reason = f"{self.name} gives headlines, and no bars"
        outcomes = {ticker: Outcome(ticker, "nothing_new", reason=reason) for ticker in first_sessions}
        return FetchedBars(as_bars(empty(BARS)), as_actions(empty(ACTIONS)), outcomes)

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines published in (`since`, `now`], first seen at `now`; None is those of the last week.

        Raises
        ------
        SourceError
            As for `fetch_chunk`.
        """
        after = now - TOP_UP if since is None else since
        following = after + pd.Timedelta(microseconds=1)
        first, last = utc_day(following), utc_day(now)
        parts = [self.fetch_chunk(chunk, now=now) for chunk in self.chunks(tickers, max(first, self.earliest), last)]
        fetched = join_fetched(parts, tickers)
        rows = fetched.headlines[fetched.headlines["published_at"] > after]
        # What our own clock saw is worth more than what any other says that it saw.
        seen = as_headlines(rows.assign(first_seen_at=now, known_by="first_seen"))
        counts = seen["ticker"].value_counts()
        outcomes = {
            ticker: outcome
            if not outcome.is_answered
            else ended(ticker, int(counts.get(ticker, 0)), nothing=outcome.reason)
            for ticker, outcome in fetched.outcomes.items()
        }
        return replace(fetched, headlines=seen, outcomes=outcomes)


class UnavailableArchive(ArchiveSource):
    """An archive that can't be asked, such as one without its key: each ticker fails with the reason.

    Examples
    --------
    >>> archive = UnavailableArchive("alpaca", "APCA_API_KEY_ID isn't set.")
    >>> archive.fetch_headlines(["KOLA"], since=None, now=pd.Timestamp("2024-11-29T12:00Z")).outcomes["KOLA"].reason
    "APCA_API_KEY_ID isn't set."
    """

    earliest = pd.Timestamp("1990-01-01")

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return no headline, and why."""
        outcomes = {ticker: Outcome(ticker, "failed", reason=self.reason) for ticker in chunk.tickers}
        return FetchedHeadlines(as_headlines(empty(HEADLINES)), outcomes)


def by_year(tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Iterator[Chunk]:
    """Yield a chunk a ticker and calendar year."""
    for ticker in tickers:
        for begin, end in spans(first, last, frequency="YS"):
            yield Chunk((ticker,), begin, end)


def spans(first: pd.Timestamp, last: pd.Timestamp, *, frequency: str) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """Yield the first and last day of each calendar period (such as "MS") of some days, cut to them.

    Examples
    --------
    >>> days = pd.Timestamp("2024-01-30"), pd.Timestamp("2024-02-02")
    >>> [f"{begin:%m-%d} to {end:%m-%d}" for begin, end in spans(*days, frequency="MS")]
    ['01-30 to 01-31', '02-01 to 02-02']
    """
    if first > last:
        return
    starts = [first, *(start for start in pd.date_range(first, last, freq=frequency) if start > first)]
    for start, following in zip(starts, [*starts[1:], last + pd.Timedelta(days=1)], strict=True):
        yield start, following - pd.Timedelta(days=1)


def utc_day(instant: pd.Timestamp) -> pd.Timestamp:
    """Return the day (UTC, a tz-naive midnight) that an instant lies in.

    Examples
    --------
    >>> utc_day(pd.Timestamp("2024-11-29 20:00", tz="America/New_York")).isoformat()
    '2024-11-30T00:00:00'
    """
    return instant.tz_convert("UTC").tz_localize(None).normalize()


def ended(ticker: str, n_rows: int, *, nothing: str = "no news") -> Outcome:
    """Return how a ticker ended that was answered."""
    return Outcome(ticker, "updated", n_rows) if n_rows else Outcome(ticker, "nothing_new", reason=nothing or "no news")


def join_fetched(parts: Sequence[FetchedHeadlines], tickers: Sequence[str]) -> FetchedHeadlines:
    """Return several answers of one source as one; a ticker that failed in any of them has failed.

    Examples
    --------
    >>> none = FetchedHeadlines(as_headlines(empty(HEADLINES)), {"A": Outcome("A", "failed", reason="no answer")})
    >>> join_fetched([none], ["A", "B"]).outcomes["A"].reason
    'no answer'
    """
    rows = as_headlines(
        pd.concat([empty(HEADLINES), *(part.headlines for part in parts)]).drop_duplicates("headline_id")
    )
    counts = rows["ticker"].value_counts()
    outcomes: dict[str, Outcome] = {}
    for ticker in tickers:
        ends = [part.outcomes[ticker] for part in parts if ticker in part.outcomes]
        bad = next((outcome for status in ("failed", "unknown") for outcome in ends if outcome.status == status), None)
        if bad is not None and not (bad.status == "unknown" and counts.get(ticker, 0)):
            outcomes[ticker] = replace(bad, n_rows=0)
        else:
            why = next((outcome.reason for outcome in ends if outcome.reason), "")
            outcomes[ticker] = ended(ticker, int(counts.get(ticker, 0)), nothing=why)
    failed = [ticker for ticker, outcome in outcomes.items() if not outcome.is_answered]
    dropped: tuple[Dropped, ...] = tuple(drop for part in parts for drop in part.dropped)
    return FetchedHeadlines(as_headlines(rows[~rows["ticker"].isin(failed)]), outcomes, dropped)


def require_setting(value: str, *, missing: str) -> str:
    """Return a setting or a key; raise `SourceError` with what to do where it is empty."""
    if not value.strip():
        raise SourceError(missing)
    return value.strip()
