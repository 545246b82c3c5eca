"""A session's windows as they are, and as they would be had one of their headlines never appeared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.windows import SLACK, Windows
from stockseq.features.news import standing_session
from stockseq.features.sentiment import MEMORY_SESSIONS, SENTIMENT_COLUMNS, aggregate_known_sentiment

# What a row is built of; the rest is for whoever reads of it.
NEWS_COLUMNS = [
    *("ticker", "headline_id", "session", "published_session", "stands_at"),
    *("public_at", "available_at", "text", "compound"),
]


@dataclass(frozen=True)
class Decision:
    """What the decision of one session knows: the rows that its windows read, and the headlines behind them.

    Parameters
    ----------
    session : Timestamp
    lookback : int
        Rows of a window.
    panel : Panel
        Of the sessions of the windows alone, all tickers of the dataset, as this decision knows them.
    ends : int64 array of shape (n,)
        Rows of that panel on which the windows end.
    headlines : DataFrame
        Those that this decision knows and that enter a row of the panel, the newest first: as the dataset has them,
        with the `text` that is read, the `title` alone, `compound`, and `stands_at`, the session at which each stands.
    calendar : DatetimeIndex
        All sessions of the exchange.
    """

    session: pd.Timestamp
    lookback: int
    panel: Panel
    ends: npt.NDArray[np.int64]
    headlines: pd.DataFrame
    calendar: pd.DatetimeIndex

    def window_headlines(self, window: int) -> pd.DataFrame:
        """Return the headlines of one of the windows, the newest first, with `sessions_ago`: 0 of this session."""
        rows = self.panel.keys.iloc[self._rows(window)]
        inside = self._of(str(rows["ticker"].iloc[0]))
        inside = inside[inside["stands_at"] >= rows["session"].iloc[0]]
        now = int(self.calendar.searchsorted(self.session))
        return inside.assign(sessions_ago=now - self.calendar.searchsorted(inside["stands_at"].to_numpy()))

    def without_each(self, pairs: Sequence[tuple[int, str]]) -> Iterator[Panel]:
        """Yield the panel once for each pair of a window and a headline, as it would be without that headline.

        The rows of the window's ticker are built again by what builds all rows: sentiment, texts, and what was first
        seen late. A story that several sources told goes as a whole. The other tickers' rows stay; the ticker's places
        among them follow when the panel is read.
        """
        if not pairs:
            return
        built = self._rebuilt(pairs)
        for number, (window, _) in enumerate(pairs):
            rows, those = self._rows(window), slice(number * self.lookback, (number + 1) * self.lookback)
            indicators, texts = self.panel.indicators.copy(), list(self.panel.texts)
            indicators[rows] = built.indicators[those]
            texts[rows[0] : rows[-1] + 1] = built.texts[those]
            yield replace(self.panel, indicators=indicators, texts=tuple(texts))

    def _rows(self, window: int) -> npt.NDArray[np.int64]:
        return self.ends[window] + np.arange(1 - self.lookback, 1)

    def _of(self, ticker: str) -> pd.DataFrame:
        return self._by_ticker.get(ticker, self.headlines.iloc[:0])

    @cached_property
    def _by_ticker(self) -> dict[str, pd.DataFrame]:
        return {str(ticker): rows for ticker, rows in self.headlines.groupby("ticker", sort=False)}

    @cached_property
    def _news(self) -> pd.DataFrame:
        """What rows are built of, in the order in which the feature table adds it up: to the last bit."""
        return self.headlines[NEWS_COLUMNS].sort_values(["session", "headline_id"], ignore_index=True)

    @cached_property
    def _news_of(self) -> dict[str, npt.NDArray[np.int64]]:
        """The rows of `_news` by ticker."""
        indices = self._news.groupby("ticker", sort=False).indices
        return {str(ticker): np.asarray(rows, dtype=np.int64) for ticker, rows in indices.items()}

    def _rebuilt(self, pairs: Sequence[tuple[int, str]]) -> Panel:
        """Return the rows of each pair's window without the headline, each pair as a ticker of its own."""
        panel, news = self.panel, self._news
        ids, sessions = news["headline_id"].to_numpy(dtype=object), panel.keys["session"].to_numpy()
        tickers = panel.keys["ticker"].iloc[self.ends].tolist()
        rows = np.stack([self._rows(window) for window, _ in pairs])
        remaining = [self._news_of[tickers[window]] for window, _ in pairs]
        remaining = [those[ids[those] != left_out] for those, (_, left_out) in zip(remaining, pairs, strict=True)]
        values = panel.indicators[rows].astype(np.float64)
        columns = [panel.names.index(name) for name in SENTIMENT_COLUMNS if name in panel.names]
        if columns:
            inputs = news[["stands_at", "session", "compound"]].set_axis(
                ["session", "known_session", "compound"], axis=1
            )
            for number, those in enumerate(remaining):
                sentiment = self._sentiment(inputs.iloc[those], sessions[rows[number]])
                values[number][:, columns] = sentiment[[panel.names[column] for column in columns]].to_numpy()
        labels = np.array([f"{number:08d}" for number in range(len(pairs))], dtype=object)
        keys = panel.keys.iloc[rows.ravel()].assign(ticker=np.repeat(labels, self.lookback)).reset_index(drop=True)
        features = pd.DataFrame(values.reshape(len(keys), -1), columns=list(panel.names))
        headlines = news.iloc[np.concatenate(remaining)].drop(columns="stands_at")
        headlines = headlines.assign(ticker=np.repeat(labels, [len(those) for those in remaining]))
        built = build_panel(pd.concat([keys, features], axis=1), headlines, names=panel.names, sessions=self.calendar)
        return built.known_at(self.session)

    def _sentiment(self, news: pd.DataFrame, sessions: npt.NDArray[np.datetime64]) -> pd.DataFrame:
        first, last = self.calendar.searchsorted(sessions[[0, -1]])
        memory = self.calendar[max(first - MEMORY_SESSIONS + 1, 0) : last + 1]
        return aggregate_known_sentiment(news, memory).loc[pd.DatetimeIndex(sessions)]


def cut_decision(data: Dataset, windows: Windows, *, lookback: int) -> Decision:
    """Return what the decision of one session knows.

    Parameters
    ----------
    data : Dataset
    windows : Windows of the dataset's panel, n of one session
    lookback : int
        Rows of a window.

    Raises
    ------
    ValueError
        If the windows are of several sessions, or of none.
    """
    if len(windows.sessions) != 1:
        raise ValueError(f"The windows must be of one session, received {len(windows.sessions)} of them.")
    session = windows.sessions[0]
    sessions = data.panel.keys["session"]
    first = sessions.iloc[windows.ends - lookback + 1].min()
    # Other tickers of the same sessions are read, too: each stands among them.
    inside = ((sessions >= first) & (sessions <= session)).to_numpy()
    known = data.panel.known_at(session)
    panel = Panel(
        known.keys[inside].reset_index(drop=True),
        known.indicators[inside],
        known.names,
        tuple(known.texts[row] for row in np.flatnonzero(inside).tolist()),
    )
    return Decision(
        session=session,
        lookback=lookback,
        panel=panel,
        ends=(np.cumsum(inside) - 1)[windows.ends],
        headlines=_headlines(data, session, reach=lookback + SLACK + MEMORY_SESSIONS),
        calendar=data.market.calendar.sessions,
    )


def _headlines(data: Dataset, session: pd.Timestamp, *, reach: int) -> pd.DataFrame:
    """Return the headlines that a decision knows and that stand within the last `reach` sessions."""
    decided, calendar = data.headlines, data.market.calendar.sessions
    oldest = calendar[max(int(calendar.searchsorted(session)) - reach, 0)]
    standing = standing_session(decided)
    inside = (decided["session"] <= session) & (standing >= oldest)
    known = data.inputs.as_read(decided[inside].assign(title=decided["text"], stands_at=standing))
    scored = known.merge(data.scores[["headline_id", "compound"]], on="headline_id", how="left")
    return scored.sort_values(["public_at", "text"], ascending=False, ignore_index=True)
