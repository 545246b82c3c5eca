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
    def _news(self) -> dict[str, pd.DataFrame]:
        """What rows are built of, by ticker, in the order in which the feature table adds it up: to the last bit."""
        ordered = self.headlines[NEWS_COLUMNS].sort_values(["session", "headline_id"])
        return {str(ticker): rows for ticker, rows in ordered.groupby("ticker", sort=False)}

    def _rebuilt(self, pairs: Sequence[tuple[int, str]]) -> Panel:
        """Return the rows of each pair's window without the headline, each pair as a ticker of its own."""
        panel, rows = self.panel, np.concatenate([self._rows(window) for window, _ in pairs])
        labels = np.array([f"{number:08d}" for number in range(len(pairs))], dtype=object)
        values = panel.indicators[rows].astype(np.float64)
        columns = [panel.names.index(name) for name in SENTIMENT_COLUMNS if name in panel.names]
        news, owners = [], []
        for number, (window, left_out) in enumerate(pairs):
            ticker_news = self._news[str(panel.keys["ticker"].iloc[self.ends[window]])]
            remaining = ticker_news[(ticker_news["headline_id"] != left_out).to_numpy()]
            if columns:
                those = slice(number * self.lookback, (number + 1) * self.lookback)
                sentiment = self._sentiment(remaining, panel.keys["session"].iloc[rows[those]])
                values[those, columns] = sentiment[[panel.names[column] for column in columns]].to_numpy()
            news.append(remaining)
            owners.append(np.repeat(labels[number], len(remaining)))
        keys = panel.keys.iloc[rows].assign(ticker=np.repeat(labels, self.lookback)).reset_index(drop=True)
        features = pd.concat([keys, pd.DataFrame(values, columns=list(panel.names))], axis=1)
        headlines = pd.concat(news).assign(ticker=np.concatenate(owners)).drop(columns="stands_at")
        return build_panel(features, headlines, names=panel.names, sessions=self.calendar).known_at(self.session)

    def _sentiment(self, news: pd.DataFrame, sessions: pd.Series) -> pd.DataFrame:
        first, last = self.calendar.searchsorted(sessions.iloc[[0, -1]].to_numpy())
        memory = self.calendar[max(first - MEMORY_SESSIONS + 1, 0) : last + 1]
        standing = pd.DataFrame(
            {"session": news["stands_at"], "known_session": news["session"], "compound": news["compound"]}
        )
        return aggregate_known_sentiment(standing, memory).loc[sessions.to_numpy()]


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
