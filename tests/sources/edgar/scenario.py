"""What the tests of EDGAR share: filers, instants, quick settings, and how they fetch."""

from pathlib import Path

import pandas as pd

from stockseq.sources.archive import Chunk
from stockseq.sources.edgar import EdgarSettings, EdgarSource
from stockseq.sources.source import FetchedHeadlines
from tests.edgar_server import EdgarServer, Filed, ListedFiler, eastern
from tests.service_server import Fault

CONTACT = "Jane Doe jane@example.com"
# The evening before Thanksgiving.
NOW = pd.Timestamp("2024-11-27T23:00:00Z")
LISTING = "/files/company_tickers.json"
KOLA_LIST = "/submissions/CIK0000000077.json"
KOLA_OLDER = "/submissions/CIK0000000077-submissions-001.json"
RESULTS = "Results of Operations and Financial Condition"

# True UTC, two older files; EDGAR's newest come first.
KOLA = ListedFiler(
    77,
    ["KOLA"],
    "Kola Inc.",
    recent=[
        Filed(eastern("2024-11-26 16:05:30"), "2.02,9.01"),
        Filed(eastern("2024-11-25 10:00:00"), "", form="4"),
        Filed(eastern("2024-07-30 07:31:00"), "5.02"),
    ],
    older=[
        [Filed(eastern("2019-05-02 16:10:00"), "2.02"), Filed(eastern("2018-02-01 16:00:00"), "1.01", form="8-K/A")],
        [Filed(eastern("2003-10-15 16:30:00"), "12,7")],
    ],
)
KOLA_HEADER = f"/Archives/edgar/data/77/{KOLA.accession(KOLA.recent[0]).replace('-', '')}/"
# New York's clock with a Z, and two classes of shares.
FERN = ListedFiler(
    88, ["FERN-A", "FERN-B"], "FERN CORP /DE/", recent=[Filed(eastern("2024-11-26 16:05:30"), "8.01")], clock="new_york"
)


def hurried(server: EdgarServer, tmp_path: Path, **changes: object) -> EdgarSource:
    """Return a source that waits for nothing."""
    settings = {
        "url": server.url,
        "data_url": server.url,
        "contact": CONTACT,
        "timeout_s": 10.0,
        "retry_wait_s": 0.0,
        "cache_folder": tmp_path / "edgar",
    }
    return EdgarSource(EdgarSettings.model_validate({**settings, **changes}), sleep=lambda seconds: None)


def patience_with(fault: Fault) -> float:
    """Return the seconds to wait for an answer: few where none will come."""
    return 0.2 if fault in ("no answer in time", "drips") else 10.0


def whole(source: EdgarSource, ticker: str = "KOLA", *, now: pd.Timestamp = NOW) -> FetchedHeadlines:
    """Return all filings of a ticker up to `now`."""
    (chunk,) = source.chunks([ticker], pd.Timestamp("1990-01-01"), pd.Timestamp(now.date()))
    return source.fetch_chunk(chunk, now=now)


def some(source: EdgarSource, first: str, last: str, ticker: str = "KOLA") -> FetchedHeadlines:
    """Return the filings of some days."""
    return source.fetch_chunk(Chunk((ticker,), pd.Timestamp(first), pd.Timestamp(last)), now=NOW)


def reasons(fetched: FetchedHeadlines) -> dict[str, int]:
    """Return what was left out, by reason."""
    return {drop.reason: drop.n_rows for drop in fetched.dropped}
