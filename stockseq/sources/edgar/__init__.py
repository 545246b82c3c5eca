"""Filings of form 8-K from the SEC's EDGAR: `from stockseq.sources.edgar import EdgarSource`."""

from stockseq.sources.edgar.source import EdgarSource
from stockseq.sources.settings import EdgarSettings

__all__ = ["EdgarSettings", "EdgarSource"]
