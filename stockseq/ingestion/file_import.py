"""Files into the store: read whole by the files source, or in batches where a file of headlines is large."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stockseq.ingestion.exchanges import check_exchange, record_exchange
from stockseq.ingestion.headline_clocks import UNMARKED
from stockseq.ingestion.headline_import import MOST_TICKERS, ingest_headlines
from stockseq.ingestion.ingest import Ingested, ingest
from stockseq.market import MarketData
from stockseq.progress import SILENT, Progress
from stockseq.schemas import as_headlines
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSource
from stockseq.sources.files.headline_stream import HeadlineStream, open_headline_stream
from stockseq.sources.settings import FilesSettings
from stockseq.store import Store


@dataclass(frozen=True)
class Imported:
    """What an import left.

    Parameters
    ----------
    ingested : Ingested
    market : MarketData
        Of the tickers; after a large file its headlines are only those whose clock may be in doubt.
    n_headlines : mapping of ticker to count
        In the store.
    """

    ingested: Ingested
    market: MarketData
    n_headlines: Mapping[str, int]

    @property
    def is_known(self) -> bool:
        """Whether the store has something of the tickers, and not all of them failed."""
        anything = len(self.market.bars) > 0 or any(self.n_headlines.values())
        return anything and self.ingested.n_failed < len(self.ingested.outcomes)


class FileImport:
    """Files that are to be imported: what they list, and what the user should know of them.

    Parameters
    ----------
    settings : FilesSettings
    file : Path, optional
        In place of the folder of the settings.
    tickers : sequence of str
        Wanted; none is all that the files list.
    now : Timestamp, tz-aware
    progress : Progress, default=SILENT

    Attributes
    ----------
    tickers : tuple of str
        Wanted.
    notes, doubts : tuple of str
        Sentences on the files.

    Raises
    ------
    SourceError
        If a file can't be read.
    """

    def __init__(
        self,
        settings: FilesSettings,
        file: Path | None = None,
        *,
        tickers: Sequence[str] = (),
        now: pd.Timestamp,
        progress: Progress = SILENT,
    ) -> None:
        self.now = now
        stream = None
        if file is not None:
            stream = open_headline_stream(file, settings, now=now, tickers=tickers, progress=progress)
        if stream is not None:
            self._reader: HeadlineStream | FilesSource = stream
            self.notes: tuple[str, ...] = stream.notes
            self.doubts: tuple[str, ...] = ()
        else:
            source = FilesSource(settings, file=file)
            self._reader, self.notes, self.doubts = source, source.notes(now), source.doubts(now)
        self.tickers = tuple(tickers) or self._reader.tickers

    def store_in(self, store: Store, calendar: TradingCalendar, *, progress: Progress = SILENT) -> Imported:
        """Store what the files hold of the tickers; errors are those of `ingest` and `ingest_headlines`."""
        if isinstance(self._reader, FilesSource):
            ingested, market = ingest(
                store, self._reader, self.tickers, now=self.now, calendar=calendar, progress=progress
            )
            counts = market.headlines["ticker"].value_counts()
            return Imported(ingested, market, {str(ticker): int(n) for ticker, n in counts.items()})
        check_exchange(store, calendar)
        ingested = ingest_headlines(store, self._reader, self.tickers, now=self.now, progress=progress)
        record_exchange(store, calendar, at=self.now)
        tickers = self.tickers if len(self.tickers) <= MOST_TICKERS else None
        doubted = store.read("headlines", tickers=tickers, where={"source": UNMARKED}, as_of=self.now)
        market = MarketData(
            store.bars(tickers, as_of=self.now),
            store.actions(tickers, as_of=self.now),
            as_headlines(doubted),
            calendar,
            self.now,
        )
        wanted = set(self.tickers)
        counts_of = store.count("headlines", as_of=self.now)
        return Imported(ingested, market.of(wanted), {name: n for name, n in counts_of.items() if name in wanted})
