"""A block: one ticker's feature rows of one calendar year, with all that they are computed from and nothing else.

Because a block's rows are a function of the block alone, computing only the blocks whose inputs changed gives
the same bytes as computing all of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.features.adjust import adjust_forward
from stockseq.features.feature import HISTORY, Feature
from stockseq.features.sentiment import MEMORY_SESSIONS, SENTIMENT_COLUMNS, aggregate_sentiment
from stockseq.schemas import PRICES

# The first bars of a ticker, at which no feature of ours is settled; more if a user's feature needs it.
WARM_UP = 60


@dataclass(frozen=True)
class Block:
    """The inputs of one ticker's feature rows of one calendar year of bars.

    Parameters
    ----------
    ticker : str
    bars : DataFrame indexed by session
        The year's bars and up to 400 before them, forward-adjusted from the first of these, with `traded_session`
        and `decision_at`.
    news : DataFrame
        `session` (traded) and `compound` of the headlines of the rows and of the 19 sessions before.
    news_sessions : DatetimeIndex
        The consecutive exchange sessions that `news` spans.
    first_kept : int
        The position of the first bar that gives a row: of this year, and past the ticker's warm-up.
    """

    ticker: str
    bars: pd.DataFrame
    news: pd.DataFrame
    news_sessions: pd.DatetimeIndex
    first_kept: int

    @property
    def n_rows(self) -> int:
        """The number of rows that this block gives if every feature has a value."""
        return max(len(self.bars) - self.first_kept, 0)

    def digest(self, recipe: str) -> str:
        """Return a hash of these inputs and of the recipe: equal digests mean equal rows."""
        state = hashlib.sha256(f"{recipe}|{self.ticker}|{self.first_kept}|".encode())
        instants = [self.bars.index, self.bars["traded_session"], self.bars["decision_at"].dt.tz_localize(None)]
        for column in [*instants, self.news["session"], pd.Series(self.news_sessions)]:
            state.update(np.ascontiguousarray(column.to_numpy().astype("datetime64[us]")).tobytes())
        state.update(np.ascontiguousarray(self.bars[[*PRICES, "volume"]].to_numpy()).tobytes())
        state.update(np.ascontiguousarray(self.news["compound"].to_numpy()).tobytes())
        return state.hexdigest()[:16]

    def compute(self, features: Sequence[Feature]) -> pd.DataFrame:
        """Return the rows that have a value in every column: ticker, session, decision_at, features, sentiment."""
        kept = self.bars.iloc[self.first_kept :]
        seen = self.bars.drop(columns="decision_at")
        columns = {feature.name: feature.values(seen).iloc[self.first_kept :].to_numpy() for feature in features}
        sentiment = aggregate_sentiment(self.news, self.news_sessions)
        sentiment = sentiment.loc[pd.DatetimeIndex(kept["traded_session"])]
        rows = pd.DataFrame(
            {
                "ticker": self.ticker,
                "session": kept["traded_session"].to_numpy(),
                "decision_at": kept["decision_at"].array,
                **columns,
                **{name: sentiment[name].to_numpy() for name in SENTIMENT_COLUMNS},
            }
        )
        return rows[np.isfinite(rows.iloc[:, 3:].to_numpy()).all(axis=1)].reset_index(drop=True)


def cut_blocks(
    bars: pd.DataFrame, actions: pd.DataFrame, news: pd.DataFrame, *, sessions: pd.DatetimeIndex, warm_up: int
) -> list[Block]:
    """Cut one ticker's history into its blocks.

    Parameters
    ----------
    bars : DataFrame
        One ticker's as-traded bars, sorted by session, each on a session of the exchange, with `ticker`, `traded_session` and
        `decision_at`.
    actions : DataFrame
        The ticker's splits and dividends.
    news : DataFrame
        `session` (traded) and `compound` of the ticker's headlines, sorted.
    sessions : DatetimeIndex
        All sessions of the exchange.
    warm_up : int
        The number of first bars of the ticker that give no row.

    Returns
    -------
    list of Block
        By year; years of the warm-up alone are left out.
    """
    years = bars["session"].dt.year.to_numpy()
    blocks = []
    for year in np.unique(years):
        first, end = np.searchsorted(years, [year, year + 1])
        start = max(first - HISTORY, 0)
        first_kept = max(first - start, warm_up)
        if start + first_kept >= end:
            continue
        span = bars.iloc[start:end]
        adjusted = adjust_forward(span, actions).set_index("session")
        traded = adjusted["traded_session"]
        low = sessions.get_loc(traded.iloc[first_kept]) - MEMORY_SESSIONS + 1
        news_sessions = sessions[max(low, 0) : sessions.get_loc(traded.iloc[-1]) + 1]
        blocks.append(
            Block(
                ticker=str(span["ticker"].iloc[0]),
                bars=adjusted[[*PRICES, "volume", "traded_session", "decision_at"]],
                news=news[news["session"].between(news_sessions[0], news_sessions[-1])],
                news_sessions=news_sessions,
                first_kept=first_kept,
            )
        )
    return blocks
