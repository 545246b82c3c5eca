"""One ticker's history between long silences as arrays, and its blocks: what the rows of a calendar year depend on.

Because a block's rows are a function of the block alone, computing only the blocks whose inputs changed gives the
same bytes as computing all of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from stockseq.features.feature import HISTORY
from stockseq.features.sentiment import MEMORY_SESSIONS
from stockseq.prices import compute_steps
from stockseq.schemas import PRICES

# The first bars of a ticker, at which no feature of ours is settled; more if a user's feature needs it.
WARM_UP = 60
BAR = [*PRICES, "volume"]
# Odd constants of splitmix64.
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15))
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


@dataclass(frozen=True)
class News:
    """One ticker's scored headlines, arrays of shape (n,) sorted by the session whose decision first knew them.

    `session` is the one at which each stands, `known` the first whose decision knew it.
    """

    session: np.ndarray
    known: np.ndarray
    compound: np.ndarray


@dataclass(frozen=True)
class History:
    """One ticker's bars between two long silences.

    Parameters
    ----------
    ticker : str
    session, traded, decision_at : arrays of shape (n_bars,), datetime64[us]
        The bar's session, the next one, which it is the last known bar of, and that one's decision (UTC).
    bars : mapping of open, high, low, close, volume to arrays of shape (n_bars,)
        As traded.
    shares, growth : arrays of shape (n_bars,)
        See `prices.compute_steps`.
    events : array of shape (n_bars,), uint64
        A hash of the actions since the bar before; 0 without any.
    news : News
    """

    ticker: str
    session: np.ndarray
    traded: np.ndarray
    decision_at: np.ndarray
    bars: Mapping[str, np.ndarray]
    shares: np.ndarray
    growth: np.ndarray
    events: np.ndarray
    news: News

    @classmethod
    def of(cls, ticker: str, bars: pd.DataFrame, actions: pd.DataFrame, news: News) -> "History":
        """Return the history of bars as traded, sorted by session, with `traded_session` and `decision_at`."""
        session = bars["session"].to_numpy(dtype="datetime64[us]")
        shares, growth = compute_steps(bars, actions)
        ordered = actions.sort_values(["session", "kind"]) if len(actions) > 1 else actions
        events = np.zeros(len(bars) + 1, dtype=np.uint64)
        for action in ordered[["session", "kind", "value"]].itertuples(index=False, name=None):
            position = session.searchsorted(np.datetime64(action[0]))
            events[[position]] = _mix(events[[position]] + _text_hash(repr(action)))
        return cls(
            ticker=ticker,
            session=session,
            traded=bars["traded_session"].to_numpy(dtype="datetime64[us]"),
            decision_at=bars["decision_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]"),
            bars={name: bars[name].to_numpy(dtype="float64") for name in BAR},
            shares=shares,
            growth=growth,
            events=events[:-1],
            news=news,
        )

    @cached_property
    def bar_sums(self) -> np.ndarray:
        """Running sums of a hash of each bar, with a zero before the first."""
        instants = [values.view("uint64") for values in (self.session, self.traded, self.decision_at)]
        return _running(_hash_columns([*instants, *(values.view("uint64") for values in self.bars.values())]))

    @cached_property
    def event_sums(self) -> np.ndarray:
        """Running sums of the hashes of the actions, with a zero before the first bar."""
        # Two bars may have the same event, but not the same session.
        hashes = _mix(self.events + _mix(self.session.view("uint64")))
        return _running(np.where(self.events == 0, np.uint64(0), hashes))

    @cached_property
    def news_sums(self) -> np.ndarray:
        """Running sums of a hash of each headline's score and sessions, with a zero before the first."""
        news = self.news
        return _running(_hash_columns([values.view("uint64") for values in (news.session, news.known, news.compound)]))


@dataclass(frozen=True)
class Block:
    """The rows of one calendar year's bars, from `first` to before `end`, computed from the bars from `start` on.

    Up to 400 bars before the year's are read, and of the headlines those of the rows' sessions and the 19 before, which
    are `sessions`.
    """

    history: History
    start: int
    first: int
    end: int
    sessions: pd.DatetimeIndex

    @property
    def rows(self) -> slice:
        """The positions of the bars that give a row."""
        return slice(self.first, self.end)

    @cached_property
    def oldest(self) -> np.datetime64:
        """The first session whose headlines are read."""
        return np.datetime64(self.sessions[0], "us")

    def checksums(self, recipe: str) -> np.ndarray:
        """Return one number per row: a hash of the recipe and of all that the row may depend on.

        A row's checksum covers the block's inputs up to that row and nothing later, so it stays as it is when bars or
        headlines are added. It has 52 bits, which a float64 column holds exactly.
        """
        history, rows = self.history, self.rows
        known = history.news.known
        first_known = known.searchsorted(self.oldest)
        n_known = known.searchsorted(history.traded[rows], side="right")
        name = _text_hash(f"{recipe}|{history.ticker}|{self.sessions[0]}")
        state = history.bar_sums[self.first + 1 : self.end + 1] - history.bar_sums[self.start]
        # The actions up to the first bar aren't undone.
        state = _mix(state + name) + history.event_sums[self.first + 1 : self.end + 1]
        state = _mix(state - history.event_sums[self.start + 1]) + history.news_sums[n_known]
        sums: np.ndarray = (_mix(state - history.news_sums[first_known]) >> np.uint64(12)).astype("float64")
        return sums

    def adjusted(self) -> dict[str, np.ndarray]:
        """Return prices and volume from `start` on with every split and dividend since then undone."""
        span = slice(self.start, self.end)
        shares, growth = self.history.shares[span].copy(), self.history.growth[span].copy()
        shares[0] = growth[0] = 1.0
        scale = dict.fromkeys(PRICES, np.cumprod(growth)) | {"volume": 1.0 / np.cumprod(shares)}
        return {name: values[span] * scale[name] for name, values in self.history.bars.items()}

    def remembered(self) -> News:
        """Return the headlines that the rows may read."""
        news = self.history.news
        newest = np.datetime64(self.sessions[-1], "us")
        span = slice(news.known.searchsorted(self.oldest), news.known.searchsorted(newest, side="right"))
        inside = news.session[span] >= self.oldest
        return News(*(values[span][inside] for values in (news.session, news.known, news.compound)))


def cut_blocks(history: History, *, sessions: pd.DatetimeIndex, warm_up: int) -> list[Block]:
    """Cut a history into its blocks, by year; years of the warm-up alone are left out.

    Parameters
    ----------
    history : History
    sessions : DatetimeIndex
        All sessions of the exchange.
    warm_up : int
        The number of first bars that give no row.
    """
    years = history.session.astype("datetime64[Y]").astype(np.int64)
    traded = sessions.searchsorted(history.traded)
    bounds = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist(), len(years)]
    blocks = []
    for begin, end in pairwise(bounds):
        first = max(begin, warm_up)
        if first >= end:
            continue
        memory = sessions[max(traded[first] - MEMORY_SESSIONS + 1, 0) : traded[end - 1] + 1]
        blocks.append(Block(history, max(begin - HISTORY, 0), first, end, memory))
    return blocks


def _mix(values: np.ndarray) -> np.ndarray:
    """Return splitmix64's hash of 64-bit numbers, which overflow on purpose."""
    mixed = (values ^ (values >> SHIFTS[0])) * MULTIPLIERS[0]
    mixed = (mixed ^ (mixed >> SHIFTS[1])) * MULTIPLIERS[1]
    hashed: np.ndarray = mixed ^ (mixed >> SHIFTS[2])
    return hashed


def _hash_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return one hash per row, of the bits of its columns in their order."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes = _mix((hashes + MULTIPLIERS[2]) ^ column)
    return hashes


def _text_hash(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


def _running(hashes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)])
