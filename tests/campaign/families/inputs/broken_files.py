"""Good files with bytes turned, cut, doubled and in other encodings: read as they are, or refused in one sentence."""

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.printable import visible
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSettings, FilesSource
from tests.campaign.case import Case
from tests.campaign.families.inputs.letters import require_sentence

NOW = pd.Timestamp("2024-12-31T22:00Z")
FIRST = pd.Timestamp("1980-01-01")
CALENDAR = TradingCalendar.until(NOW)
BARS = "ticker,date,open,high,low,close,volume\n" + "".join(
    f"{ticker},2024-03-{day:02d},10.5,11.25,9.75,10.{day:02d},1{day:02d}00\n"
    for ticker in ("KOLA", "LIMO")
    for day in (4, 5, 6, 7, 8, 11)
)
HEADLINES = "".join(
    f'{{"ticker": "KOLA", "published_at": "2024-03-{day:02d}T12:00:00Z", "headline": "Kola r\\u00e9ports {day}"}}\n'
    for day in (4, 5, 6, 7, 8)
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037", "utf-7", "shift_jis")
PARTS = (
    "\0",
    '"',
    "\r",
    "\n\n",
    ",,,,",
    "\x1a",
    "\u2028",
    "[" * 3000,
    "{",
    "1" * 5000,
    "\ufeff",
    "=1+1",
    "a" * 200_000,
)
N = 150


def cases() -> list[Case]:
    """Return the cases of broken files."""
    makers: Mapping[str, Callable[[Path], bytes]] = {
        "bars.csv": lambda folder: BARS.encode(),
        "headlines.jsonl": lambda folder: HEADLINES.encode(),
        "bars.parquet": _parquet,
        "bars.txt": lambda folder: BARS.replace(",", ";").replace("\n", "\r\n").encode(),
    }
    broken = [_case(name, make, short=name == "bars.csv") for name, make in makers.items()]
    return [*broken, Case("a zero byte in a cell", _zero_byte), Case("texts as bytes in Parquet", _bytes, n_inputs=2)]


def _case(name: str, make: Callable[[Path], bytes], *, short: bool = False) -> Case:
    n = 20 if short else N
    return Case(f"broken {name}", partial(_broken, name, make, n), n_inputs=n, short=short)


def _broken(name: str, make: Callable[[Path], bytes], n: int, folder: Path, seed: int) -> str:
    """Whatever the bytes, what is read are bars of the calendar and headlines before now, no more than the file has."""
    random_, path = random.Random(seed), folder / name
    good, taken = make(folder), 0
    for _ in range(n):
        content = _mutate(random_, good)
        path.write_bytes(content)
        taken += _read(path, n_lines=max(content.count(b"\n"), 12) + 1)
    return f"{taken} of {n} read, the others refused in a sentence"


def _read(path: Path, *, n_lines: int) -> bool:
    source = FilesSource(FilesSettings(timezone="UTC"), file=path)
    try:
        tickers = source.tickers
        said = [*source.notes(NOW), *source.doubts(NOW)]
        bars = source.fetch_bars(dict.fromkeys(tickers, FIRST), now=NOW).bars
        headlines = source.fetch_headlines(tickers, since=None, now=NOW).headlines
    except SourceError as error:
        require_sentence(visible(str(error)))
        return False
    for sentence in said:
        require_sentence(visible(sentence))
    assert max(len(bars), len(headlines)) <= n_lines, "there are more rows than lines"
    assert bars["session"].isin(CALENDAR.sessions).all()
    prices = bars[["open", "high", "low", "close"]]
    assert ((prices > 0) & np.isfinite(prices)).all(axis=None)
    assert (headlines["published_at"] <= NOW).all()
    return True


def _mutate(random_: random.Random, good: bytes) -> bytes:
    at = random_.randrange(len(good))
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: good[:at] + bytes([good[at] ^ (1 << random_.randrange(8))]) + good[at + 1 :],
        lambda: good[:at] + random_.randbytes(random_.randint(1, 8)) + good[at + random_.randint(0, 8) :],
        lambda: good[:at],
        lambda: good[at:],
        lambda: good + good,
        lambda: good[:at] + good[at + random_.randint(1, 40) :],
        lambda: good[:at] + good[random_.randrange(len(good)) :],
        lambda: good[:at] + random_.choice(PARTS).encode() + good[at:],
        lambda: good.decode("latin-1").encode(random_.choice(ENCODINGS), "replace"),
        lambda: good.replace(b"\n", random_.choice((b"\r", b"\r\n", b"\n\n", b""))),
    )
    return random_.choice(kinds)()


def _parquet(folder: Path) -> bytes:
    (folder / "good.csv").write_text(BARS, encoding="utf-8")
    pd.read_csv(folder / "good.csv").to_parquet(folder / "good.parquet")
    return (folder / "good.parquet").read_bytes()


def _zero_byte(folder: Path, seed: int) -> str:
    """`BBB\\0CCC` is not BBB."""
    path = folder / "bars.csv"
    path.write_text(BARS.replace("LIMO", "BBB\0CCC"), encoding="utf-8")
    with pytest.raises(SourceError, match="zero byte"):
        FilesSource(FilesSettings(), file=path).fetch_bars({}, now=NOW)
    return "refused"


def _bytes(folder: Path, seed: int) -> str:
    """Parquet of old writers holds its texts as bytes: they are texts, unless they are none."""
    frame = pd.DataFrame(
        {"ticker": [b"KOLA"], "date": ["2024-03-04"], "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0}
    )
    frame.assign(volume=5.0).to_parquet(folder / "bars.parquet")
    assert FilesSource(FilesSettings(), file=folder / "bars.parquet").tickers == ("KOLA",)
    frame.assign(volume=5.0, ticker=[b"\xff\xfe"]).to_parquet(folder / "bars.parquet")
    with pytest.raises(SourceError, match="'ticker'"):
        FilesSource(FilesSettings(), file=folder / "bars.parquet").fetch_bars({}, now=NOW)
    return "text, or refused"
