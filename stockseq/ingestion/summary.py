"""What an import left in the store, ticker by ticker."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stockseq.market import MarketData


@dataclass(frozen=True)
class TickerSummary:
    """What the store knows of one ticker.

    `n_gaps` counts the sessions between its first bar and its last that have none; `first` and `last` are None without
    bars.
    """

    ticker: str
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    n_bars: int
    n_headlines: int
    n_gaps: int


def summarise_tickers(market: MarketData, n_headlines: Mapping[str, int] | None = None) -> tuple[TickerSummary, ...]:
    """Return one summary for each ticker that has bars or headlines, in alphabetical order.

    Parameters
    ----------
    market : MarketData
    n_headlines : mapping of ticker to count, optional
        Where the market was read without its headlines.

    Examples
    --------
    >>> from stockseq.sources.markets import load_simulated
    >>> summarise_tickers(load_simulated(n_tickers=2, n_sessions=30))[0].n_bars
    30
    """
    bars = market.bars.groupby("ticker")["session"].agg(["min", "max", "size"])
    headlines = dict(market.headlines["ticker"].value_counts()) if n_headlines is None else n_headlines
    sessions = market.calendar.sessions
    found = []
    for ticker in sorted({*bars.index, *headlines}):
        if ticker not in bars.index:
            found.append(TickerSummary(str(ticker), None, None, 0, int(headlines[ticker]), 0))
            continue
        first, last, n_bars = bars.loc[ticker]
        n_sessions = int(((sessions >= first) & (sessions <= last)).sum())
        n_gaps = max(n_sessions - int(n_bars), 0)
        found.append(TickerSummary(str(ticker), first, last, int(n_bars), int(headlines.get(ticker, 0)), n_gaps))
    return tuple(found)
