"""A morning's headlines from every source that is set: each is asked, and what one refuses costs no other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from stockseq.errors import SourceError, counted, listed
from stockseq.ingestion.asked_days import DAY, Span, missing_chunks, note_coverage, read_coverage
from stockseq.schemas import HEADLINES, Dropped, Headlines, as_headlines, empty
from stockseq.sources.archive import TOP_UP, Chunk, utc_day
from stockseq.sources.source import Source
from stockseq.store import Store


@dataclass(frozen=True)
class ToppedUp:
    """What the sources of headlines gave.

    Parameters
    ----------
    headlines : Headlines
        Of all sources.
    failures : mapping of ticker to reason
        Of tickers that one source at least could not be asked for.
    dropped : tuple of Dropped
    doubts : tuple of str
        Which days nobody asked for, a sentence each.
    asked : tuple of (source, Chunk)
        The whole days of which an archive was asked for everything, and hadn't been before.
    """

    headlines: Headlines
    failures: dict[str, str]
    dropped: tuple[Dropped, ...] = ()
    doubts: tuple[str, ...] = ()
    asked: tuple[tuple[str, Chunk], ...] = ()

    def note(self, store: Store, *, at: pd.Timestamp) -> None:
        """Note which days were asked for, once the headlines are stored."""
        for source, days in self.asked:
            note_coverage(store, source, days.tickers, days.first, days.last, at=at)


def top_up(store: Store, sources: Sequence[Source], tickers: Sequence[str], *, now: pd.Timestamp) -> ToppedUp:
    """Ask each source for the tickers' newest headlines: an archive from where it was asked last, others for all.

    Parameters
    ----------
    store : Store
    sources : sequence of Source
    tickers : sequence of str
    now : Timestamp, tz-aware
        Of the morning.
    """
    parts = [
        _ask_archive(store, source, tickers, now=now)
        if getattr(source, "headlines_only", False)
        else _ask(source, tickers, now=now)
        for source in sources
    ]
    return ToppedUp(
        as_headlines(pd.concat([empty(HEADLINES), *(part.headlines for part in parts)])),
        _join_failures(parts),
        tuple(drop for part in parts for drop in part.dropped),
        tuple(doubt for part in parts for doubt in part.doubts),
        tuple(days for part in parts for days in part.asked),
    )


def not_asked(tickers: Iterable[str], reason: str) -> ToppedUp:
    """Return that nobody was asked, and why."""
    return ToppedUp(as_headlines(empty(HEADLINES)), dict.fromkeys(tickers, reason))


def _ask(source: Source, tickers: Sequence[str], *, now: pd.Timestamp) -> ToppedUp:
    fetched = source.fetch_headlines(tickers, since=None, now=now)
    return ToppedUp(fetched.headlines, fetched.failures, tuple(fetched.dropped))


def _ask_archive(store: Store, source: Source, tickers: Sequence[str], *, now: pd.Timestamp) -> ToppedUp:
    """Ask from the last day on that was asked for, at most a week: older days are a backfill's."""
    covered = read_coverage(store, _noted_as(source), as_of=now)
    ends = {ticker: covered[ticker][-1][1] for ticker in tickers if ticker in covered}
    today = utc_day(now)
    oldest = today - TOP_UP
    # The last day that was asked for is asked for again: the source may have stamped headlines of it since.
    first = max(min((ends.get(ticker, oldest) for ticker in tickers), default=oldest), oldest)
    doubts = _gap_sentences(source.name, {name: covered[name] for name in ends}, first)
    try:
        fetched = source.fetch_headlines(tickers, since=_just_before(first), now=now)
    except SourceError as error:
        return ToppedUp(as_headlines(empty(HEADLINES)), _named(source, dict.fromkeys(tickers, str(error))), (), doubts)
    answered = tuple(ticker for ticker, outcome in fetched.outcomes.items() if outcome.is_answered)
    asked = missing_chunks([Chunk(answered, first, today - DAY)], covered)
    return ToppedUp(
        fetched.headlines,
        _named(source, fetched.failures),
        tuple(fetched.dropped),
        doubts,
        tuple((_noted_as(source), days) for days in asked),
    )


def _noted_as(source: Source) -> str:
    return str(getattr(source, "noted_as", source.name))


def _just_before(day: pd.Timestamp) -> pd.Timestamp:
    return day.tz_localize("UTC") - pd.Timedelta(microseconds=1)


def _named(source: Source, failures: dict[str, str]) -> dict[str, str]:
    return {ticker: f"{source.name}: {reason}" for ticker, reason in failures.items()}


def _join_failures(parts: Sequence[ToppedUp]) -> dict[str, str]:
    tickers = dict.fromkeys(ticker for part in parts for ticker in part.failures)
    return {ticker: "; ".join(part.failures[ticker] for part in parts if ticker in part.failures) for ticker in tickers}


def _gap_sentences(source: str, covered: dict[str, list[Span]], first: pd.Timestamp) -> tuple[str, ...]:
    """Return a sentence on the days between those that were asked for, and until those of this morning."""
    gaps = {
        ticker: (before[1] + DAY, after[0] - DAY)
        for ticker, spans in covered.items()
        for before, after in pairwise([*spans, (first, first)])
        if before[1] + DAY < after[0]
    }
    if not gaps:
        return ()
    begin, end = min(gap[0] for gap in gaps.values()), max(gap[1] for gap in gaps.values())
    names = listed(sorted(gaps)[:3]) if len(gaps) <= 3 else counted(len(gaps), "ticker")
    return (
        f"{source} wasn't asked for headlines of {names} from {begin:%Y-%m-%d} to {end:%Y-%m-%d}; "
        f"make news HEADLINES={source} FROM={begin:%Y-%m-%d} asks for them.",
    )
