"""A market in memory, without a store: simulated, from Yahoo, or from files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stockseq.arguments import read_date
from stockseq.errors import SourceError
from stockseq.market import MarketData
from stockseq.sessions import FIRST_SESSION, TradingCalendar
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
from stockseq.sources.source import Source


def load_simulated(*, n_tickers: int = 20, n_sessions: int = 900, kind: str = "signal", seed: int = 100) -> MarketData:
    """Return a simulated market whose best possible forecast is known.

    Parameters
    ----------
    n_tickers : int, default=20
    n_sessions : int, default=900
    kind : str, default="signal"
        What drives its prices: "signal", "null", "null_drift", "regime", ...; see `SimulatedSettings`.
    seed : int, default=100
        The same seed gives the same market; a longer market begins with a shorter one.

    Returns
    -------
    MarketData
        As of its last decision, with its `truth`.

    Examples
    --------
    >>> len(load_simulated(n_tickers=2, n_sessions=5).tickers)
    2
    """
    settings = SimulatedSettings(n_tickers=n_tickers, n_sessions=n_sessions, kind=kind, seed=seed)
    source = SimulatedSource(settings)
    return fetch_market(source, source.tickers, now=source.default_now, truth=source.truth)


def fetch_yahoo(
    tickers: Sequence[str], *, first: str = "2015-01-01", now: pd.Timestamp | None = None, exchange: str = "XNYS"
) -> MarketData:
    """Return daily bars, splits, dividends and today's headlines from Yahoo Finance.

    Parameters
    ----------
    tickers : sequence of str
        As Yahoo writes them, such as BRK-B.
    first : str, default="2015-01-01"
        The first session to ask for.
    now : Timestamp, tz-aware, optional
    exchange : str, default="XNYS"

    Raises
    ------
    ValueError
        If no ticker is named, or `first` is no date in full.
    SourceUnreachable
        If nothing answers.
    SourceError
        If a ticker can't be fetched, with the reason: a market without it would be another one.

    Examples
    --------
    >>> fetch_yahoo(["AAPL", "MSFT"])  # doctest: +SKIP
    """
    from stockseq.sources.yahoo import YahooSettings, YahooSource

    if not tickers:
        raise ValueError('A market needs tickers, such as fetch_yahoo(["AAPL", "MSFT"]); none was named.')
    source = YahooSource(YahooSettings(exchange=exchange))
    day = pd.Timestamp(read_date(first, first=1900, last=2100))
    return fetch_market(source, tickers, now=now, first=day, exchange=exchange)


def read_files(folder: str | Path, *, now: pd.Timestamp | None = None, exchange: str = "XNYS") -> MarketData:
    """Return the bars and headlines of a folder of CSV, JSON Lines or Parquet files.

    Raises
    ------
    SourceError
        If the folder is missing, or a file can't be read.

    Examples
    --------
    >>> read_files("my-folder")  # doctest: +SKIP
    """
    source = FilesSource(FilesSettings(folder=str(folder), exchange=exchange))
    return fetch_market(source, source.tickers, now=now, exchange=exchange)


def fetch_market(
    source: Source,
    tickers: Sequence[str],
    *,
    now: pd.Timestamp | None = None,
    first: pd.Timestamp = FIRST_SESSION,
    exchange: str = "XNYS",
    truth: pd.DataFrame | None = None,
) -> MarketData:
    """Return what any source knows of some tickers at an instant.

    Raises
    ------
    SourceError
        If a ticker can't be fetched.
    """
    instant = pd.Timestamp.now(tz="UTC") if now is None else now
    fetched = source.fetch_bars(dict.fromkeys(tickers, first), now=instant)
    failed = [outcome for outcome in fetched.outcomes.values() if not outcome.is_answered]
    if failed:
        reasons = "; ".join(f"{outcome.ticker}: {outcome.reason}" for outcome in failed)
        raise SourceError(f"{len(failed)} of {len(tickers)} tickers could not be fetched ({reasons}). Leave them out.")
    headlines = source.fetch_headlines(tickers, since=None, now=instant).headlines
    calendar = TradingCalendar.until(instant, exchange=exchange)
    return MarketData(fetched.bars, fetched.actions, headlines, calendar, instant, truth)
