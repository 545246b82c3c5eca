"""A source whose answers a test writes down, and what it answers with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from stockseq.schemas import ACTIONS, BARS, HEADLINES, as_actions, as_bars, as_headlines, empty
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome

Action = tuple[str, str, str, float]


@dataclass
class Vendor:
    """What a vendor says today: `closes` by ticker and session, actions as (ticker, session, kind, value), headlines.

    A ticker without closes is unknown to it. `headlines` maps an id to (ticker, published, seen); the text is the id,
    and `seen` is "live" (first seen at the fetch) or "old" (backfilled, so nobody knows).
    """

    closes: Mapping[str, Mapping[str, float]]
    actions: Sequence[Action] = ()
    headlines: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    name: str = "vendor"
    asked: list[dict[str, pd.Timestamp]] = field(default_factory=list)
    silent: frozenset[str] = frozenset()
    currencies: Mapping[str, str] = field(default_factory=dict)
    n_news_fetches: int = 0

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        self.asked.append(dict(first_sessions))
        stamp = {"source": self.name, "fetched_at": now}
        bars = [
            {"ticker": ticker, "session": pd.Timestamp(session), "volume": 1000.0, **stamp}
            | dict.fromkeys(("open", "high", "low", "close"), close)
            for ticker, first in first_sessions.items()
            for session, close in self.closes.get(ticker, {}).items()
            if pd.Timestamp(session) >= first
        ]
        actions = [
            {"ticker": ticker, "session": pd.Timestamp(session), "kind": kind, "value": value, **stamp}
            for ticker, session, kind, value in self.actions
            if ticker in first_sessions and pd.Timestamp(session) >= first_sessions[ticker]
        ]
        return FetchedBars(
            as_bars(pd.DataFrame(bars) if bars else empty(BARS)),
            as_actions(pd.DataFrame(actions) if actions else empty(ACTIONS)),
            {ticker: self._outcome(ticker) for ticker in first_sessions},
            currencies={ticker: of for ticker, of in self.currencies.items() if ticker in first_sessions},
        )

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        self.n_news_fetches += 1
        rows = [
            {"headline_id": name, "ticker": ticker, "published_at": pd.Timestamp(published, tz="UTC"), "text": name}
            | {"first_seen_at": now if seen == "live" else pd.NaT, "date_only": False}
            | {"publisher": "", "url": "", "source": self.name}
            for name, (ticker, published, seen) in self.headlines.items()
            if ticker in tickers and ticker not in self.silent and pd.Timestamp(published, tz="UTC") <= now
        ]
        frame = pd.DataFrame(rows) if rows else empty(HEADLINES)
        frame = frame.assign(first_seen_at=pd.to_datetime(frame["first_seen_at"], utc=True))
        failed = {ticker: Outcome(ticker, "failed", 0, "no answer") for ticker in self.silent}
        return FetchedHeadlines(
            as_headlines(frame), {ticker: failed.get(ticker, Outcome(ticker, "updated")) for ticker in tickers}
        )

    def _outcome(self, ticker: str) -> Outcome:
        if ticker not in self.closes:
            return Outcome(ticker, "unknown", 0, "no such ticker")
        return Outcome(ticker, "updated", len(self.closes[ticker]))
