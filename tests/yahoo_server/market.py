"""What the loopback Yahoo shows: listings as traded, seen in Yahoo's convention at a given instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from stockseq.sessions import TradingCalendar


@dataclass(frozen=True)
class View:
    """One ticker as Yahoo shows it at one instant.

    `bars` is indexed by tz-naive session with open, high, low, close, volume, all adjusted for every split up to that
    instant, and adj_close, also adjusted for dividends. Dividends are per share of that instant. News are raw items.
    """

    bars: pd.DataFrame
    splits: Mapping[pd.Timestamp, float] = field(default_factory=dict)
    dividends: Mapping[pd.Timestamp, float] = field(default_factory=dict)
    news: Sequence[Any] = ()


class Market(Protocol):
    """Anything that can be seen by ticker at an instant; None is an unknown ticker."""

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return the ticker as Yahoo shows it at `now` (tz-aware)."""
        ...


@dataclass
class Listing:
    """One ticker as traded; tests change it between two requests as the world would.

    `bars` is indexed by tz-naive session (open, high, low, close, volume). A dividend is per share traded on its
    ex-date, after a split of the same date. `news` are raw items with the instant from which Yahoo shows them.
    """

    bars: pd.DataFrame
    splits: dict[pd.Timestamp, float] = field(default_factory=dict)
    dividends: dict[pd.Timestamp, float] = field(default_factory=dict)
    news: list[tuple[pd.Timestamp, Any]] = field(default_factory=list)


class ListedMarket:
    """Listings by ticker, on one exchange calendar."""

    def __init__(self, listings: Mapping[str, Listing], calendar: TradingCalendar) -> None:
        self.listings = dict(listings)
        self._calendar = calendar

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return the listing with what has opened by `now`; the newest bar is unfinished during its session."""
        listing = self.listings.get(ticker)
        if listing is None:
            return None
        opened = self._calendar.schedule["open"] <= now
        bars = listing.bars[listing.bars.index.map(opened.get).fillna(False).astype(bool)]
        splits = {session: ratio for session, ratio in listing.splits.items() if opened[session]}
        dividends = {session: amount for session, amount in listing.dividends.items() if opened[session]}
        return show(bars, splits, dividends, [item for appears_at, item in listing.news if appears_at <= now])


def show(
    bars: pd.DataFrame,
    splits: Mapping[pd.Timestamp, float],
    dividends: Mapping[pd.Timestamp, float],
    news: Sequence[Any],
) -> View:
    """Return as-traded bars and dividends as Yahoo rewrites them: the whole past per share of today."""
    shares = pd.Series([_product(splits, after=session) for session in bars.index], index=bars.index, dtype=float)
    restated = bars[["open", "high", "low", "close"]].astype(float).div(shares, axis=0)
    restated["volume"] = (bars["volume"] * shares).round()
    amounts = {session: amount / _product(splits, after=session) for session, amount in dividends.items()}
    payout = pd.Series(1.0, index=bars.index)
    for session, amount in amounts.items():
        before = restated.index < session
        if before.any():
            payout[before] *= 1 - amount / restated.loc[before, "close"].iloc[-1]
    return View(restated.assign(adj_close=restated["close"] * payout), splits, amounts, news)


def _product(splits: Mapping[pd.Timestamp, float], *, after: pd.Timestamp) -> float:
    product = 1.0
    for session, ratio in splits.items():
        if session > after:
            product *= ratio
    return product
