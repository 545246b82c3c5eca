"""EDGAR on loopback: the list of tickers, lists of filings with their older files, and the headers of filings."""

from tests.edgar_server.filers import Filed, ListedFiler, as_json, eastern
from tests.edgar_server.server import EdgarServer

__all__ = ["EdgarServer", "Filed", "ListedFiler", "as_json", "eastern"]
