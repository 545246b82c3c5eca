"""An archive of headlines as a user's own package might bring one: what was printed, by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from stockseq.errors import SourceError
from stockseq.schemas import HEADLINES, as_headlines, empty, headline_id
from stockseq.sources.archive import ArchiveSource, Chunk, ended
from stockseq.sources.source import FetchedHeadlines, Outcome


@dataclass
class Gazette(ArchiveSource):
    """Headlines as (ticker, instant, text); `broken` are tickers that fail, `refuses_after` chunks the key is void.

    `later` is what its clock gives now beside what was printed.
    """

    printed: Sequence[tuple[str, str, str]]
    name: str = "gazette"
    earliest: pd.Timestamp = field(default_factory=lambda: pd.Timestamp("2020-01-01"))
    broken: Mapping[str, str] = field(default_factory=dict)
    refuses_after: int | None = None
    later: pd.Timedelta = field(default_factory=lambda: pd.Timedelta(0))
    noted_under: str = "gazette"
    asked: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)

    @property
    def noted_as(self) -> str:
        """Under which its days are noted."""
        return self.noted_under if self.name == "gazette" else self.name

    def fetch_chunk(self, chunk: Chunk, *, now: pd.Timestamp) -> FetchedHeadlines:
        """Return what was printed of the chunk's tickers on its days."""
        if self.refuses_after is not None and len(self.asked) >= self.refuses_after:
            raise SourceError("gazette doesn't take the key (HTTP 401).")
        self.asked.append((chunk.tickers, f"{chunk.first:%Y-%m-%d}", f"{chunk.last:%Y-%m-%d}"))
        rows = [
            {"ticker": ticker, "published_at": pd.Timestamp(stamp), "text": text}
            for ticker, stamp, text in self.printed
            if ticker in chunk.tickers
            and ticker not in self.broken
            and chunk.begins_at <= pd.Timestamp(stamp) < chunk.ends_at
            and pd.Timestamp(stamp) <= now
        ]
        frame = pd.DataFrame(rows) if rows else empty(HEADLINES)
        ids = [headline_id(row["ticker"], f"{row['published_at']}", row["text"]) for row in rows]
        rest = {"first_seen_at": None, "date_only": False, "publisher": "", "url": "", "source": self.name}
        frame = frame.assign(published_at=frame["published_at"] + self.later)
        headlines = as_headlines(frame.assign(headline_id=ids, **rest))
        outcomes = {
            ticker: Outcome(ticker, "failed", reason=self.broken[ticker])
            if ticker in self.broken
            else ended(ticker, int((headlines["ticker"] == ticker).sum()))
            for ticker in chunk.tickers
        }
        return FetchedHeadlines(headlines, outcomes)
