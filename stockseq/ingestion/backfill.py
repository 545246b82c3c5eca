"""Years of headlines from an archive into the store: chunk by chunk, each in one commit, from where it ended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from stockseq.errors import SourceError, counted
from stockseq.ingestion.asked_days import DAY, missing_chunks, note_coverage, read_coverage
from stockseq.progress import SILENT, Progress
from stockseq.schemas import Dropped, Headlines
from stockseq.sources.archive import Chunk, HeadlineArchive, utc_day
from stockseq.sources.source import Outcome
from stockseq.store import Store

# So many chunks in a row, of as many tickers, that weren't answered, and the service is at fault rather than a ticker.
FAILED_IN_A_ROW = 3


@dataclass(frozen=True)
class Backfilled:
    """How a backfill from one source ended.

    Parameters
    ----------
    source : str
    n_chunks : int
        Asked for now; 0 where the store had it all.
    by_year : mapping of year to int
        Headlines that the store did not have yet, by the year of their publication (UTC).
    failures : mapping of ticker to reason
        Tickers of which days are missing; asked again, those days alone are asked for.
    unknown : mapping of ticker to reason
        Tickers that the source doesn't list.
    dropped : tuple of Dropped
        What was left out on the way.
    stopped : str
        Why the source was given up before the end; "" where it wasn't.
    begins : Timestamp, tz-naive, optional
        The source's first day, where earlier ones were wanted.
    n_earlier : mapping of ticker to int
        Headlines that stand in the store at an earlier instant than the source gives now.
    """

    source: str
    n_chunks: int
    by_year: Mapping[int, int]
    failures: Mapping[str, str]
    unknown: Mapping[str, str]
    dropped: tuple[Dropped, ...]
    stopped: str = ""
    begins: pd.Timestamp | None = None
    n_earlier: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_headlines(self) -> int:
        """Headlines that the store did not have yet."""
        return sum(self.by_year.values())

    def answered_none(self, tickers: Sequence[str]) -> bool:
        """Return whether not one of the tickers was answered."""
        return all(ticker in self.failures or ticker in self.unknown for ticker in tickers) and not self.n_headlines


@dataclass
class _Account:
    """What has come so far."""

    by_year: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    n_earlier: Counter[str] = field(default_factory=Counter)

    def count(self, written: pd.DataFrame, outcomes: Mapping[str, Outcome], dropped: Sequence[Dropped]) -> None:
        """Count one chunk."""
        self.by_year.update(int(year) for year in written["published_at"].dt.year)
        self.dropped.update({(drop.stage, drop.ticker, drop.reason): drop.n_rows for drop in dropped})
        for ticker, outcome in outcomes.items():
            if outcome.status == "failed":
                self.failures[ticker] = outcome.reason
            elif outcome.status == "unknown":
                self.unknown[ticker] = outcome.reason


def backfill(
    store: Store,
    archive: HeadlineArchive,
    tickers: Sequence[str],
    *,
    first: pd.Timestamp,
    now: pd.Timestamp,
    progress: Progress = SILENT,
) -> Backfilled:
    """Bring the headlines of all days from `first` until yesterday (UTC) into the store; days asked for before are not.

    Parameters
    ----------
    store : Store
    archive : HeadlineArchive
    tickers : sequence of str
    first : Timestamp, tz-naive
        A day (UTC); days before the archive begins are passed over.
    now : Timestamp, tz-aware
        Today is left to the daily run, which sees its headlines come.
    progress : Progress, default=SILENT

    Returns
    -------
    Backfilled

    Raises
    ------
    SourceError
        If the service refuses the key. What came before is kept.
    """
    last = utc_day(now) - DAY
    begin = max(first, archive.first_day(now))
    covered = read_coverage(store, archive.noted_as, as_of=now)
    chunks = list(missing_chunks(archive.chunks(tickers, begin, last), covered)) if begin <= last else []
    task = f"Headlines from {archive.name}"
    account, stopped, n_asked = _Account(), "", 0
    failed: list[Chunk] = []
    for chunk in chunks:
        progress.step(task, n_asked, len(chunks), _name(chunk))
        try:
            answered = _bring(store, archive, chunk, account, now=now)
        except SourceError as error:
            kept = f" The {counted(n_asked, 'chunk')} before it are kept; the same command goes on from there."
            raise type(error)(f"{error}{kept if n_asked else ''}") from error
        n_asked += 1
        failed = [] if answered else [*failed, chunk]
        n_tickers = len({ticker for each in failed for ticker in each.tickers})
        if len(failed) >= FAILED_IN_A_ROW and n_tickers >= min(FAILED_IN_A_ROW, len(tickers)):
            stopped = f"{counted(len(failed), 'chunk')} in a row failed, the last of {_name(chunk)}"
            break
    progress.step(task, len(chunks), len(chunks))
    dropped = tuple(Dropped(*key, n) for key, n in account.dropped.items())
    by_year = dict(sorted(account.by_year.items()))
    return Backfilled(
        archive.name,
        n_asked,
        by_year,
        account.failures,
        account.unknown,
        dropped,
        stopped,
        begins=begin if begin > first else None,
        n_earlier=dict(account.n_earlier),
    )


def _bring(store: Store, archive: HeadlineArchive, chunk: Chunk, account: _Account, *, now: pd.Timestamp) -> bool:
    """Bring one chunk into the store; return whether at least one of its tickers was answered."""
    fetched = archive.fetch_chunk(chunk, now=now)
    # A kill between the two asks for the chunk again, and finds its headlines stored.
    written = store.append("headlines", fetched.headlines)
    answered = [ticker for ticker in chunk.tickers if fetched.outcomes[ticker].is_answered]
    if answered:
        note_coverage(store, archive.noted_as, answered, chunk.first, chunk.last, at=now)
    account.count(written.rows, fetched.outcomes, fetched.dropped)
    if written.n_rows < len(fetched.headlines):
        account.n_earlier.update(_stored_earlier(store, archive.name, fetched.headlines))
    return bool(answered) or all(outcome.status == "unknown" for outcome in fetched.outcomes.values())


def _stored_earlier(store: Store, source: str, fetched: Headlines) -> Counter[str]:
    """Return by ticker how many headlines are stored at an earlier instant than they are given now."""
    columns = ["headline_id", "published_at"]
    tickers = list(fetched["ticker"].unique())
    stored = store.read("headlines", tickers=tickers, where={"source": source}, columns=columns)
    both = fetched.merge(stored, on="headline_id", suffixes=("", "_stored"))
    return Counter(both.loc[both["published_at_stored"] < both["published_at"], "ticker"].tolist())


def _name(chunk: Chunk) -> str:
    tickers = chunk.tickers[0] if len(chunk.tickers) == 1 else counted(len(chunk.tickers), "ticker")
    return f"{tickers}, {chunk.first:%Y-%m-%d} to {chunk.last:%Y-%m-%d}"
