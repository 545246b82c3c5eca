"""A small archive of November 2024, and a source that asks the loopback Alpaca within milliseconds."""

from typing import Any

import pandas as pd

from stockseq.sources.alpaca import AlpacaSource
from stockseq.sources.archive import Chunk
from stockseq.sources.settings import AlpacaSettings
from stockseq.sources.source import FetchedHeadlines
from tests.alpaca_server import AlpacaServer, item
from tests.service_server import Fault

NOW = pd.Timestamp("2025-01-15T12:00Z")


NOVEMBER = pd.Timestamp("2024-11-01"), pd.Timestamp("2024-11-30")


ITEMS = (
    item(1, "2024-11-05T15:00Z", "Kola opens a plant", "KOLA", summary="A &quot;big&quot;\n one", url="https://n.example/1"),
    item(2, "2024-11-12T12:00Z", "Kola &amp; Fern agree", "KOLA", "FERN", "AAPL"),
    item(3, "2024-11-20T10:00Z", "Fern sells land", "FERN", revised={"2024-11-21T11:00Z": "Fern sells all land"}),
    item(4, "2024-11-22T16:30Z", "Berk buys", "BRK.B"),
)  # fmt: skip


OUTSIDE = "news item outside of the days asked for"


def source(server: AlpacaServer, **changes: object) -> AlpacaSource:
    """Return a source whose waits take no time."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 10.0, "retry_wait_s": 0.0}
    return AlpacaSource(AlpacaSettings.model_validate({**settings, **changes}), sleep=lambda seconds: None)


def fetch(
    server: AlpacaServer, *tickers: str, days: tuple[pd.Timestamp, pd.Timestamp] = NOVEMBER, **changes: object
) -> FetchedHeadlines:
    return source(server, **changes).fetch_chunk(Chunk(tickers or ("KOLA", "FERN"), *days), now=NOW)


def patience(fault: Fault) -> dict[str, float]:
    """Return a short timeout for the faults that run into one; on a busy machine any other may need its time."""
    return {"timeout_s": 0.25} if fault in ("no answer in time", "drips") else {}


def month(text: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    first = pd.Timestamp(text)
    return first, first + pd.offsets.MonthEnd(0)


def texts(fetched: FetchedHeadlines) -> list[tuple[str, str]]:
    return list(zip(fetched.headlines["ticker"], fetched.headlines["text"], strict=True))


def dropped(fetched: FetchedHeadlines) -> dict[tuple[str, str], int]:
    return {(drop.ticker, drop.reason): drop.n_rows for drop in fetched.dropped}


def states(fetched: FetchedHeadlines) -> dict[str, tuple[str, int]]:
    return {ticker: (outcome.status, outcome.n_rows) for ticker, outcome in fetched.outcomes.items()}


def busy(n: int, *, ticker: str = "KOLA") -> list[Any]:
    """Return an item an hour from the 2nd of November on."""
    begin = pd.Timestamp("2024-11-02T00:00Z")
    return [item(n, str(begin + pd.Timedelta(hours=n)), f"{ticker} story {n}", ticker) for n in range(1, n + 1)]
