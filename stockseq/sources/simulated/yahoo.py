"""What Yahoo would answer about a simulated ticker at an instant, in the shape that yfinance hands on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.sources.simulated import SimulatedMarket


@dataclass(frozen=True)
class YahooView:
    """One ticker as Yahoo shows it.

    `history` is indexed by session: Open, High, Low, Close and Volume restated for every split up to now, Adj Close
    also for dividends, Dividends (restated for splits, too) and Stock Splits, 0 where there is none. `live` says that
    the last row is a session still under way. `news` has id, title, published_at, publisher and url, newest first.
    """

    history: pd.DataFrame
    live: bool
    news: pd.DataFrame


def yahoo_view(market: SimulatedMarket, ticker: str, fetched_at: pd.Timestamp) -> YahooView:
    """Return what Yahoo would show of `ticker` at `fetched_at` (tz-aware).

    Raises
    ------
    KeyError
        If the market doesn't list the ticker.

    Examples
    --------
    >>> market = SimulatedMarket(n_sessions=3, n_tickers=1)
    >>> view = yahoo_view(market, "BANVEX", pd.Timestamp("2018-01-03 17:00", tz="America/New_York"))
    >>> len(view.history), view.live
    (2, False)
    >>> yahoo_view(market, "BANVEX", pd.Timestamp("2018-01-03 12:00", tz="America/New_York")).live
    True
    """
    if ticker not in market.tickers:
        raise KeyError(f"The simulated market doesn't list {ticker}.")
    schedule = market.calendar.schedule.loc[market.sessions[: market.n_sessions]]
    begun = schedule[schedule["open"] <= fetched_at]
    bars = _own(market.bars, ticker).set_index("session").loc[begun.index, ["open", "high", "low", "close", "volume"]]
    live = bool(len(begun)) and fetched_at < begun["close"].iloc[-1]
    if live:
        opened, closed = begun.iloc[-1]
        bars.iloc[-1] = _under_way(bars.iloc[-1], (fetched_at - opened) / (closed - opened))
    actions = _own(market.actions, ticker)
    splits = _by_session(actions, "split", bars.index, 1.0)
    dividends = _by_session(actions, "dividend", bars.index, 0.0)
    news = _own(market.headlines, ticker)
    shown = news[news["first_seen_at"] <= fetched_at].sort_values("published_at", ascending=False)
    columns = {
        "headline_id": "id",
        "text": "title",
        "published_at": "published_at",
        "publisher": "publisher",
        "url": "url",
    }
    return YahooView(_restated(bars, splits, dividends), live, shown[list(columns)].rename(columns=columns))


def _own(rows: pd.DataFrame, ticker: str) -> pd.DataFrame:
    return rows[rows["ticker"] == ticker]


def _by_session(actions: pd.DataFrame, kind: str, sessions: pd.Index, without: float) -> pd.Series:
    values = actions[actions["kind"] == kind].set_index("session")["value"]
    return values.reindex(sessions).fillna(without)


def _under_way(bar: pd.Series, elapsed: float) -> pd.Series:
    """Return the bar as it stands when the share `elapsed` of the session is over."""
    last = bar["open"] + elapsed * (bar["close"] - bar["open"])
    high = max(bar["open"], last) + elapsed * (bar["high"] - max(bar["open"], bar["close"]))
    low = min(bar["open"], last) - elapsed * (min(bar["open"], bar["close"]) - bar["low"])
    values = {"open": bar["open"], "high": high, "low": low, "close": last, "volume": np.floor(elapsed * bar["volume"])}
    return pd.Series(values)


def _restated(bars: pd.DataFrame, splits: pd.Series, dividends: pd.Series) -> pd.DataFrame:
    later_splits = _after(splits)
    close_before = bars["close"].shift(1) / splits
    kept = (1 - dividends / close_before).where(dividends > 0, 1.0)
    history = bars[["open", "high", "low", "close"]].div(later_splits, axis=0)
    history.columns = pd.Index(["Open", "High", "Low", "Close"])
    history["Adj Close"] = history["Close"] * _after(kept)
    history["Volume"] = np.round(bars["volume"] * later_splits).astype("int64")
    history["Dividends"] = dividends / later_splits
    history["Stock Splits"] = splits.where(splits != 1, 0.0)
    return history


def _after(factors: pd.Series) -> pd.Series:
    """Return for each session the product of the factors after it."""
    return factors[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
