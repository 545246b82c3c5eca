"""A small archive of November 2024, and a source that asks the loopback Tiingo within milliseconds."""

import pandas as pd

from stockseq.sources.archive import Chunk
from stockseq.sources.settings import TiingoSettings
from stockseq.sources.source import FetchedHeadlines
from stockseq.sources.tiingo import TiingoSource
from tests.service_server import Fault
from tests.tiingo_server import Article, TiingoServer, article

NOW = pd.Timestamp("2025-01-15T12:00Z")


AUTUMN = pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31")


OUTSIDE = "news item outside of the days asked for"


ARTICLES = (
    article(1, "2024-11-05T15:00Z", "Kola opens a plant", "KOLA", description="A &quot;big&quot;\n one", url="https://n.example/1"),
    article(2, "2024-11-12T12:00Z", "Kola &amp; Fern agree", "kola", "fern", crawled="2024-11-12T13:30:00.25Z"),
    article(3, "2024-11-20T10:00Z", "Fern sells land", "fern"),
    article(4, "2024-11-22T16:30Z", "Berk buys", "brk-b"),
)  # fmt: skip


def source(server: TiingoServer, **changes: object) -> TiingoSource:
    """Return a source whose waits take no time, with pages of ten, of which one overlaps."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 10.0, "retry_wait_s": 0.0, "page": 10}
    return TiingoSource(TiingoSettings.model_validate({**settings, **changes}), sleep=lambda seconds: None)


def fetch(
    server: TiingoServer, *tickers: str, days: tuple[pd.Timestamp, pd.Timestamp] = AUTUMN, **changes: object
) -> FetchedHeadlines:
    return source(server, **changes).fetch_chunk(Chunk(tickers or ("KOLA",), *days), now=NOW)


def patience(fault: Fault) -> dict[str, float]:
    """Return a short timeout for the faults that run into one; on a busy machine any other may need its time."""
    return {"timeout_s": 0.25} if fault in ("no answer in time", "drips") else {}


def dropped(fetched: FetchedHeadlines) -> dict[str, int]:
    return {drop.reason: drop.n_rows for drop in fetched.dropped}


def states(fetched: FetchedHeadlines) -> dict[str, tuple[str, int]]:
    return {ticker: (outcome.status, outcome.n_rows) for ticker, outcome in fetched.outcomes.items()}


def busy(n: int, *, first: int = 1) -> list[Article]:
    """Return an article an hour from the 2nd of November on."""
    begin = pd.Timestamp("2024-11-02T00:00Z")
    numbers = range(first, first + n)
    return [article(n, str(begin + pd.Timedelta(hours=n)), f"Kola story {n}", "KOLA") for n in numbers]
