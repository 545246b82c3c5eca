"""Finnhub on loopback: articles by symbol and day, newest first, as `/api/v1/company-news` gives them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tests.service_server import LoopbackService, Reply, Request, json_reply

KEY = "finnhub-k3y"
PATH = "/api/v1/company-news"
PARAMETERS = {"symbol", "from", "to"}


def seconds(stamp: str) -> int:
    """Return an instant as Finnhub writes it."""
    return int(pd.Timestamp(stamp).timestamp())


def article(number: int, stamp: str, headline: str, **others: Any) -> dict[str, Any]:
    """Return an item with all the fields that Finnhub gives; others replace them."""
    item = {
        "category": "company",
        "datetime": seconds(stamp),
        "headline": headline,
        "id": number,
        "image": "",
        "related": "KOLA",
        "source": "Loopback Wire",
        "summary": f"More on it: {headline}.",
        "url": f"https://finnhub.example/api/news?id={number}",
    }
    return item | others


class FinnhubServer(LoopbackService):
    """Serves `articles` of each symbol; a key is needed.

    Attributes
    ----------
    articles : mapping of symbol to items
    most : int
        Items in one answer; the newest are given.
    zone : str
        In which its days begin.
    ignores_range : bool
        Whether it gives the newest 50 whatever days are asked for, as it once did.
    forbidden : set of str
        Symbols that the plan doesn't cover.
    """

    def __init__(self, articles: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(self._news)
        self.articles = dict(articles)
        self.most = 250
        self.zone = "UTC"
        self.ignores_range = False
        self.forbidden: set[str] = set()

    def _news(self, request: Request) -> Reply:
        if request.headers.get("x-finnhub-token") != KEY:
            return json_reply({"error": "Invalid API key"}, status=401)
        if request.path != PATH or set(request.query) != PARAMETERS:
            return json_reply({"error": "wrong parameters"}, status=422)
        symbol = request.query["symbol"]
        if symbol in self.forbidden:
            return json_reply({"error": "You don't have access to this resource."}, status=403)
        items = self.articles.get(symbol, ())
        if self.ignores_range:
            return json_reply(sorted(items, key=_stamp, reverse=True)[:50])
        first = pd.Timestamp(request.query["from"], tz=self.zone).timestamp()
        end = (pd.Timestamp(request.query["to"], tz=self.zone) + pd.Timedelta(days=1)).timestamp()
        # What has no stamp of its own is put wherever `day` says.
        found = [item for item in items if first <= _stamp(item) < end]
        return json_reply([_shown(item) for item in sorted(found, key=_stamp, reverse=True)[: self.most]])


def _stamp(item: Any) -> float:
    """Return where an item is filed: under `day`, if it says so, else by its stamp."""
    return float(seconds(item["day"])) if "day" in item else float(item["datetime"])


def _shown(item: Any) -> Any:
    return item["raw"] if "raw" in item else {name: value for name, value in item.items() if name != "day"}
