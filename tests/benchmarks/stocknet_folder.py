"""A small made-up StockNet dataset: its tables, in both layouts, and what a benchmark reads of a folder."""

import json
from pathlib import Path

import pandas as pd

from stockseq.benchmarks.data import BenchmarkData, read_benchmark
from stockseq.dataset.dataset import Inputs
from stockseq.sessions import TradingCalendar
from stockseq.sources.settings import StockNetSettings
from stockseq.sources.simulated import SimulatedMarket
from tests.yahoo_server.simulated import SimulatedListings

NOW = pd.Timestamp("2016-06-01 12:00", tz="UTC")
CALENDAR = TradingCalendar.until(NOW)
N_TICKERS = 6

Tables = tuple[pd.DataFrame, pd.DataFrame]


def make_tables() -> Tables:
    """Prices and tweets of a market from September 2013 to October 2015, as the tidy layout has them."""
    market = SimulatedMarket(n_sessions=535, n_tickers=N_TICKERS, first_session="2013-09-03")
    listings = SimulatedListings(market)
    bars = {ticker: listings.view(ticker, NOW).bars for ticker in market.tickers}
    prices = pd.concat(frame.rename_axis("date").reset_index().assign(ticker=ticker) for ticker, frame in bars.items())
    columns = ["ticker", "date", "open", "high", "low", "close", "adj_close", "volume"]
    tweets = market.headlines.rename(columns={"text": "headline", "headline_id": "id"})
    tweets = tweets.sort_values(["ticker", "published_at"], ignore_index=True)
    return prices[columns].reset_index(drop=True), tweets[["ticker", "published_at", "headline", "publisher", "id"]]


def write_tidy(folder: Path, prices: pd.DataFrame, tweets: pd.DataFrame) -> Path:
    """Write the two Parquet files."""
    folder.mkdir(exist_ok=True)
    prices.to_parquet(folder / "prices.parquet")
    tweets.to_parquet(folder / "headlines.parquet")
    return folder


def write_as_published(folder: Path, prices: pd.DataFrame, tweets: pd.DataFrame) -> Path:
    """Write a file per ticker (and day), as the authors do."""
    names = ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
    (folder / "price" / "raw").mkdir(parents=True)
    for ticker, rows in prices.groupby("ticker"):
        path = folder / "price" / "raw" / f"{ticker}.csv"
        rows.drop(columns="ticker").set_axis(names, axis=1).to_csv(path, index=False)
    # The authors' days of files and of stamps differ; a day too many here.
    days = (tweets["published_at"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
    for (ticker, day), rows in tweets.groupby([tweets["ticker"], days]):
        path = folder / "tweet" / "raw" / str(ticker) / str(day)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            {
                "created_at": row.published_at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
                "text": row.headline,
                "id_str": row.id,
                "user": {"screen_name": row.publisher},
            }
            for row in rows.itertuples()
        ]
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def read(folder: Path) -> BenchmarkData:
    """Return what the benchmark makes of the folder."""
    return read_benchmark(StockNetSettings(folder=str(folder)), Inputs(), CALENDAR, now=NOW)
