"""A block: one ticker's feature rows of one calendar year, with all that they are computed from and nothing else.

Because a block's rows are a function of the block alone, computing only the blocks whose inputs changed gives the
same bytes as computing all of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.features.feature import HISTORY, Feature
from stockseq.features.sentiment import MEMORY_SESSIONS, SENTIMENT_COLUMNS, aggregate_known_sentiment
from stockseq.prices import adjust_forward
from stockseq.schemas import PRICES

# The first bars of a ticker, at which no feature of ours is settled; more if a user's feature needs it.
WARM_UP = 60
BAR = [*PRICES, "volume"]
INSTANTS = ["session", "traded_session", "decision_at"]


@dataclass(frozen=True)
class Block:
    """The inputs of one ticker's feature rows of one calendar year of bars.

    Parameters
    ----------
    ticker : str
    bars : DataFrame
        The year's bars and up to 400 before them, as traded, with `session`, `traded_session` and `decision_at`.
    actions : DataFrame
        `session`, `kind` and `value` of the splits and dividends between the first of these bars and the last.
    news : DataFrame
        `session` at which it stands, `known_session` and `compound` of the headlines of the rows and of the 19 sessions
        before, by `known_session`.
    news_sessions : DatetimeIndex
        The consecutive exchange sessions that `news` spans.
    first_row : int
        The position of the first bar that gives a row: of this year, and past the ticker's warm-up.
    """

    ticker: str
    bars: pd.DataFrame
    actions: pd.DataFrame
    news: pd.DataFrame
    news_sessions: pd.DatetimeIndex
    first_row: int

    def checksums(self, recipe: str) -> np.ndarray:
        """Return one number per row of `compute`: a hash of the recipe and of all that the row may depend on.

        A row's checksum covers the block's inputs up to that row and nothing later, so it stays as it is when bars or
        headlines are added. It has 52 bits, which a float64 column holds exactly.
        """
        instants = [self.bars[name].to_numpy(dtype="datetime64[us]").view("int64") for name in INSTANTS]
        prices = [self.bars[name].to_numpy(dtype="float64").view("int64") for name in BAR]
        lines = np.column_stack(instants + prices)
        events = [b""] * len(lines)
        ex_bars = self.bars["session"].searchsorted(self.actions["session"].to_numpy()).tolist()
        for position, action in zip(ex_bars, self.actions.itertuples(index=False, name=None), strict=True):
            events[position] += repr(action).encode()
        n_known = self.news["known_session"].searchsorted(self.bars["traded_session"].to_numpy(), side="right").tolist()
        compounds = _news_bytes(self.news)
        state = hashlib.sha256(f"{recipe}|{self.ticker}|{self.news_sessions[0]}".encode())
        sums, seen = [], 0
        for position, line in enumerate(lines):
            state.update(line.tobytes() + events[position] + b"".join(compounds[seen : n_known[position]]))
            # A separator of the number of headlines, or bytes could move from one field to the next unnoticed.
            state.update(n_known[position].to_bytes(8, "big"))
            seen = n_known[position]
            if position >= self.first_row:
                sums.append(int.from_bytes(state.digest()[:8], "big") >> 12)
        return np.array(sums, dtype="float64")

    def compute(self, features: Sequence[Feature]) -> pd.DataFrame:
        """Return a row per kept bar: ticker, session, decision_at, features (NaN where they give none), sentiment.

        Raises `DataError` for a dividend that can't be and `PluginError` for a feature that fails.
        """
        rows = self.bars.iloc[self.first_row :]
        seen = adjust_forward(self.bars, self.actions).set_index("session")[[*BAR, "traded_session"]]
        columns = {feature.name: feature.values(seen).to_numpy()[self.first_row :] for feature in features}
        sentiment = aggregate_known_sentiment(self.news, self.news_sessions).loc[rows["traded_session"].to_numpy()]
        values = pd.DataFrame(columns | {name: sentiment[name].to_numpy() for name in SENTIMENT_COLUMNS})
        values.insert(0, "ticker", self.ticker)
        values.insert(1, "session", rows["traded_session"].array)
        values.insert(2, "decision_at", rows["decision_at"].array)
        return values


def cut_blocks(
    ticker: str,
    bars: pd.DataFrame,
    actions: pd.DataFrame,
    news: pd.DataFrame,
    *,
    sessions: pd.DatetimeIndex,
    warm_up: int,
) -> list[Block]:
    """Cut one ticker's history into its blocks.

    Parameters
    ----------
    ticker : str
    bars : DataFrame
        The ticker's as-traded bars, sorted by session, each on a session of the exchange, with `traded_session` and
        `decision_at`.
    actions : DataFrame
        The ticker's splits and dividends.
    news : DataFrame
        `session`, `known_session` and `compound` of the ticker's headlines, sorted by `known_session`.
    sessions : DatetimeIndex
        All sessions of the exchange.
    warm_up : int
        The number of first bars of the ticker that give no row.

    Returns
    -------
    list of Block
        By year; years of the warm-up alone are left out.
    """
    bars, news = bars[[*INSTANTS, *BAR]], news[["session", "known_session", "compound"]]
    actions = actions[["session", "kind", "value"]].sort_values(["session", "kind"])
    years = bars["session"].dt.year.to_numpy()
    traded = sessions.get_indexer(pd.DatetimeIndex(bars["traded_session"]))
    blocks = []
    for year in np.unique(years):
        first, end = np.searchsorted(years, [year, year + 1])
        start = max(first - HISTORY, 0)
        first_row = max(first - start, warm_up)
        if start + first_row >= end:
            continue
        span = bars.iloc[start:end]
        oldest = max(traded[start + first_row] - MEMORY_SESSIONS + 1, 0)
        news_sessions = sessions[oldest : traded[end - 1] + 1]
        remembered = (news["session"] >= news_sessions[0]) & (news["known_session"] <= news_sessions[-1])
        happened = (actions["session"] > span["session"].iloc[0]) & (actions["session"] <= span["session"].iloc[-1])
        blocks.append(Block(ticker, span, actions[happened], news[remembered], news_sessions, first_row))
    return blocks


def _news_bytes(news: pd.DataFrame) -> list[bytes]:
    """Return each headline's score as bytes, with the session at which it stands where it was known later."""
    late = (news["known_session"] > news["session"]).tolist()
    compounds = [value.tobytes() for value in news["compound"].to_numpy(dtype="float64")]
    sessions = news["session"].astype(str).tolist() if any(late) else []
    return [value + sessions[n].encode() if late[n] else value for n, value in enumerate(compounds)]
