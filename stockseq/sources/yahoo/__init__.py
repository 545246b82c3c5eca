"""Yahoo Finance through yfinance: `from stockseq.sources.yahoo import YahooSource`."""

from stockseq.sources.yahoo.source import YahooSettings, YahooSource

__all__ = ["YahooSettings", "YahooSource"]
