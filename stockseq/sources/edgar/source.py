"""Filings of form 8-K as headlines: who filed, and what the items say, from the instant of acceptance on."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pandas as pd

from stockseq.errors import SourceError, SourceUnreachable, counted
from stockseq.schemas import HEADLINES, Dropped, as_headlines, empty, headline_id
from stockseq.sources.archive import ArchiveSource, Chunk, ended, join_fetched
from stockseq.sources.edgar.calibration import Calibration, calibrate
from stockseq.sources.edgar.client import EdgarClient
from stockseq.sources.edgar.filings import REACH, Block, Filing, Names, OlderFile, Submissions, read_filings
from stockseq.sources.edgar.items import read_items
from stockseq.sources.edgar.tickers import Filer, Listing
from stockseq.sources.news_items import LONGEST_TEXT, STAGE
from stockseq.sources.service import ServiceRefused
from stockseq.sources.settings import EdgarSettings
from stockseq.sources.source import FetchedHeadlines, Outcome

NAME: Final = "edgar"
NEW_YORK: Final = "America/New_York"
# EDGAR opens at 6; readers of it name 6 to 7:30 for what came in the evening before, and the latest of these is taken.
MORNING: Final = pd.Timedelta(hours=7, minutes=30)
MAPPING_NOTE: Final = (
    "edgar: tickers are matched with companies by the SEC's list of today, so the filings of a ticker's earlier owner "
    "are not read, and a company that has left the exchange is not found."
)


class EdgarSource(ArchiveSource):
    """Filings of form 8-K, free and without a key, since 2001.

    Parameters
    ----------
    settings : EdgarSettings
        With a `contact`, which the SEC wants in each request.
    clock, sleep : callables, optional
        Seconds that only go forward, and a wait of so many seconds.

    Raises
    ------
    SourceError
        If the settings name no contact.

    Examples
    --------
    >>> source = EdgarSource(EdgarSettings(contact="Jane Doe jane@example.com"))
    >>> days = pd.Timestamp("2015-01-01"), pd.Timestamp("2024-12-31")
    >>> [chunk.tickers for chunk in source.chunks(["AAPL", "MSFT"], *days)]
    [('AAPL',), ('MSFT',)]
    """

    name = NAME
    earliest = pd.Timestamp("2001-01-01")

    def __init__(
        self,
        settings: EdgarSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = EdgarClient(settings or EdgarSettings(), clock=clock, sleep=sleep)
        self._doubts: dict[str, str] = {}
        self._unknown_items: set[str] = set()
        self._unreadable_items: set[str] = set()

    def chunks(self, tickers: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Sequence[Chunk]:
        """Return one chunk a ticker: its whole history costs two to four requests, and is some hundred filings."""
        begin = max(first, self.earliest)
        return tuple(Chunk((ticker,), begin, last) for ticker in tickers) if begin <= last else ()

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return the 8-K filings of a chunk; see `ArchiveSource.fetch_chunk`.

        Raises
        ------
        SourceError
            If EDGAR refuses to answer, or can't be reached, or gives no list of tickers.
        """
        self._client.renew_budget()
        listing = self._client.fetch_listing(now)
        parts = [self._fetch_ticker(ticker, listing, chunk, now) for ticker in chunk.tickers]
        return parts[0] if len(parts) == 1 else join_fetched(parts, chunk.tickers)

    def notes(self, now: pd.Timestamp) -> tuple[str, ...]:
        """Return what the user should know of the filings that were fetched so far."""
        notes = [MAPPING_NOTE]
        for doubt in sorted(set(filter(None, self._doubts.values()))):
            names = [ticker for ticker, reason in self._doubts.items() if reason == doubt]
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            notes.append(
                f"edgar: the clock of {', '.join(names[:5])}{more} isn't settled ({doubt}): stamps are read as New "
                "York's, the later of the two readings."
            )
        if self._unknown_items:
            codes = ", ".join(sorted(self._unknown_items)[:10])
            notes.append(f"edgar: items that form 8-K doesn't have are shown by their number: {codes}.")
        if self._unreadable_items:
            n_filings = counted(len(self._unreadable_items), "filing")
            notes.append(f"edgar: in {n_filings} not every item can be read; the others are shown.")
        return tuple(notes)

    def _fetch_ticker(self, ticker: str, listing: Listing, chunk: Chunk, now: pd.Timestamp) -> FetchedHeadlines:
        filer = listing.find(ticker)
        if isinstance(filer, str):
            return _without_rows(Outcome(ticker, "unknown", reason=filer))
        try:
            submissions = self._client.fetch_submissions(filer)
            if submissions is None:
                reason = f"EDGAR's list names filer {filer.cik} for {ticker}, of whom it has no filings"
                return _without_rows(Outcome(ticker, "unknown", reason=reason))
            return self._read(ticker, filer, submissions, chunk, now)
        except (ServiceRefused, SourceUnreachable):
            raise
        except SourceError as error:
            return _without_rows(Outcome(ticker, "failed", reason=str(error)))

    def _read(
        self, ticker: str, filer: Filer, submissions: Submissions, chunk: Chunk, now: pd.Timestamp
    ) -> FetchedHeadlines:
        known = self._client.load_calibration(filer)
        filings, faults = read_filings([submissions.recent], first=chunk.first, last=chunk.last)
        if known is not None and not known.holds_for(filings):
            known = None
        older = [file for file in submissions.older if file.may_hold(chunk.first, chunk.last)]
        if older:
            # What was saved of a filer whose clock isn't known may be of before EDGAR mended its stamps.
            blocks, n_missing = self._fetch_blocks(older, afresh=known is None)
            filings, faults = read_filings([submissions.recent, *blocks], first=chunk.first, last=chunk.last)
            if n_missing:
                faults["filing that EDGAR counts in a file of older filings, and doesn't give"] += n_missing
        near = [one for one in filings if chunk.first - REACH <= one.stamp < chunk.last + REACH]
        rows = []
        if near:
            calibration = self._calibrate(ticker, filer, filings, known)
            for filing in near:
                at = shown_at(calibration.instant(filing), filing.filed)
                # Where only the clocks differ, the next fetch has it.
                if now < at < chunk.ends_at:
                    faults["filing accepted in the future"] += 1
                elif chunk.begins_at <= at < chunk.ends_at:
                    rows.append(self._row(ticker, filer, submissions.names, filing, at))
        headlines = as_headlines(pd.DataFrame(rows, columns=list(HEADLINES)))
        dropped = tuple(Dropped(STAGE, ticker, reason, n) for reason, n in faults.items())
        outcome = ended(ticker, len(headlines), nothing="no filing of form 8-K")
        return FetchedHeadlines(headlines, {ticker: outcome}, dropped)

    def _fetch_blocks(self, files: Sequence[OlderFile], *, afresh: bool) -> tuple[list[Block], int]:
        """Return the blocks of some older files, and how many filings they lack that the filer's list counts."""
        answers = [self._client.fetch_older(file, afresh=afresh) for file in files]
        n_missing = sum(max(0, (file.n_filings or 0) - n) for file, (n, _) in zip(files, answers, strict=True))
        return [block for _, block in answers], n_missing

    def _calibrate(
        self, ticker: str, filer: Filer, filings: Sequence[Filing], known: Calibration | None
    ) -> Calibration:
        calibration = known
        if calibration is None or not calibration.holds_for(filings):
            calibration = calibrate(filings, lambda accession: self._client.fetch_header(filer, accession))
            self._client.save_calibration(filer, calibration)
        self._doubts[ticker] = calibration.doubt
        return calibration

    def _row(self, ticker: str, filer: Filer, names: Names, filing: Filing, at: pd.Timestamp) -> Mapping[str, object]:
        items = read_items(filing.items)
        self._unknown_items.update(items.unknown)
        if items.unreadable or not items.text:
            self._unreadable_items.add(filing.accession)
        what = f"{filing.form}: {items.text}" if items.text else filing.form
        return {
            # Without the name: how EDGAR writes a former one may change, what was filed doesn't.
            "headline_id": headline_id(ticker, f"{NAME} {filing.accession}", what),
            "ticker": ticker,
            "published_at": at,
            "first_seen_at": None,
            "date_only": False,
            "text": f"{names.at(at) or ticker} {what}"[:LONGEST_TEXT].rstrip(),
            "publisher": "SEC",
            "url": f"{self._client.filing_address(filer, filing.accession)}-index.html",
            "source": NAME,
            "known_by": "accepted",
            "created_at": None,
            "summary": "",
        }


def shown_at(accepted: pd.Timestamp, filed: pd.Timestamp) -> pd.Timestamp:
    """Return from when on a filing could be read.

    What is accepted after 17:30 in New York bears the next business day's date, and is shown on its morning.

    Parameters
    ----------
    accepted : Timestamp, UTC
    filed : Timestamp, tz-naive
        The filing date.

    Examples
    --------
    >>> shown_at(pd.Timestamp("2024-10-12T00:00Z"), pd.Timestamp("2024-10-15")).isoformat()
    '2024-10-15T11:30:00+00:00'
    """
    if filed <= accepted.tz_convert(NEW_YORK).tz_localize(None).normalize():
        return accepted
    return max(accepted, (filed + MORNING).tz_localize(NEW_YORK).tz_convert("UTC"))


def _without_rows(outcome: Outcome) -> FetchedHeadlines:
    return FetchedHeadlines(as_headlines(empty(HEADLINES)), {outcome.ticker: outcome})
