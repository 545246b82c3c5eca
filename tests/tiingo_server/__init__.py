"""Tiingo's news on loopback: pages by offset that shift, both stamps, and a range of days that it may ignore."""

from tests.tiingo_server.server import API_KEY, Article, TiingoServer, article, set_key

__all__ = ["API_KEY", "Article", "TiingoServer", "article", "set_key"]
