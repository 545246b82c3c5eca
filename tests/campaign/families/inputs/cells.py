"""Cells of files of bars and headlines: a row is taken with the very value that its cell means, or left out."""

import json
import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from stockseq.sources.files import FilesSettings, FilesSource
from tests.campaign.case import Case, random_case
from tests.campaign.families.inputs.letters import ALPHABETS, draw_text, is_dangerous

NOW = pd.Timestamp("2024-12-31T22:00Z")
FIRST = pd.Timestamp("1980-01-01")
NEW_YORK = ZoneInfo("America/New_York")
# No holiday among them.
SESSIONS = [day.date().isoformat() for day in pd.bdate_range("2024-03-04", "2024-03-27")]
N = 8_000
# A cell, and what it means; None is nothing that can be taken.
Cell = tuple[Any, Any]
NO_STAMPS = (
    "2024-11", "2024", "11", "2024-11-04T12:00:00+5", "2024-11-04T12:00+25:00", "2024-13-01", "2024-02-30T12:00Z",
    "2024-11-04T25:00Z", "2024-11-04T12:61Z", "5Z", "now", "today", "yesterday", "Nov 2024", "2024-W45", "2024-310",
    "12:00", "1e9", "-1", "T12:00Z", "2024-11-04T", "9999-12-31", "9999-12-31T23:59:59-14:00", "10000-01-01",
    "0000-00-00",
    "0001-01-01T00:00+14:00", "1" * 400, "9" * 5000, "\x1b[31m", "2024-11-04T12:00:00Z\u202e", "[" * 3000, "", "null",
    True, False, None, 5, -1, 1e300, 10**400, [], {}, ["2024-11-04"], {"a": 1},
)  # fmt: skip
NO_AMOUNTS = (
    "1_000", "0x10", "1e400", "nan", "inf", "-5", "1" * 400, "9" * 5000, "", "5%", "(5)", "abc", "1 2x", "--5", "$",
    "[" * 3000, "\x1b[31m", "1e", True, False, None, -5, -0.5, 1e400, 10**400, [], {}, [5], {"a": 5}, "True", "5\u202e",
)  # fmt: skip


def cases() -> list[Case]:
    """Return the cases of cells."""
    texts = [_case(f"headlines of {name}", partial(_texts, name), short=name == "escape codes") for name in ALPHABETS]
    tickers = [
        _case(f"tickers of {name}", partial(_tickers, name)) for name in ("plain", "markup", "any", "escape codes")
    ]
    stamps = [_case(f"stamps of headlines, part {n}", _stamps, short=n == 1) for n in range(1, 5)]
    bars = [_case(f"dates of bars, part {n}", _dates, n_inputs=4_000) for n in range(1, 4)]
    volumes = [_case(f"amounts, part {n}", _amounts, n_inputs=4_000, short=n == 1) for n in range(1, 4)]
    return [*texts, *tickers, *stamps, *bars, *volumes]


_case = partial(random_case, n_inputs=N)


def _texts(alphabet: str, folder: Path, random_: random.Random, n: int) -> str:
    """A headline is stored printable, and just as it was where it was printable."""
    texts = [draw_text(random_, alphabet) for _ in range(n)]
    start = datetime(2024, 11, 4, 12, tzinfo=UTC)
    rows = [
        {"ticker": "KOLA", "published_at": str(start + timedelta(seconds=k)), "headline": text}
        for k, text in enumerate(texts)
    ]
    read, n_dropped = _headlines(folder, rows)
    assert len(read) + n_dropped == n, f"{n - len(read) - n_dropped} rows vanished without a word"
    for row in read.itertuples():
        came = texts[round((row.published_at - pd.Timestamp(start)).total_seconds())]
        bad = [letter for letter in row.text if is_dangerous(letter)]
        assert not bad, f"{bad!r} was stored of {came!r}"
        if came.isprintable() and "&" not in came:
            assert row.text == " ".join(came.split()), f"{came!r} became {row.text!r}"
    return f"{len(read):,} stored, {n_dropped:,} left out and counted"


def _tickers(alphabet: str, folder: Path, random_: random.Random, n: int) -> str:
    """A ticker is one that stands in its cell, in capitals, or its row is left out."""
    cells = [draw_text(random_, alphabet, longest=8) for _ in range(n)]
    cells[: len(NO_STAMPS)] = [cell for cell in NO_STAMPS if isinstance(cell, str)] + ["BBB\0CCC"] * 20
    cells = [cell if random_.random() > 0.05 else "KOLA" for cell in cells[:n]]
    rows = [
        {"ticker": cell, "published_at": "2024-11-04T12:00:00Z", "headline": f"h{k}"} for k, cell in enumerate(cells)
    ]
    read, _ = _headlines(folder, rows)
    kept = {int(row.text[1:]): row.ticker for row in read.itertuples()}
    for k, ticker in kept.items():
        # A list of tickers stands for each of them.
        named = {part.upper() for part in (cells[k].strip(), *re.split(r"[\s,;|\[\]'\"]+", cells[k]))}
        assert ticker in named, f"{cells[k]!r} became {ticker!r}"
    lost = [cell for k, cell in enumerate(cells) if re.fullmatch(r"[A-Za-z]{1,8}", cell) and k not in kept]
    assert not lost, f"left out: {lost[:5]}"
    return f"{len(kept):,} of {n:,} were tickers"


def _stamps(folder: Path, random_: random.Random, n: int) -> str:
    """A stamp is the instant that it names, to the microsecond, or its row is left out."""
    cells: list[Cell] = [
        _stamp(random_) if random_.random() < 0.7 else (random_.choice(NO_STAMPS), None) for _ in range(n)
    ]
    rows = [{"ticker": "KOLA", "published_at": cell, "headline": f"h{k}"} for k, (cell, _) in enumerate(cells)]
    read, n_dropped = _headlines(folder, rows)
    assert len(read) + n_dropped == n
    kept = {int(row.text[1:]): row.published_at for row in read.itertuples()}
    _require_meant(cells, kept)
    return f"{len(kept):,} instants, {n_dropped:,} left out and counted"


def _dates(folder: Path, random_: random.Random, n: int) -> str:
    """A bar lies at the session that its date names, or is left out."""
    cells: list[Cell] = []
    rows = []
    for k in range(n):
        # Two rows of one ticker never name the same session.
        session = SESSIONS[k % len(SESSIONS)]
        cells.append(_date(random_, session) if random_.random() < 0.7 else (random_.choice(NO_STAMPS), None))
        rows.append(_bar(k // len(SESSIONS), cells[-1][0], volume=k + 1))
    bars = _bars(folder, rows)
    _require_meant(cells, {int(row.volume) - 1: row.session for row in bars.itertuples()})
    return f"{len(bars):,} bars of {n:,} rows"


def _amounts(folder: Path, random_: random.Random, n: int) -> str:
    """A volume is the number that its cell writes, or its row is left out: a flag is no number."""
    cells: list[Cell] = [
        _amount(random_) if random_.random() < 0.7 else (random_.choice(NO_AMOUNTS), None) for _ in range(n)
    ]
    n_sessions = len(SESSIONS)
    rows = [_bar(k // n_sessions, SESSIONS[k % n_sessions], volume=cell) for k, (cell, _) in enumerate(cells)]
    bars = _bars(folder, rows)
    places = {session: place for place, session in enumerate(SESSIONS)}
    kept = {
        int(row.ticker[1:]) * n_sessions + places[row.session.date().isoformat()]: row.volume
        for row in bars.itertuples()
    }
    _require_meant(cells, kept)
    for price in (True, False):
        rows = [_bar(0, SESSIONS[0], volume=1) | {"open": price}, _bar(0, SESSIONS[1], volume=2)]
        assert _bars(folder, rows)["volume"].tolist() == [2.0], f"{price} was taken for a price"
    return f"{len(bars):,} bars of {n:,} rows"


def _require_meant(cells: Sequence[Cell], kept: dict[int, Any]) -> None:
    for k, (cell, meant) in enumerate(cells):
        found = kept.get(k)
        shown = repr(cell)[:80] if not isinstance(cell, int) else "a whole number"
        assert (found is None) == (meant is None), f"{shown} means {meant}, and was read as {found}"
        assert found == meant, f"{shown} means {meant}, and was read as {found}"


def _stamp(random_: random.Random) -> Cell:
    # No midnight: many of them make dates of a whole column.
    wall = datetime(2001, 1, 1, 0, 7, 13) + timedelta(days=random_.randrange(8_700), hours=random_.randrange(1, 23))
    minutes = random_.choice((0, -300, 330, 840, -720))
    zoned = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    utc = wall.replace(tzinfo=UTC)
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    seconds = int(utc.timestamp())
    end = datetime(wall.year, wall.month, wall.day, 23, 59, 59, 999999, tzinfo=NEW_YORK)
    kinds: tuple[Callable[[], Cell], ...] = (
        lambda: (wall.isoformat() + "Z", utc),
        lambda: (wall.isoformat(sep=" ") + "+00:00", utc),
        lambda: (f"{wall.isoformat()}{sign}{size // 60:02d}:{size % 60:02d}", zoned),
        lambda: (f"{wall.isoformat()}{sign}{size // 60:02d}{size % 60:02d}", zoned),
        lambda: (f"{wall.isoformat()}.123456Z", utc + timedelta(microseconds=123456)),
        lambda: (wall.isoformat(), utc),
        lambda: (format_datetime(zoned), zoned),
        lambda: (seconds, utc),
        lambda: (str(seconds * 1000), utc),
        lambda: (str(seconds * 10**9), utc),
        lambda: (wall.date().isoformat(), end),
        lambda: (f"{wall:%Y%m%d}", end),
        lambda: (f"  {wall:%Y/%m/%d} ", end),
    )
    cell, instant = random_.choice(kinds)()
    return cell, pd.Timestamp(instant).tz_convert("UTC")


def _date(random_: random.Random, session: str) -> Cell:
    day = pd.Timestamp(session)
    forms = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 16:00:00-04:00")
    return day.strftime(random_.choice(forms)), day


def _amount(random_: random.Random) -> Cell:
    whole = random_.randrange(1, 10**9)
    fraction = whole / 100
    kinds: tuple[Cell, ...] = (
        (whole, float(whole)),
        (str(whole), float(whole)),
        (fraction, fraction),
        (f"{fraction:.2f}", fraction),
        (f"{whole}e2", whole * 100.0),
        (f" {whole} ", float(whole)),
        (0, 0.0),
    )
    return random_.choice(kinds)


def _bar(ticker: int, date: Any, *, volume: Any) -> dict[str, Any]:
    return {"ticker": f"T{ticker}", "date": date, "open": 10, "high": 11.5, "low": 9, "close": 10.25, "volume": volume}


def _write(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _headlines(folder: Path, rows: Sequence[dict[str, Any]]) -> tuple[pd.DataFrame, int]:
    source = FilesSource(FilesSettings(timezone="UTC"), file=_write(folder, "headlines.jsonl", rows))
    fetched = source.fetch_headlines(source.tickers, since=None, now=NOW)
    return fetched.headlines, sum(drop.n_rows for drop in fetched.dropped)


def _bars(folder: Path, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    source = FilesSource(FilesSettings(), file=_write(folder, "bars.jsonl", rows))
    return source.fetch_bars(dict.fromkeys(source.tickers, FIRST), now=NOW).bars
