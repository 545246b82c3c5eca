"""Yahoo Finance through yfinance: `from stockseq.sources.yahoo import YahooSource`."""

from stockseq.sources.settings import YahooSettings
from stockseq.sources.yahoo.source import YahooSource

__all__ = ["YahooSettings", "YahooSource"]
