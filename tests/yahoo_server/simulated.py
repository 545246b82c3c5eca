"""The simulated market as a listing of the loopback Yahoo."""

import numpy as np
import pandas as pd

from stockseq.sources.simulated import SimulatedMarket
from tests.yahoo_server.answers import story
from tests.yahoo_server.market import View, show

BAR = ["open", "high", "low", "close", "volume"]


class SimulatedListings:
    """Every ticker of one simulated market."""

    def __init__(self, market: SimulatedMarket) -> None:
        self._market = market

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return what Yahoo would show of a simulated ticker at `now`; the last bar may be under way."""
        market = self._market
        if ticker not in market.tickers:
            return None
        schedule = market.calendar.schedule.loc[market.sessions[: market.n_sessions]]
        begun = schedule[schedule["open"] <= now]
        bars = _of(market.bars, ticker).set_index("session").loc[begun.index, BAR]
        if len(begun) and now < begun["close"].iloc[-1]:
            opened, closed = begun.iloc[-1]
            bars.iloc[-1] = _under_way(bars.iloc[-1], (now - opened) / (closed - opened))
        actions = _of(market.actions, ticker)
        actions = actions[actions["session"].isin(begun.index)]
        splits, dividends = (
            dict(zip(rows["session"], rows["value"], strict=True))
            for rows in (actions[actions["kind"] == kind] for kind in ("split", "dividend"))
        )
        headlines = _of(market.headlines, ticker)
        news = [
            story(row.headline_id, row.text, row.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
            for row in headlines[headlines["first_seen_at"] <= now].sort_values("published_at").itertuples()
        ]
        return show(bars, splits, dividends, news)


def _of(rows: pd.DataFrame, ticker: str) -> pd.DataFrame:
    return rows[rows["ticker"] == ticker]


def _under_way(bar: pd.Series, elapsed: float) -> pd.Series:
    """Return the bar as it stands when the share `elapsed` of the session is over."""
    last = bar["open"] + elapsed * (bar["close"] - bar["open"])
    high = max(bar["open"], last) + elapsed * (bar["high"] - max(bar["open"], bar["close"]))
    low = min(bar["open"], last) - elapsed * (min(bar["open"], bar["close"]) - bar["low"])
    values = {"open": bar["open"], "high": high, "low": low, "close": last, "volume": np.floor(elapsed * bar["volume"])}
    return pd.Series(values)
