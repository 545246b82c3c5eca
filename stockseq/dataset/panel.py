"""The panel: one row per ticker and session, of indicators and of headlines, held once in memory."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.late_news import LateNews, build_late_news
from stockseq.errors import DataError
from stockseq.features.news import is_stale, standing_session
from stockseq.schemas import Dropped, count_dropped

KEYS = ["ticker", "session", "decision_at"]
NOT_FEATURES = {*KEYS, "feature_set"}


@dataclass(frozen=True)
class Panel:
    """What is known at each decision, aligned by row and sorted by ticker and session.

    Parameters
    ----------
    keys : DataFrame of n_rows with ticker, session, decision_at
        `session` is the traded session; the index counts the rows.
    indicators : float32 array of shape (n_rows, n_features)
        As the features gave them, unscaled; every value is finite.
    names : tuple of n_features names
    texts : tuple of n_rows tuples of headlines
        The headlines of that session that its own decision knew, by publication, the newest last.
    dropped : tuple of Dropped
        Feature rows and headlines that found no place here, by ticker.
    late : LateNews, optional
        What later decisions know of a row beyond that; None where every headline was known in time.
    """

    keys: pd.DataFrame
    indicators: npt.NDArray[np.float32]
    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    dropped: tuple[Dropped, ...] = ()
    late: LateNews | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def known_at(self, session: np.datetime64 | pd.Timestamp) -> "Panel":
        """Return the panel as the decision of a session knows it; rows of that session and later are as they are."""
        late = self.late
        if late is None:
            return self
        known = late.until(np.datetime64(session))
        indicators, texts = self.indicators.copy(), list(self.texts)
        known.write_into(indicators, texts)
        return replace(self, indicators=indicators, texts=tuple(texts), late=None)

    def views(self, ends: npt.NDArray[np.int64], lookback: int) -> Iterator[tuple["Panel", npt.NDArray[np.int64]]]:
        """Yield panels and the windows (positions in `ends`) that read each: one, or one more per session of late news.

        A panel is as its windows read it until the next is yielded: they share the arrays that late news goes into.

        Parameters
        ----------
        ends : int64 array of shape (n,)
            Panel rows on which windows end.
        lookback : int
            Rows of a window.
        """
        late = self.late
        if late is None:
            yield self, np.arange(len(ends))
            return
        sessions = self.keys["session"].to_numpy(dtype="datetime64[us]")
        ended, began = sessions[ends], sessions[ends - lookback + 1]
        in_time = np.ones(len(ends), dtype=bool)
        indicators, texts = self.indicators.copy(), list(self.texts)
        written = np.datetime64("NaT")
        for session in np.unique(ended):
            those = np.flatnonzero(ended == session)
            if ((late.since <= session) & (sessions[late.rows] >= began[those].min())).any():
                in_time[those] = False
                late.between(written, session).write_into(indicators, texts)
                written = session
                yield replace(self, indicators=indicators, texts=tuple(texts), late=None), those
        if in_time.any():
            yield self, np.flatnonzero(in_time)

    def without(self, features: Collection[str]) -> "Panel":
        """Return the panel without these features; names that it doesn't have are passed over."""
        columns = [column for column, name in enumerate(self.names) if name not in features]
        names = tuple(self.names[column] for column in columns)
        late = self.late and replace(self.late, indicators=self.late.indicators[:, columns])
        return replace(self, indicators=self.indicators[:, columns], names=names, late=late)


def build_panel(
    features: pd.DataFrame,
    headlines: pd.DataFrame | None = None,
    *,
    names: Sequence[str] | None = None,
    sessions: pd.DatetimeIndex | None = None,
) -> Panel:
    """Bring the feature rows and the headlines decided for them together.

    Parameters
    ----------
    features : DataFrame with ticker, session, decision_at and the features
        One feature set.
    headlines : DataFrame with ticker, session, text and available_at, optional
        As `decide` gives them: `session` is the traded session whose decision may first use the headline, NaT where
        there is none. By `published_session` those that were seen late are told, by `public_at` (else by
        `available_at`) the order; late ones need `compound`, too, if sentiment is among the features.
    names : sequence of str, optional
        The features to take, in this order; all other columns of `features` by default.
    sessions : DatetimeIndex, optional
        All sessions of the exchange, by which the age of a headline is counted; those of `features` by default.

    Returns
    -------
    Panel
        A row with a NaN or an infinite feature is left out and counted, never filled.

    Raises
    ------
    DataError
        If a column is missing, or a ticker and session has two rows.

    Examples
    --------
    >>> session = pd.Timestamp("2024-11-25")
    >>> opens = pd.Timestamp("2024-11-25 14:30", tz="UTC")
    >>> features = pd.DataFrame({"ticker": ["A"], "session": session, "decision_at": opens, "momentum": [0.5]})
    >>> headlines = pd.DataFrame({"ticker": ["A"], "session": session, "available_at": opens, "text": ["Rises"]})
    >>> panel = build_panel(features, headlines)
    >>> panel.names, panel.indicators.tolist(), panel.texts
    (('momentum',), [[0.5]], (('Rises',),))
    """
    names = tuple(names) if names is not None else tuple(c for c in features.columns if c not in NOT_FEATURES)
    _check(features, names)
    ordered = features.sort_values(["ticker", "session"], kind="stable", ignore_index=True)
    with np.errstate(over="ignore"):
        indicators = ordered[list(names)].to_numpy(dtype=np.float32)
    usable = np.isfinite(indicators).all(axis=1)
    keys = ordered.loc[usable, KEYS].reset_index(drop=True)
    news = _standing(keys, headlines)
    texts = _texts(news[news["in_time"] & news["row"].notna()], len(keys))
    dropped = (
        *count_dropped("panel", ordered.loc[~usable, "ticker"], "a feature is missing or not finite"),
        *count_dropped("panel", news.loc[news["row"].isna(), "ticker"], "a headline belongs to no row of the panel"),
    )
    panel = Panel(keys, indicators[usable], names, texts, dropped)
    if news["in_time"].all():
        return panel
    calendar = pd.DatetimeIndex(np.sort(keys["session"].unique())) if sessions is None else sessions
    return replace(panel, late=build_late_news(keys, indicators[usable], names, news, sessions=calendar))


def _check(features: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [column for column in (*KEYS, *names) if column not in features.columns]
    if missing:
        raise DataError(f"A panel needs the columns {missing} of the features; received {list(features.columns)}.")
    repeated = features.duplicated(["ticker", "session"])
    if repeated.any():
        first = features[repeated].iloc[0]
        raise DataError(
            f"A panel needs one feature row per ticker and session; {int(repeated.sum())} repeat, first "
            f"{first['ticker']} on {first['session'].date()}. Read one feature set only."
        )


def _standing(keys: pd.DataFrame, headlines: pd.DataFrame | None) -> pd.DataFrame:
    """Return the headlines by publication, each with the row at which it stands and whether it was known there."""
    if headlines is None or headlines.empty:
        nothing = pd.DataFrame({"ticker": [], "text": [], "row": [], "in_time": []})
        return nothing.astype({"ticker": "str", "text": "str", "in_time": bool})
    missing = [column for column in ("ticker", "session", "available_at", "text") if column not in headlines.columns]
    if missing:
        raise DataError(
            f"A panel needs the columns {missing} of the decided headlines; received {list(headlines.columns)}."
        )
    rows = keys[["ticker", "session"]].assign(row=keys.index)
    news = headlines.assign(
        known_session=headlines["session"], session=standing_session(headlines), in_time=~is_stale(headlines)
    )
    # Headlines of one fetch share the instant they were seen at, not that of their publication. Where that is the same,
    # too, the text breaks ties, so that the order never depends on how the store returned them.
    published = "public_at" if "public_at" in news else "available_at"
    ordered = news.sort_values([published, "text"], kind="stable")
    return ordered.merge(rows, on=["ticker", "session"], how="left")


def _texts(news: pd.DataFrame, n_rows: int) -> tuple[tuple[str, ...], ...]:
    """Return the headlines of each row."""
    texts: list[tuple[str, ...]] = [()] * n_rows
    matched = news.sort_values("row", kind="stable")
    pairs = zip(matched["row"].astype(int), matched["text"], strict=True)
    for row, group in groupby(pairs, key=itemgetter(0)):
        texts[row] = tuple(text for _, text in group)
    return tuple(texts)
