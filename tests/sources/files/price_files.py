"""Price and headline files written by hand, and how the tests read them."""

from pathlib import Path

import pandas as pd

from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.sources.files.bars import BarsFile
from stockseq.sources.files.source import read_bars_file
from stockseq.sources.source import FetchedHeadlines

NOW = pd.Timestamp("2025-01-06 12:00", tz="UTC")
ALL = pd.Timestamp("1980-01-02")
# EVALUATION 1.4: 2:1 on 11-27, 0.515 paid on 11-29.
AS_TRADED = """ticker,date,open,high,low,close,volume,adj_close,dividends,splits
KOLA,2024-11-25,100,100,100,100,1000,49.5,0,0
KOLA,2024-11-26,102,102,102,102,1000,50.49,0,0
KOLA,2024-11-27,51.5,51.5,51.5,51.5,2000,50.985,0,2
KOLA,2024-11-29,51,51,51,51,2000,51,0.515,0
KOLA,2024-12-02,52,52,52,52,2000,52,0,0
"""
SPLIT_ADJUSTED = """ticker,date,open,high,low,close,volume,adj_close,dividends,splits
KOLA,2024-11-25,50,50,50,50,2000,49.5,0,1
KOLA,2024-11-26,51,51,51,51,2000,50.49,0,1
KOLA,2024-11-27,51.5,51.5,51.5,51.5,2000,50.985,0,2
KOLA,2024-11-29,51,51,51,51,2000,51,0.515,1
KOLA,2024-12-02,52,52,52,52,2000,52,0,1
"""
HEADLINES = """ticker,published_at,headline,publisher,url
KOLA,2024-11-27T15:45:00-05:00,Kola rises,Wire,https://a.example/1
KOLA,2024-11-29,Kola by date alone,,
KOLA,2024-12-02 14:00:00 UTC,Kola in words,Wire,
"""


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def bars_of(folder: Path, text: str, **settings: object) -> BarsFile:
    """Read a bars.csv of this text."""
    return read_bars_file(put(folder, "bars.csv", text), FilesSettings(**settings), now=NOW)


def headlines_of(file: Path, **settings: object) -> FetchedHeadlines:
    """Read the headlines of all tickers of one file."""
    source = FilesSource(FilesSettings(**settings), file=file)
    return source.fetch_headlines(source.tickers, since=None, now=NOW)


def reasons(read: BarsFile | FetchedHeadlines) -> dict[str, int]:
    """Return how many rows were left out, by reason."""
    return {drop.reason: drop.n_rows for drop in read.dropped}
