"""Tiingo's news service: newest first, by offset, of days of publication, and counted by the hour."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pytest

from tests.service_server import LoopbackService, Reply, Request, json_reply

API_KEY = "l00pback0token1of2tiingo3"
PATH = "/tiingo/news"
Stamp = Literal["publishedDate", "crawlDate"]


@dataclass(frozen=True)
class Article:
    """One item."""

    id: int
    published_at: pd.Timestamp
    crawled_at: pd.Timestamp
    title: str
    tickers: tuple[str, ...]
    description: str = ""
    url: str = ""
    source: str = "wire.example"

    def answer(self) -> dict[str, Any]:
        """Return it as Tiingo writes it."""
        return {
            "id": self.id,
            "title": self.title,
            "url": self.url,
            "description": self.description,
            "publishedDate": self.published_at.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
            "crawlDate": self.crawled_at.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "source": self.source,
            "tickers": [ticker.lower() for ticker in self.tickers],
            "tags": ["Stock"],
        }


def article(number: int, published: str, title: str, *tickers: str, crawled: str = "", **fields: str) -> Article:
    """Return an article by hand, crawled a minute after it was published unless said otherwise."""
    published_at = pd.Timestamp(published)
    crawled_at = pd.Timestamp(crawled) if crawled else published_at + pd.Timedelta(minutes=1)
    return Article(number, published_at, crawled_at, title, tickers, **fields)


class TiingoServer(LoopbackService):
    """A context manager that serves articles as Tiingo does.

    Parameters
    ----------
    articles : iterable of Article
        Settable as a list.
    now : Timestamp, tz-aware, optional
        Settable: what is crawled later isn't there yet.
    filters : {"publishedDate", "crawlDate"} or None
        By which stamp the days choose; None ignores them.
    port : int, default=0

    Attributes
    ----------
    most_per_hour : int or None
        Requests in any hour after which it answers 429; None counts none.
    before : callable
        Called with each request before it is answered, for what comes or goes between two pages.
    edit : callable
        From a request and an answer to the answer that is sent, for what no service should do.
    """

    def __init__(
        self,
        articles: Iterable[Article] = (),
        *,
        now: pd.Timestamp | None = None,
        filters: Stamp | None = "publishedDate",
        port: int = 0,
    ) -> None:
        super().__init__(self.reply, port=port)
        self.articles = list(articles)
        self.now = now
        self.filters = filters
        self.most_per_hour: int | None = None
        self.before: Callable[[Request], None] = lambda request: None
        self.edit: Callable[[Request, list[Any]], Any] = lambda request, answer: answer

    def reply(self, request: Request) -> Reply:
        """Answer a request."""
        if request.headers.get("authorization") != f"Token {API_KEY}":
            return json_reply({"detail": "Invalid token."}, status=401)
        if request.path != PATH:
            return json_reply({"detail": "Not found."}, status=404)
        if self.most_per_hour is not None and len(self.log) > self.most_per_hour:
            return json_reply({"detail": "You have run over your hourly request allocation."}, status=429)
        self.before(request)
        try:
            chosen = self._chosen(request.query)
            limit, offset = _number(request.query, "limit", 100), _number(request.query, "offset", 0)
        except ValueError as error:
            return json_reply({"detail": f"Error: {error}"}, status=400)
        page = chosen[offset : offset + min(limit, 1000)]
        return json_reply(self.edit(request, [entry.answer() for entry in page]))

    def _chosen(self, query: Mapping[str, str]) -> list[Article]:
        tickers = set(query.get("tickers", "").lower().split(",")) - {""}
        by = query.get("sortBy", "publishedDate")
        if by not in ("publishedDate", "crawlDate"):
            raise ValueError("sortBy")
        first, last = _day(query, "startDate", "1990-01-01"), _day(query, "endDate", "2200-01-01")
        chosen = [
            entry
            for entry in self.articles
            if (self.now is None or entry.crawled_at <= self.now)
            and (not tickers or tickers & {ticker.lower() for ticker in entry.tickers})
            and (self.filters is None or first <= _stamp(entry, self.filters) <= last)
        ]
        return sorted(chosen, key=lambda entry: (_stamp(entry, by), entry.id), reverse=True)


def set_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the key that the server takes into the environment."""
    monkeypatch.setenv("TIINGO_API_KEY", API_KEY)


def _stamp(entry: Article, name: str) -> pd.Timestamp:
    return entry.published_at if name == "publishedDate" else entry.crawled_at


def _day(query: Mapping[str, str], name: str, otherwise: str) -> pd.Timestamp:
    text = query.get(name, otherwise)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text) is None:
        raise ValueError(name)
    return pd.Timestamp(text, tz="UTC")


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, str(otherwise))
    if not text.isdigit():
        raise ValueError(name)
    return int(text)
