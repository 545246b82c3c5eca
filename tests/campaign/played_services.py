"""The four news services as the campaign plays them, each with a small archive of invented headlines."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.config import Settings, load_settings
from stockseq.plugins import load_plugin
from stockseq.sources.archive import HeadlineArchive
from tests.alpaca_server import KEY_ID, SECRET_KEY, AlpacaServer, item
from tests.edgar_server import EdgarServer, Filed, ListedFiler
from tests.finnhub_server import KEY, FinnhubServer
from tests.finnhub_server import article as finnhub_article
from tests.service_server import LoopbackService
from tests.tiingo_server import API_KEY, TiingoServer
from tests.tiingo_server import article as tiingo_article

NOW = pd.Timestamp("2024-12-06T13:00Z")
TICKERS = ("KOLA", "MOSS")
DAYS = pd.bdate_range("2024-09-02", "2024-12-05", tz="UTC")
# Number, instant, text and ticker of each headline.
STORIES = [
    (2 * number + of, day + pd.Timedelta(hours=15, minutes=number), f"{ticker} news of {day:%d %B}", ticker)
    for number, day in enumerate(DAYS)
    for of, ticker in enumerate(TICKERS)
]


@dataclass(frozen=True)
class Played:
    """A service, how it is served, and what a client of it needs.

    Parameters
    ----------
    name : str
    serve : callable
        Returns its server, to be entered.
    keys : mapping
        Its keys by the variables of the environment.
    settings : mapping
        Of its section.
    """

    name: str
    serve: Callable[[], LoopbackService]
    keys: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)

    def run_settings(self, server: LoopbackService, folder: Path, **changes: object) -> Settings:
        """Return the settings of a run in a folder that asks this service alone; the keys are in the environment."""
        os.environ |= {**self.keys, "XDG_CACHE_HOME": str(folder / "cache")}
        hurried = {
            "timeout_s": 0.25,
            "retry_wait_s": 0.0,
            "attempts": 3,
            "requests_per_second": 10.0,
            "patience_s": 5.0,
        }
        section = {"url": server.url, **hurried, **self.settings, **changes}
        if self.name == "edgar":
            section["data_url"] = server.url
        asked = {"headlines_from": [self.name], "tickers": list(TICKERS), "data": str(folder / "data")}
        return load_settings(overrides={**asked, self.name: section})

    def client(self, server: LoopbackService, folder: Path) -> HeadlineArchive:
        """Return the source; it waits for nothing."""
        section = getattr(self.run_settings(server, folder, patience_s=600.0), self.name)
        maker: Any = load_plugin("stockseq.sources", self.name)
        return maker(section, sleep=lambda seconds: None)  # type: ignore[no-any-return]


def _alpaca() -> AlpacaServer:
    server = AlpacaServer([item(number, at.isoformat(), text, ticker) for number, at, text, ticker in STORIES], now=NOW)
    server.most_per_minute, server.most_per_page = None, 20
    return server


def _edgar() -> EdgarServer:
    def filings(ticker: str) -> list[Filed]:
        return [Filed(at, ("8.01", "2.02,9.01", "5.02")[number % 3]) for number, at, _, of in STORIES if of == ticker]

    return EdgarServer(
        [
            ListedFiler(1000, ["KOLA"], "KOLA CORP", filings("KOLA")[40:], [filings("KOLA")[:40]]),
            ListedFiler(2000, ["MOSS"], "MOSS INC", filings("MOSS"), clock="new_york"),
        ]
    )


def _finnhub() -> FinnhubServer:
    return FinnhubServer(
        {
            ticker: [
                finnhub_article(number, at.isoformat(), text, related=ticker)
                for number, at, text, of in STORIES
                if of == ticker
            ]
            for ticker in TICKERS
        }
    )


def _tiingo() -> TiingoServer:
    return TiingoServer(
        [tiingo_article(number, at.isoformat(), text, ticker) for number, at, text, ticker in STORIES], now=NOW
    )


SERVICES = {
    played.name: played
    for played in (
        Played("alpaca", _alpaca, {"APCA_API_KEY_ID": KEY_ID, "APCA_API_SECRET_KEY": SECRET_KEY}),
        Played("edgar", _edgar, settings={"contact": "Jane Doe jane@example.com"}),
        Played("finnhub", _finnhub, {"FINNHUB_API_KEY": KEY}),
        Played("tiingo", _tiingo, {"TIINGO_API_KEY": API_KEY}, {"page": 20}),
    )
}
