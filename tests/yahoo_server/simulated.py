"""The simulated market as a listing of the loopback Yahoo."""

import pandas as pd

from stockseq.sources.simulated import SimulatedMarket
from stockseq.sources.simulated.yahoo import yahoo_view
from tests.yahoo_server.answers import story
from tests.yahoo_server.market import View


class SimulatedListings:
    """Every ticker of one simulated market."""

    def __init__(self, market: SimulatedMarket) -> None:
        self._market = market

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return what Yahoo would show of a simulated ticker at `now`."""
        if ticker not in self._market.tickers:
            return None
        shown = yahoo_view(self._market, ticker, now)
        bars = shown.history.rename(columns=lambda name: name.lower().replace(" ", "_"))
        news = [
            story(item.id, item.title, item.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
            for item in shown.news.sort_values("published_at").itertuples()
        ]
        return View(bars, _nonzero(bars["stock_splits"]), _nonzero(bars["dividends"]), news)


def _nonzero(column: pd.Series) -> dict[pd.Timestamp, float]:
    return {pd.Timestamp(session): float(value) for session, value in column[column > 0].items()}
