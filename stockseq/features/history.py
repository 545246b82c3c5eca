"""The histories of some tickers as arrays, and their blocks: what the rows of a ticker's calendar year depend on.

Because a block's rows are a function of the block alone, computing only the blocks whose inputs changed gives the
same bytes as computing all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stockseq.schemas import PRICES

# The first bars of a ticker, at which no feature of ours is settled; more if a user's feature needs it.
WARM_UP = 60
BAR = [*PRICES, "volume"]
INSTANTS = ["session", "traded_session", "decision_at"]
STEPS = ["shares", "growth"]


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
    arrays : mapping of name to array of shape (n_bars,)
        The instants (datetime64[us], UTC), the prices and volume as traded, and the steps of the actions.
    heard : News
        The headlines, by ticker and the session that first knew each.
    """

    arrays: Mapping[str, np.ndarray]
    heard: News


@dataclass(frozen=True)
class Block:
    """The rows of one ticker's calendar year of bars: from `first` to before `end`, of the bars from `start` on.

    Up to 400 bars before the year's are read, and of the headlines those of the rows' sessions and the 19 before, which
    are `sessions`. `heard` are the positions of these headlines, and of some that were known with them.
    """

    histories: Histories
    ticker: str
    start: int
    first: int
    end: int
    sessions: np.ndarray
    heard: slice

    @property
    def bars(self) -> slice:
        """The positions of the bars that are read."""
        return slice(self.start, self.end)

    @property
    def rows(self) -> slice:
        """The positions of the bars that give a row."""
        return slice(self.first, self.end)

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
