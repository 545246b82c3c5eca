"""Finnhub's company news on loopback: its ranges, its limits, and what it was known to do wrong."""

from tests.finnhub_server.server import KEY, FinnhubServer, article, seconds

__all__ = ["KEY", "FinnhubServer", "article", "seconds"]
