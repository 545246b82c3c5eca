"""A large file of headlines into the store: one commit per batch, in bounded memory, and nothing twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from stockseq.errors import counted
from stockseq.ingestion.headline_clocks import UNMARKED, drop_stored, require_sound_clocks
from stockseq.ingestion.ingest import Ingested
from stockseq.progress import SILENT, Progress
from stockseq.schemas import HEADLINES, Headlines, empty
from stockseq.sources.files.headline_stream import Batch, HeadlineStream
from stockseq.sources.source import Outcome
from stockseq.store import Store

# Of names in one question to the store; all of it is looked through for more.
MOST_TICKERS = 2_000
_NEEDED = ["headline_id", "ticker", "published_at", "date_only", "text", "source"]


def ingest_headlines(
    store: Store, stream: HeadlineStream, tickers: Sequence[str], *, now: pd.Timestamp, progress: Progress = SILENT
) -> Ingested:
    """Store what a file holds of some tickers; killed on the way, the store has whole batches, and the rest comes next.

    Parameters
    ----------
    store : Store
    stream : HeadlineStream
    tickers : sequence of str
        Each ends in one outcome.
    now : Timestamp, tz-aware
        What the store came to know later isn't looked at.
    progress : Progress, default=SILENT

    Raises
    ------
    StoreError
        If an earlier version stored headlines of the same file too early; see `require_sound_clocks`.
    """
    task = f"Storing {counted(stream.n_rows, 'row')}"
    # Rows of a preset bear the ids that they had before; earlier versions marked none.
    sources = [
        name for name in store.count("headlines", "source", as_of=now) if name == UNMARKED or name != stream.source
    ]
    n_new: Counter[str] = Counter()
    for n_read, read in _ahead(stream.batches()):
        rows = read.headlines
        if len(rows):
            stored = _stored(store, rows, sources, now)
            require_sound_clocks(rows, stored)
            n_new.update(store.append("headlines", drop_stored(rows, stored), alike="ticker").by_ticker)
        progress.step(task, n_read, stream.n_rows, f"{n_new.total():,} new")
    outcomes = {ticker: _outcome(ticker, n_new[ticker]) for ticker in tickers}
    dropped = tuple(drop for drop in stream.dropped if drop.ticker in outcomes or drop.ticker == "?")
    return Ingested(outcomes, {}, dropped)


def _stored(store: Store, rows: Headlines, sources: Sequence[str], now: pd.Timestamp) -> pd.DataFrame:
    """Return the stored headlines of a batch's tickers that may be its own under another id, or at another instant."""
    tickers = list(rows["ticker"].unique())
    few = tickers if len(tickers) <= MOST_TICKERS else None
    found = [
        store.read("headlines", tickers=few, as_of=now, where={"source": source}, columns=_NEEDED) for source in sources
    ]
    return pd.concat([empty({name: HEADLINES[name] for name in _NEEDED}), *found], ignore_index=True)


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the batches, each built while the one before is stored."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


def _outcome(ticker: str, n_rows: int) -> Outcome:
    if n_rows:
        return Outcome(ticker, "updated", n_rows, f"0 bars, {counted(n_rows, 'headline')}")
    return Outcome(ticker, "nothing_new")
