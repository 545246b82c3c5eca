"""The histories of some tickers as arrays, and their blocks: what the rows of a ticker's calendar year depend on.

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
from stockseq.prices import ActionSteps
from stockseq.schemas import PRICES

# The first bars of a ticker, at which no feature of ours is settled; more if a user's feature needs it.
WARM_UP = 60
BAR = [*PRICES, "volume"]
INSTANTS = ["session", "traded_session", "decision_at"]
STEPS = ["shares", "growth"]
# The odd constants of splitmix64.
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15))
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


def with_actions(bars: pd.DataFrame, steps: ActionSteps) -> pd.DataFrame:
    """Return the bars with `shares` and `growth`, and with `events`: a hash of the actions since the bar before."""
    actions, at = steps.actions, steps.positions
    kinds = {kind: _text_hash(kind) for kind in actions["kind"].unique()}
    kind = np.array([kinds[name] for name in actions["kind"]], dtype=np.uint64)
    hashes = _hash_columns([_bits(actions["session"]), kind, _bits(actions["value"])])
    events = np.zeros(len(bars) + 1, dtype=np.uint64)
    np.add.at(events, at, hashes)
    return bars.assign(shares=steps.shares, growth=steps.growth, events=events[:-1])


@dataclass(frozen=True)
class News:
    """Scored headlines, arrays of shape (n,).

    `session` is the one at which each stands, `known` the first whose decision knew it.
    """

    session: np.ndarray
    known: np.ndarray
    compound: np.ndarray

    def take(self, chosen: slice | np.ndarray) -> "News":
        """Return some of the headlines."""
        return News(self.session[chosen], self.known[chosen], self.compound[chosen])


@dataclass(frozen=True)
class Histories:
    """The bars and headlines of some tickers as arrays, by ticker and session.

    Parameters
    ----------
    bars : DataFrame of n_bars rows
        As traded, on sessions of the exchange, with `traded_session` (the next, which a bar is the last known of),
        `decision_at`, `stretch` (see `prices.find_stretches`) and what `with_actions` gives.
    news : DataFrame
        `ticker`, `session`, `known_session` and `compound`, sorted by ticker and `known_session`.
    """

    bars: pd.DataFrame
    news: pd.DataFrame

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The instants (datetime64[us], UTC), the prices and volume as traded, and the steps of the actions, by bar."""
        decided = self.bars["decision_at"].dt.tz_localize(None)
        instants = {**self.bars[INSTANTS[:2]], "decision_at": decided}
        return {name: values.to_numpy(dtype="datetime64[us]") for name, values in instants.items()} | {
            name: self.bars[name].to_numpy(dtype="float64") for name in [*BAR, *STEPS]
        }

    @cached_property
    def heard(self) -> News:
        """The headlines of all tickers."""
        session, known = (self.news[name].to_numpy(dtype="datetime64[us]") for name in ("session", "known_session"))
        return News(session, known, self.news["compound"].to_numpy(dtype="float64"))

    @cached_property
    def heard_of(self) -> Mapping[str, slice]:
        """The positions of each ticker's headlines."""
        codes, tickers = pd.factorize(self.news["ticker"])
        bounds = np.searchsorted(codes, np.arange(len(tickers) + 1)).tolist()
        return {str(ticker): slice(*bound) for ticker, bound in zip(tickers, pairwise(bounds), strict=True)}

    @cached_property
    def bar_sums(self) -> np.ndarray:
        """Running sums of a hash of each bar, with a zero before the first."""
        return _running(_hash_columns([self.arrays[name].view("uint64") for name in [*INSTANTS, *BAR]]))

    @cached_property
    def event_sums(self) -> np.ndarray:
        """Running sums of the hashes of the actions, with a zero before the first bar."""
        # Two bars may have the same event, but not the same session.
        events = self.bars["events"].to_numpy(dtype=np.uint64)
        hashes = _mix(events + _mix(self.arrays["session"].view("uint64")))
        return _running(np.where(events == 0, np.uint64(0), hashes))

    @cached_property
    def news_sums(self) -> np.ndarray:
        """Running sums of a hash of each headline's score and sessions, with a zero before the first."""
        news = self.heard
        return _running(_hash_columns([values.view("uint64") for values in (news.session, news.known, news.compound)]))


@dataclass(frozen=True)
class Block:
    """The rows of one ticker's calendar year of bars: from `first` to before `end`, of the bars from `start` on.

    Up to 400 bars before the year's are read, and of the headlines those of the rows' sessions and the 19 before, which
    are `sessions`.
    """

    histories: Histories
    ticker: str
    start: int
    first: int
    end: int
    sessions: np.ndarray

    @property
    def bars(self) -> slice:
        """The positions of the bars that are read."""
        return slice(self.start, self.end)

    @property
    def rows(self) -> slice:
        """The positions of the bars that give a row."""
        return slice(self.first, self.end)

    @cached_property
    def heard(self) -> slice:
        """The positions of the headlines that are read, and of some that stand before them and were known with them."""
        ticker = self.histories.heard_of.get(self.ticker, slice(0, 0))
        known = self.histories.heard.known[ticker]
        begin, end = known.searchsorted(self.sessions[0]), known.searchsorted(self.sessions[-1], side="right")
        return slice(ticker.start + int(begin), ticker.start + int(end))

    def checksums(self, recipe: str) -> np.ndarray:
        """Return one number per row: a hash of the recipe and of all that the row may depend on.

        A row's checksum covers the block's inputs up to that row and nothing later, so it stays as it is when bars or
        headlines are added. It has 52 bits, which a float64 column holds exactly.
        """
        histories, rows, heard = self.histories, slice(self.first + 1, self.end + 1), self.heard
        known = histories.heard.known[heard]
        n_known = heard.start + known.searchsorted(histories.arrays["traded_session"][self.rows], side="right")
        name = _text_hash(f"{recipe}|{self.ticker}") + self.sessions[:1].view("uint64")
        state = _mix(histories.bar_sums[rows] - histories.bar_sums[self.start] + name)
        # The actions up to the first bar aren't undone.
        state = _mix(state + histories.event_sums[rows] - histories.event_sums[self.start + 1])
        state = _mix(state + histories.news_sums[n_known] - histories.news_sums[heard.start])
        sums: np.ndarray = (state >> np.uint64(12)).astype("float64")
        return sums

    def adjusted(self) -> dict[str, np.ndarray]:
        """Return prices and volume from `start` on with every split and dividend since then undone."""
        arrays = self.histories.arrays
        shares, growth = (arrays[name][self.bars].copy() for name in STEPS)
        shares[0] = growth[0] = 1.0
        scale = dict.fromkeys(PRICES, np.cumprod(growth)) | {"volume": 1.0 / np.cumprod(shares)}
        return {name: arrays[name][self.bars] * scale[name] for name in BAR}

    def remembered(self) -> News:
        """Return the headlines that the rows may read."""
        news = self.histories.heard.take(self.heard)
        return news.take(news.session >= self.sessions[0])


def cut_blocks(histories: Histories, *, sessions: pd.DatetimeIndex, warm_up: int) -> list[Block]:
    """Cut histories into their blocks, by ticker and year; years of the warm-up alone are left out.

    Parameters
    ----------
    histories : Histories
    sessions : DatetimeIndex
        All sessions of the exchange.
    warm_up : int
        The number of first bars of each stretch that give no row.
    """
    every = sessions.to_numpy(dtype="datetime64[us]")
    traded = every.searchsorted(histories.arrays["traded_session"]).tolist()
    tickers = histories.bars["ticker"]
    begins = _changes(pd.factorize(tickers)[0]) | _changes(histories.bars["stretch"].to_numpy())
    years = begins | _changes(histories.arrays["session"].astype("datetime64[Y]").astype(np.int64))
    n, names = len(tickers), tickers.to_numpy(dtype=object)
    blocks, stretch = [], 0
    for begin, end in pairwise([*np.flatnonzero(years).tolist(), n]):
        if begins[begin]:
            stretch = begin
        first = max(begin, stretch + warm_up)
        if first >= end:
            continue
        memory = every[max(traded[first] - MEMORY_SESSIONS + 1, 0) : traded[end - 1] + 1]
        blocks.append(Block(histories, str(names[begin]), max(begin - HISTORY, stretch), first, end, memory))
    return blocks


def _changes(values: np.ndarray) -> np.ndarray:
    """Return where a value differs from the one before; the first does."""
    return np.concatenate([np.ones(min(len(values), 1), dtype=bool), values[1:] != values[:-1]])


def _bits(values: pd.Series) -> np.ndarray:
    kind = "float64" if pd.api.types.is_float_dtype(values.dtype) else "datetime64[us]"
    return values.to_numpy(dtype=kind).view("uint64")


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
