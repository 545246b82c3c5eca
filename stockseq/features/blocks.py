"""All tickers' histories cut into blocks, with a checksum of what each row depends on."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pandas as pd

from stockseq.features.feature import HISTORY
from stockseq.features.history import BAR, INSTANTS, STEPS, Block, Histories, News
from stockseq.features.row_hash import column_bits, hash_columns, hash_text, mix, running_sums
from stockseq.features.sentiment import MEMORY_SESSIONS
from stockseq.prices import ActionSteps
from stockseq.ranges import concatenate_ranges


def with_actions(bars: pd.DataFrame, steps: ActionSteps) -> pd.DataFrame:
    """Return the bars with `shares` and `growth`, and with `events`: a hash of the actions since the bar before."""
    actions, at = steps.actions, steps.positions
    kinds = {kind: hash_text(kind) for kind in actions["kind"].unique()}
    kind = np.array([kinds[name] for name in actions["kind"]], dtype=np.uint64)
    hashes = hash_columns([column_bits(actions["session"]), kind, column_bits(actions["value"])])
    events = np.zeros(len(bars) + 1, dtype=np.uint64)
    np.add.at(events, at, hashes)
    return bars.assign(shares=steps.shares, growth=steps.growth, events=events[:-1])


@dataclass(frozen=True)
class Spans:
    """The blocks of many tickers, an array entry each, in the order of their bars.

    Parameters
    ----------
    ticker : int64 array
        The ticker's number.
    start, first, end : int64 arrays
        See `Block`.
    memory, memory_end : int64 arrays
        The positions of the first and after the last of `Block.sessions` among all sessions of the exchange.
    heard, heard_end : int64 arrays
        The positions of the first and after the last headline that is read.
    """

    ticker: np.ndarray
    start: np.ndarray
    first: np.ndarray
    end: np.ndarray
    memory: np.ndarray
    memory_end: np.ndarray
    heard: np.ndarray
    heard_end: np.ndarray

    def __len__(self) -> int:
        return len(self.ticker)

    @property
    def n_rows(self) -> np.ndarray:
        """The number of rows of each block."""
        return self.end - self.first

    @property
    def row_end(self) -> np.ndarray:
        """The position after each block's last row, among the rows of all blocks."""
        return np.cumsum(self.n_rows)

    def take(self, chosen: np.ndarray) -> "Spans":
        """Return some of the blocks."""
        return Spans(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class BlockedHistories:
    """The histories of all tickers, cut into blocks.

    Parameters
    ----------
    bars : DataFrame of n_bars rows, sorted by ticker and session
        As traded, on sessions of the exchange, with `traded_session` (the next, which a bar is the last known of),
        `decision_at`, `stretch` (see `prices.find_stretches`) and what `with_actions` gives.
    news : DataFrame
        `ticker`, `session`, `known_session` and `compound`, sorted by ticker and `known_session`.
    sessions : DatetimeIndex
        All sessions of the exchange.
    warm_up : int
        The number of first bars of each stretch that give no row; years of the warm-up alone are no block.
    """

    bars: pd.DataFrame
    news: pd.DataFrame
    sessions: pd.DatetimeIndex
    warm_up: int

    @cached_property
    def tickers(self) -> pd.Index:
        """The tickers in their order."""
        return pd.Index(self._numbered[1])

    @cached_property
    def histories(self) -> Histories:
        """All bars, and the headlines of their tickers."""
        decided = self.bars["decision_at"].dt.tz_localize(None)
        instants = {**self.bars[INSTANTS[:2]], "decision_at": decided}
        arrays = {name: values.to_numpy(dtype="datetime64[us]") for name, values in instants.items()} | {
            name: self.bars[name].to_numpy(dtype="float64") for name in [*BAR, *STEPS]
        }
        session, known = (self._news[name].to_numpy(dtype="datetime64[us]") for name in ("session", "known_session"))
        return Histories(arrays, News(session, known, self._news["compound"].to_numpy(dtype="float64")))

    @cached_property
    def spans(self) -> Spans:
        """The blocks."""
        arrays, every = self.histories.arrays, self._every
        traded = every.searchsorted(arrays["traded_session"])
        begins = _changes(self._numbers) | _changes(self.bars["stretch"].to_numpy())
        years = np.flatnonzero(begins | _changes(arrays["session"].astype("datetime64[Y]").astype(np.int64)))
        stretch = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))[years]
        first, end = np.maximum(years, stretch + self.warm_up), np.append(years[1:], len(begins))
        years, stretch, first, end = (values[first < end] for values in (years, stretch, first, end))
        ticker = self._numbers[first]
        memory, memory_end = np.maximum(traded[first] - MEMORY_SESSIONS + 1, 0), traded[end - 1] + 1
        return Spans(
            ticker,
            np.maximum(years - HISTORY, stretch),
            first,
            end,
            memory,
            memory_end,
            self._news_keys.searchsorted(_keys(ticker, every[memory])),
            self._news_keys.searchsorted(_keys(ticker, every[memory_end - 1]), side="right"),
        )

    @cached_property
    def row_keys(self) -> np.ndarray:
        """The number of ticker and traded session of all rows, by block: ascending."""
        return _keys(self._numbers[self._rows], self.histories.arrays["traded_session"][self._rows])

    def keys(self, tickers: pd.Series, sessions: pd.Series) -> np.ndarray:
        """Return a number per ticker and session that sorts as they do; other tickers come before all of ours."""
        codes, uniques = pd.factorize(tickers, use_na_sentinel=False)
        numbers = self.tickers.get_indexer(pd.Index(uniques))[codes] if len(uniques) else codes
        return _keys(numbers.astype(np.int64), sessions.to_numpy(dtype="datetime64[us]"))

    def checksums(self, recipe: str) -> np.ndarray:
        """Return one number per row: a hash of the recipe and of all that the row may depend on.

        A row's checksum covers its block's inputs up to that row and nothing later, so it stays as it is when bars or
        headlines are added. It has 52 bits, which a float64 column holds exactly.
        """
        spans, arrays, heard = self.spans, self.histories.arrays, self.histories.heard
        bars = running_sums(hash_columns([arrays[name].view("uint64") for name in [*INSTANTS, *BAR]]))
        # Two bars may have the same event, but not the same session.
        events = self.bars["events"].to_numpy(dtype=np.uint64)
        events = np.where(events == 0, np.uint64(0), mix(events + mix(arrays["session"].view("uint64"))))
        events = running_sums(events)
        news = running_sums(
            hash_columns([values.view("uint64") for values in (heard.session, heard.known, heard.compound)])
        )
        names = np.array([hash_text(f"{recipe}|{ticker}") for ticker in self.tickers], dtype=np.uint64)

        after = self._rows + 1
        n_heard = self._news_keys.searchsorted(self.row_keys, side="right")
        whose = names[spans.ticker] + self._every[spans.memory].view("uint64")
        state = mix(bars[after] + np.repeat(whose - bars[spans.start], spans.n_rows))
        # The actions up to the first bar aren't undone.
        state = mix(state + events[after] - np.repeat(events[spans.start + 1], spans.n_rows))
        state = mix(state + news[n_heard] - np.repeat(news[spans.heard], spans.n_rows))
        sums: np.ndarray = (state >> np.uint64(12)).astype("float64")
        return sums

    def blocks(self, chosen: np.ndarray) -> list[Block]:
        """Return some blocks, given as ascending positions, with no more of the histories than they read."""
        spans, arrays, heard = self.spans.take(chosen), self.histories.arrays, self.histories.heard
        bars, bars_moved = _merge(spans.start, spans.end)
        news, news_moved = _merge(spans.heard, spans.heard_end)
        part = Histories({name: values[bars] for name, values in arrays.items()}, heard.take(news))
        start, first, end = (at - bars_moved for at in (spans.start, spans.first, spans.end))
        begin, stop = spans.heard - news_moved, spans.heard_end - news_moved
        names = self.tickers[spans.ticker]
        return [
            Block(
                part,
                str(names[n]),
                int(start[n]),
                int(first[n]),
                int(end[n]),
                self._every[spans.memory[n] : spans.memory_end[n]],
                slice(int(begin[n]), int(stop[n])),
            )
            for n in range(len(spans))
        ]

    @cached_property
    def _numbered(self) -> tuple[np.ndarray, pd.Index]:
        """The number of each bar's ticker, and the tickers."""
        return pd.factorize(self.bars["ticker"])

    @property
    def _numbers(self) -> np.ndarray:
        return self._numbered[0]

    @cached_property
    def _rows(self) -> np.ndarray:
        """The positions of the bars that give a row, by block."""
        return concatenate_ranges(self.spans.first, self.spans.end)

    @cached_property
    def _news(self) -> pd.DataFrame:
        """The headlines of tickers that have bars."""
        return self.news[self.news["ticker"].isin(self.tickers)]

    @cached_property
    def _news_keys(self) -> np.ndarray:
        """The number of the ticker and of the session that first knew it, of each headline: ascending."""
        return self.keys(self._news["ticker"], self._news["known_session"])

    @cached_property
    def _every(self) -> np.ndarray:
        return self.sessions.to_numpy(dtype="datetime64[us]")


def _merge(begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions that lie in some ranges, each once, and how many positions before each range lie in none.

    The begins ascend, and so do the ends; ranges may overlap. Where only these positions are taken of an array, a
    range begins so many places further to the front.
    """
    apart = np.append(True, begin[1:] > end[:-1])
    firsts, lasts = begin[apart], end[np.append(apart[1:], True)]
    moved = firsts - (np.cumsum(lasts - firsts) - (lasts - firsts))
    return concatenate_ranges(firsts, lasts), moved[np.cumsum(apart) - 1]


def _keys(numbers: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    """Return one number per ticker's number and session that sorts as the pair does."""
    return numbers * 2**32 + sessions.astype("datetime64[D]").astype(np.int64)


def _changes(values: np.ndarray) -> np.ndarray:
    """Return where a value differs from the one before; the first does."""
    return np.concatenate([np.ones(min(len(values), 1), dtype=bool), values[1:] != values[:-1]])
