"""Headlines that were first seen late: what decisions after that know of the sessions that they were published for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError
from stockseq.features.sentiment import MEMORY_SESSIONS, SENTIMENT_COLUMNS, aggregate_sentiment

Version = tuple[int, np.datetime64, npt.NDArray[np.float32], tuple[str, ...]]


@dataclass(frozen=True)
class LateNews:
    """Rows of a panel once more, as later decisions know them: with headlines that were first seen late.

    Parameters
    ----------
    rows : int64 array of shape (n,)
        Of the panel, ascending; a row may come several times, by `since`.
    since : datetime64[us] array of shape (n,)
        The traded session from whose decision on the row reads so; always after the row's own.
    indicators : float32 array of shape (n, n_features)
    texts : tuple of n tuples of headlines
    """

    rows: npt.NDArray[np.int64]
    since: npt.NDArray[np.datetime64]
    indicators: npt.NDArray[np.float32]
    texts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def until(self, session: np.datetime64) -> "LateNews":
        """Return the versions that the decision of a session knows."""
        return self.between(np.datetime64("NaT"), session)

    def between(self, known: np.datetime64, session: np.datetime64) -> "LateNews":
        """Return the versions that the decision of a session knows and that of an earlier one (NaT: none) didn't."""
        fresh = np.flatnonzero((self.since <= session) & ~(self.since <= known))
        texts = tuple(self.texts[position] for position in fresh)
        return LateNews(self.rows[fresh], self.since[fresh], self.indicators[fresh], texts)

    def write_into(self, indicators: npt.NDArray[np.float32], texts: list[tuple[str, ...]]) -> None:
        """Write the versions over the rows of a panel's own copies; of several of a row the last one stays."""
        for position, row in enumerate(self.rows.tolist()):
            indicators[row] = self.indicators[position]
            texts[row] = self.texts[position]

    def to_bytes(self) -> bytes:
        """Return all of it as bytes, to hash what is learnt from."""
        return self.rows.tobytes() + self.since.tobytes() + self.indicators.tobytes() + repr(self.texts).encode()


def build_late_news(
    keys: pd.DataFrame,
    indicators: npt.NDArray[np.float32],
    names: Sequence[str],
    news: pd.DataFrame,
    *,
    sessions: pd.DatetimeIndex,
) -> LateNews | None:
    """Return every version of a row that a headline seen late makes.

    Parameters
    ----------
    keys : DataFrame of n_rows with ticker and session
        Of the panel.
    indicators : float32 array of shape (n_rows, n_features)
        As each row's own decision knew them.
    names : sequence of n_features names
        Of these only the sentiment columns depend on headlines.
    news : DataFrame of n_headlines rows
        By publication: `ticker`, `session` at which it stands, `known_session`, `in_time`, `row` (NaN without one),
        `text`, and `compound` where sentiment is among the features.
    sessions : DatetimeIndex
        All sessions of the exchange.

    Returns
    -------
    LateNews, or None where no row of the panel reads otherwise later
        A version holds all headlines that were known by its `since`, those in time among them: it is the row that
        whoever had collected all along would have.

    Raises
    ------
    DataError
        If sentiment is among the features and the headlines have no `compound`.
    """
    columns = [position for position, name in enumerate(names) if name in SENTIMENT_COLUMNS]
    if columns and "compound" not in news:
        raise DataError("Headlines that were seen late need their `compound`, for sentiment is among the features.")
    standing = news[news["session"].notna() & news["known_session"].notna()]
    tickers = standing.loc[~standing["in_time"], "ticker"].unique()
    rows_by_ticker = dict(iter(keys[keys["ticker"].isin(tickers)].groupby("ticker")))
    versions: list[Version] = []
    for ticker, known in standing[standing["ticker"].isin(list(rows_by_ticker))].groupby("ticker"):
        rows = rows_by_ticker[ticker]["session"]
        for since in np.sort(known.loc[~known["in_time"], "known_session"].unique()):
            until = known[known["known_session"] <= since]
            fresh = until.loc[~until["in_time"] & (until["known_session"] == since), "session"]
            reach = 1 if not columns else MEMORY_SESSIONS
            touched = rows[rows.isin(_sessions_touched(fresh, sessions, reach=reach)) & (rows < since)]
            versions += _versions(touched, until, since, indicators, columns, names, sessions)
    if not versions:
        return None
    versions.sort(key=lambda version: version[:2])
    row, instants, values, texts = zip(*versions, strict=True)
    return LateNews(
        np.array(row, dtype=np.int64), np.array(instants, dtype="datetime64[us]"), np.stack(values), tuple(texts)
    )


def _versions(
    rows: pd.Series,
    news: pd.DataFrame,
    since: np.datetime64,
    indicators: npt.NDArray[np.float32],
    columns: list[int],
    names: Sequence[str],
    sessions: pd.DatetimeIndex,
) -> list[Version]:
    """Return rows of one ticker (sessions by panel row) as the decision of `since` knows them."""
    if rows.empty:
        return []
    values = indicators[rows.index]
    if columns:
        first, last = sessions.searchsorted([rows.min(), rows.max()])
        memory = sessions[max(first - MEMORY_SESSIONS + 1, 0) : last + 1]
        # In the order in which the feature table adds them up, to the last bit.
        ordered = news.sort_values(["session", "headline_id"]) if "headline_id" in news else news
        sentiment = aggregate_sentiment(ordered, memory).loc[rows.to_numpy(), [names[column] for column in columns]]
        values[:, columns] = sentiment.to_numpy(dtype=np.float32)
    texts = news[news["row"].notna()].groupby("row")["text"].agg(tuple).to_dict()
    return [(int(row), since, values[n], texts.get(row, ())) for n, row in enumerate(rows.index)]


def _sessions_touched(standing: pd.Series, sessions: pd.DatetimeIndex, *, reach: int) -> pd.DatetimeIndex:
    """Return the sessions whose row a headline of one of these sessions enters, with those that remember it."""
    first = sessions.searchsorted(standing.to_numpy())
    positions = np.unique(first[:, None] + np.arange(reach))
    return sessions[positions[positions < len(sessions)]]
