"""Mornings of one store through the real yfinance: what Yahoo shows on each of them may be false, and is true after."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.ingestion import Ingested, ingest
from stockseq.market import MarketData
from stockseq.schemas import HEADLINES, as_headlines, empty
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.settings import YahooSettings
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome
from stockseq.sources.yahoo import YahooSource
from stockseq.sources.yahoo.chart import read_chart
from stockseq.sources.yahoo.history import read_history
from stockseq.sources.yahoo.source import LEAD
from stockseq.store import Store
from tests.yahoo_server import answers as answers_of_yahoo
from tests.yahoo_server.market import ListedMarket, Listing
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2023-01-03"), pd.Timestamp("2025-03-31"))
SESSIONS = CALENDAR.between(pd.Timestamp("2024-03-01"), pd.Timestamp("2024-11-29"))
PRICES = ["open", "high", "low", "close"]
BAR = [*PRICES, "volume"]
TICKERS = ("KOLA", "MOSS", "FERN")
HURRIED = {
    "requests_per_second": 5000.0, "retry_wait_s": 0.001, "back_off_s": 0.01, "longest_back_off_s": 0.1,
    "patience_s": 20.0, "timeout_s": 20.0,
}  # fmt: skip

Listings = dict[str, Listing]
# Changes what Yahoo shows on one morning; it gets the listings and the last final session.
Edit = Callable[[Listings, pd.Timestamp], None]


def true_listings(seed: int) -> Listings:
    """Return three companies as they traded: a steady one, a cheap and thin one, and one with a split and dividends."""
    draws = np.random.default_rng(seed)
    listings = {}
    for ticker, start, volume in zip(TICKERS, (100.0, 3.0, 400.0), (2e6, 900.0, 5e5), strict=True):
        closes = start * np.exp(np.cumsum(draws.normal(0.0, 0.015, len(SESSIONS))))
        opens = closes * np.exp(draws.normal(0.0, 0.004, len(SESSIONS)))
        bars = pd.DataFrame({"open": opens, "close": closes}, index=SESSIONS)
        bars["high"] = bars.max(axis=1) * (1 + draws.uniform(0.0, 0.01, len(SESSIONS)))
        bars["low"] = bars[["open", "close"]].min(axis=1) * (1 - draws.uniform(0.0, 0.01, len(SESSIONS)))
        bars["volume"] = np.floor(volume * np.exp(draws.normal(0.0, 0.3, len(SESSIONS))))
        listings[ticker] = Listing(bars[BAR])
    split(listings["FERN"], SESSIONS[-50], 2.0)
    listings["FERN"].dividends[SESSIONS[-80]] = 2.0
    listings["FERN"].dividends[SESSIONS[-16]] = 1.0
    return listings


def split(listing: Listing, session: pd.Timestamp, ratio: float) -> None:
    """Let a listing really split on a session: as traded, it is another price from then on."""
    later = listing.bars.index >= session
    listing.bars.loc[later, PRICES] /= ratio
    listing.bars.loc[later, "volume"] = (listing.bars.loc[later, "volume"] * ratio).round()
    listing.splits[session] = ratio


@dataclass
class World:
    """Yahoo's server, what is true, and one store that was asked into existence by it.

    Parameters
    ----------
    folder : Path
    server : YahooServer
    truth : Listings
    asked : list of int
        Chart requests of each morning.
    """

    folder: Path
    server: YahooServer
    truth: Listings
    asked: list[int] = field(default_factory=list)
    over_the_wire: bool = False
    _questions: list[tuple[str, pd.Timestamp]] = field(default_factory=list)

    def store(self, name: str = "seen") -> Store:
        """Return a store of this world."""
        return Store(self.folder / name)

    def show(self, session: pd.Timestamp, edit: Edit | None = None) -> pd.Timestamp:
        """Let Yahoo show what it shows in the morning after a session; return that instant."""
        listings = copy.deepcopy(self.truth)
        if edit is not None:
            edit(listings, session)
        self.server.market = ListedMarket(listings, CALENDAR)
        decided = CALENDAR.decision_at(DecisionPolicy())
        self.server.now = decided[CALENDAR.next_session(session)] - pd.Timedelta(minutes=10)
        return self.server.now

    def morning(
        self, session: pd.Timestamp, edit: Edit | None = None, *, name: str = "seen", whole: bool = False
    ) -> tuple[Ingested, MarketData]:
        """Bring a store up to date in the morning after a session."""
        now = self.show(session, edit)
        before = len(self.charts)
        source = (
            YahooSource(YahooSettings(**HURRIED, cache_folder=self.folder / "cache")) if self.over_the_wire else self
        )
        found = ingest(
            self.store(name), source, TICKERS, now=now, calendar=CALENDAR, history_from=SESSIONS[0], whole=whole
        )
        self.asked.append(len(self.charts) - before)
        return found

    @property
    def charts(self) -> list[tuple[str, pd.Timestamp]]:
        """The chart requests so far: ticker, and the date from which on it was asked."""
        if not self.over_the_wire:
            return self._questions
        return [
            (str(logged.ticker), pd.Timestamp(int(logged.query["period1"]), unit="s").normalize())
            for logged in self.server.log
            if logged.endpoint == "chart" and "period1" in logged.query
        ]

    name = "yahoo"

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return what Yahoo shows, read as Yahoo's answers are, without yfinance and the wire between."""
        answers = {}
        for ticker, first in first_sessions.items():
            self._questions.append((ticker, first))
            view = self.server.market.view(ticker, now)
            assert view is not None
            window = {
                "period1": str(answers_of_yahoo.epoch((first - LEAD).tz_localize("UTC"))),
                "period2": "4102444800",
            }
            result = answers_of_yahoo.chart(ticker, view, window, now=now, calendar=CALENDAR)
            chart = read_chart({"chart": {"result": [result], "error": None}})
            answers[ticker] = read_history(chart, ticker=ticker, first=first, now=now, calendar=CALENDAR)
        outcomes = {ticker: Outcome(ticker, "updated", len(answer.bars)) for ticker, answer in answers.items()}
        return FetchedBars.of_tickers(answers.values(), outcomes)

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return none."""
        return FetchedHeadlines(
            as_headlines(empty(HEADLINES)), {name: Outcome(name, "nothing_new") for name in tickers}
        )

    def true_bars(self, last: pd.Timestamp) -> pd.DataFrame:
        """Return what was traded up to a session, by ticker and session."""
        rows = [listing.bars[listing.bars.index <= last].assign(ticker=name) for name, listing in self.truth.items()]
        return pd.concat(rows).rename_axis("session").reset_index().set_index(["ticker", "session"]).sort_index()


@contextmanager
def open_world(folder: Path, seed: int, *, over_the_wire: bool = False) -> Iterator[World]:
    """Yield a world whose Yahoo this process reaches and no other; over the wire it is asked through yfinance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "home"))
        forget_yfinance(patch)
        truth = true_listings(seed)
        server = YahooServer(
            ListedMarket(truth, CALENDAR), now=pd.Timestamp("2024-11-29 12:00", tz="UTC"), folder=folder,
            calendar=CALENDAR,
        )  # fmt: skip
        with server:
            for name, value in server.environment().items():
                patch.setenv(name, value)
            yield World(folder, server, truth, over_the_wire=over_the_wire)


def assert_true(world: World, last: pd.Timestamp, *, name: str = "seen", lacking: int = 0) -> None:
    """Raise where the store holds other bars or actions than were traded, or lacks other than so many."""
    assert_nothing_false(world, last, name=name)
    held = world.store(name).bars().set_index(["ticker", "session"])
    true = world.true_bars(last)
    missing = true.index.difference(held.index)
    assert len(missing) == lacking, f"{len(missing)} bars are missing, first {missing[:3].tolist()}"
    actions = world.store(name).actions()
    listed = actions[actions["value"] != actions["kind"].map({"split": 1.0, "dividend": 0.0})]
    found = {(row.ticker, row.session, row.kind): row.value for row in listed.itertuples()}
    expected = {
        (ticker, session, kind): value
        for ticker, listing in world.truth.items()
        for kind, events in (("split", listing.splits), ("dividend", listing.dividends))
        for session, value in events.items()
        if session <= last
    }
    assert found.keys() == expected.keys(), f"actions {found.keys() ^ expected.keys()}"
    for key, value in expected.items():
        assert abs(found[key] / value - 1) < 1e-4, f"{key}: {found[key]}, truly {value}"


def assert_nothing_false(world: World, last: pd.Timestamp, *, name: str = "seen") -> None:
    """Raise where a stored bar is another than was traded."""
    held = world.store(name).bars().set_index(["ticker", "session"])
    true = world.true_bars(last)
    foreign = held.index.difference(true.index)
    assert foreign.empty, f"bars that were never traded: {foreign[:3].tolist()}"
    away = (held[BAR] / true.loc[held.index, BAR] - 1).abs()
    wrong = away[(away[PRICES] > 1e-5).any(axis=1) | (away["volume"] > 1e-9)]
    assert wrong.empty, f"{len(wrong)} false bars, first {wrong.index[0]}: {held.loc[wrong.index[0], BAR].to_dict()}"
