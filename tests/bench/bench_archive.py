"""What an archive of headlines costs to import: rows a second and the peak of memory, in FNSPID's layout.

A made file of 2 million rows, of which a third have an article and four summaries, as long as FNSPID's: once filtered
to 30 tickers, once all, and once more when all of it is stored. Each runs in a process of its own.

Run by `make bench`, or by itself: `python -m tests.bench.bench_archive [rows]`.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.ingestion.file_import import FileImport
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSettings
from stockseq.store import Store
from tests.bench.figures import Recorder

N_ROWS, N_TICKERS = 2_000_000, 4_000
REPOSITORY = Path(__file__).parents[2]
NOW = pd.Timestamp("2024-12-31T12:00Z")
HEADER = (
    "Unnamed: 0,Date,Article_title,Stock_symbol,Url,Publisher,Author,Article,Lsa_summary,Luhn_summary,Textrank_summary,"
    "Lexrank_summary\n"
)
WORDS = ("shares", "rise", "fall", "profit", "quarter", "company", "said", "market", "analysts,", "expects", "revenue",
         "the", "a", "of", "and", "growth", '""guidance""', "earnings", "stock", "target")  # fmt: skip
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def tickers_of(n_tickers: int) -> list[str]:
    """Return invented tickers, in order."""
    digits = np.arange(n_tickers)
    return ["".join(LETTERS[number // 26**place % 26] for place in (3, 2, 1, 0)) for number in digits.tolist()]


def write_archive(path: Path, *, n_rows: int, n_tickers: int, seed: int = 1) -> None:
    """Write a file in FNSPID's layout, sorted by ticker: dates among the stamps, articles with newlines, repeats."""
    draws = np.random.default_rng(seed)

    def text(n_words: int) -> str:
        return " ".join(draws.choice(WORDS, n_words))

    articles = ["\n".join(text(int(draws.integers(40, 90))) for _ in range(7)) for _ in range(200)]
    summaries = [text(60) for _ in articles]
    headlines = [text(9) for _ in range(2000)]
    names = tickers_of(n_tickers)
    minutes = draws.integers(0, 13 * 365 * 1440, n_rows).astype("timedelta64[m]")
    stamps = np.datetime_as_string(np.datetime64("2010-01-01T00:00:00") + minutes, unit="s")
    kinds, places = draws.random((n_rows, 2)), draws.integers(0, len(articles), n_rows)
    titles = draws.integers(0, len(headlines), n_rows)
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(n_rows):
            day, clock = stamps[number][:10], "00:00:00" if kinds[number, 0] < 0.3 else stamps[number][11:]
            tail = ",,,,,,"
            if kinds[number, 1] < 0.33:
                summary = summaries[places[number]]
                tail = f',,"{articles[places[number]]}"' + f',"{summary}"' * 4
            ticker, title = names[number * n_tickers // n_rows], f"{headlines[titles[number]]} {number}"
            row = (
                f'{number},{day} {clock} UTC,"{title}",{ticker},'
                f"https://www.example.com/articles/a-slug-as-long-as-they-are-of-it-{number},Wire{tail}\n"
            )
            file.write(row)
            if number % 50 == 7:
                file.write(row)


def import_once(path: Path, data: Path, n_wanted: int) -> dict[str, float]:
    """Import into a store and return seconds, seconds of the processor, the peak of memory and the rows stored."""
    began, worked = time.perf_counter(), time.process_time()
    wanted = tickers_of(N_TICKERS)[:: N_TICKERS // n_wanted][:n_wanted] if n_wanted else ()
    files = FileImport(FilesSettings(preset="fnspid", stream_above_mb=0), path, tickers=wanted, now=NOW)
    imported = files.store_in(Store(data), TradingCalendar.until(NOW, exchange="XNYS"))
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - worked,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stored": sum(imported.n_headlines.values()),
    }


def measure(n_rows: int = N_ROWS) -> dict[str, dict[str, float]]:
    """Return what each import costs, and print it."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "nasdaq_exteral_data.csv")
        write_archive(path, n_rows=n_rows, n_tickers=N_TICKERS)
        print(f"\n{n_rows:,} rows, {path.stat().st_size / 1e9:.2f} GB")
        for name, data, n_wanted in (("30 tickers", "some", 30), ("all tickers", "all", 0), ("all again", "all", 0)):
            command = [
                sys.executable,
                "-m",
                "tests.bench.bench_archive",
                str(path),
                str(Path(folder, data)),
                str(n_wanted),
            ]
            said = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True).stdout
            cost = found[name] = json.loads(said)
            print(
                f"{name}: {n_rows / cost['seconds']:,.0f} rows/s ({cost['seconds']:.0f} s, of the processor "
                f"{cost['cpu_seconds']:.0f} s), peak {cost['peak_mb']:.0f} MB, {cost['stored']:,.0f} stored"
            )
    return found


@pytest.mark.bench
def test_an_archive_imports_in_bounded_memory(bench: Recorder) -> None:
    """Memory doesn't depend on what else runs; the rate, which does, is printed with the seconds of the processor."""
    found = measure()
    for name, cost in found.items():
        bench.record(f"import of {name}", cost["cpu_seconds"], "s")
        bench.record(f"memory of import of {name}", cost["peak_mb"], "MB")
    assert all(cost["peak_mb"] < 1000 for cost in found.values())


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(import_once(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else N_ROWS)
