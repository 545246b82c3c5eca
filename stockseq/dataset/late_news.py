"""Headlines that were first seen late: what decisions after that know of the sessions that they were published for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError
from stockseq.features.sentiment import MEMORY_SESSIONS, SENTIMENT_COLUMNS, aggregate_positions

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
        versions += _versions(rows, _Known.of(known, sessions), indicators, columns, names)
    if not versions:
        return None
    versions.sort(key=lambda version: version[:2])
    row, instants, values, texts = zip(*versions, strict=True)
    return LateNews(
        np.array(row, dtype=np.int64), np.array(instants, dtype="datetime64[us]"), np.stack(values), tuple(texts)
    )


@dataclass(frozen=True)
class _Known:
    """One ticker's headlines by publication, as arrays; `position` is that of the session at which each stands.

    `order` is that in which the feature table adds their scores up, to the last bit.
    """

    sessions: npt.NDArray[np.datetime64]
    position: npt.NDArray[np.int64]
    known: npt.NDArray[np.datetime64]
    late: npt.NDArray[np.bool_]
    row: npt.NDArray[np.float64]
    text: Sequence[str]
    compound: npt.NDArray[np.float64]
    order: npt.NDArray[np.int64]

    @classmethod
    def of(cls, news: pd.DataFrame, sessions: pd.DatetimeIndex) -> "_Known":
        every, session = (values.to_numpy(dtype="datetime64[us]") for values in (sessions, news["session"]))
        order = np.arange(len(news))
        if "headline_id" in news:
            order = news.reset_index(drop=True).sort_values(["session", "headline_id"]).index.to_numpy()
        return cls(
            sessions=every,
            position=every.searchsorted(session),
            known=news["known_session"].to_numpy(dtype="datetime64[us]"),
            late=~news["in_time"].to_numpy(dtype=bool),
            row=news["row"].to_numpy(dtype="float64"),
            text=news["text"].tolist(),
            compound=news["compound"].to_numpy(dtype="float64") if "compound" in news else np.zeros(len(news)),
            order=order,
        )

    def sentiment(self, until: npt.NDArray[np.bool_], at: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
        """Return the sentiment columns at these sessions, of the headlines that `until` marks."""
        first = max(int(at.min()) - MEMORY_SESSIONS + 1, 0)
        n = int(at.max()) - first + 1
        positions = self.position[self.order] - first
        inside = until[self.order] & (positions >= 0) & (positions < n)
        values = aggregate_positions(positions[inside], self.compound[self.order][inside], n)
        return {name: column[at - first] for name, column in values.items()}

    def texts(self, until: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the headlines of these rows, of those that `until` marks."""
        read: dict[int, list[str]] = {row: [] for row in rows.tolist()}
        for position in np.flatnonzero(until & np.isin(self.row, rows)).tolist():
            read[int(self.row[position])].append(self.text[position])
        return [tuple(texts) for texts in read.values()]


def _versions(
    rows: pd.Series, news: _Known, indicators: npt.NDArray[np.float32], columns: list[int], names: Sequence[str]
) -> list[Version]:
    """Return rows of one ticker (sessions by panel row) as the decisions know them that a late headline changes."""
    session, panel_rows = rows.to_numpy(dtype="datetime64[us]"), rows.index.to_numpy(dtype=np.int64)
    at = news.sessions.searchsorted(session)
    reach = np.arange(MEMORY_SESSIONS if columns else 1)
    versions: list[Version] = []
    for since in np.unique(news.known[news.late]):
        until = news.known <= since
        # The sessions at which a headline is new, and those that remember it.
        touched = news.position[news.late & (news.known == since)][:, None] + reach
        chosen = np.isin(at, touched) & (session < since)
        if not chosen.any():
            continue
        values = indicators[panel_rows[chosen]]
        if columns:
            sentiment = news.sentiment(until, at[chosen])
            for column in columns:
                values[:, column] = sentiment[names[column]]
        texts = news.texts(until, panel_rows[chosen])
        versions += zip(panel_rows[chosen].tolist(), [since] * len(texts), values, texts, strict=True)
    return versions
