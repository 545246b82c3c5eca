"""A file of headlines read in batches gives what it gives when it is read whole: rows, ids, counts, notes, refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files import FilesSettings, FilesSource, csv_batches, headline_stream
from stockseq.sources.files.headline_stream import open_headline_stream

NOW = pd.Timestamp("2024-12-31T12:00Z")
FNSPID = (
    "Unnamed: 0,Date,Article_title,Stock_symbol,Url,Publisher,Author,Article,Lsa_summary,Luhn_summary,Textrank_summary,"
    "Lexrank_summary\n"
)
KAGGLE = ",headline,url,publisher,date,stock\n"
PLAIN = "ticker,published_at,headline\n"
QUOTE = '"'


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a kilobyte and batches of seven rows, so that small files have many."""
    monkeypatch.setattr(csv_batches, "BLOCK", 4096)
    monkeypatch.setattr(csv_batches, "N_SHAPES", 5)
    monkeypatch.setattr(headline_stream, "N_MEASURED", 11)
    monkeypatch.setattr(headline_stream, "N_COMMITTED", 7)


def fnspid_rows(n: int = 120, *, with_articles: float = 0.4) -> str:
    """Return rows in FNSPID's layout: some repeat, some are dates, some articles have newlines and commas."""
    rng = np.random.default_rng(1)
    article = (
        '"First, of it, all, of, these, words, ""quoted"", and, more, of, them, still\n2020 was a year\n\nand so on"'
    )
    rows = []
    for number in range(n):
        stamp = pd.Timestamp("2019-01-01") + pd.Timedelta(minutes=int(rng.integers(0, 3 * 365 * 1440)))
        day = "00:00:00" if rng.random() < 0.3 else f"{stamp:%H:%M:%S}"
        ticker = ["AAPL", "msft", "", "NOT A TICKER", "KOLA"][int(rng.choice(5, p=[0.4, 0.3, 0.05, 0.05, 0.2]))]
        text = ["Apple &amp; Kola  rise", "Köla häuft an", '"Words, with commas"', "", "nan"][int(rng.integers(5))]
        tail = f",Author,{article},s,s,s,s" if rng.random() < with_articles else ",,,,,,"
        rows.append(f"{number},{stamp:%Y-%m-%d} {day} UTC,{text},{ticker},https://n.example/{number} ,Wire{tail}\n")
    return "".join([*rows, *rows[10:20], *rows[:3]])


def plain_rows(stamps: list[str]) -> str:
    return PLAIN + "".join(f"KOLA,{stamp},Words {number}\n" for number, stamp in enumerate(stamps))


CLOCKS = [f"2024-03-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:01Z" for n in range(40)]
FILES: dict[str, tuple[bytes, dict[str, object]]] = {
    "FNSPID": ((FNSPID + fnspid_rows()).encode(), {"preset": "fnspid"}),
    "FNSPID with a byte order mark and CRLF": (
        b"\xef\xbb\xbf" + (FNSPID + fnspid_rows(60)).replace("\n", "\r\n").encode(),
        {"preset": "fnspid"},
    ),
    "FNSPID in Windows-1252": ((FNSPID + fnspid_rows()).encode("cp1252"), {"preset": "fnspid"}),
    "FNSPID in a stated encoding": (
        (FNSPID + fnspid_rows(60)).encode("utf-16"),
        {"preset": "fnspid", "encoding": "utf-16"},
    ),
    "Kaggle raw": (
        (
            KAGGLE
            + "".join(
                f"{n},Kola rises {n},https://n.example/{n},Wire,2020-{1 + n % 12:02}-05 10:30:{n % 60:02}-04:00,KOLA\n"
                for n in range(60)
            )
            + "".join(
                f"{n},Kola falls {n},https://n.example/{n},Wire,2019-06-{1 + n % 28:02} 00:00:00,KOLA\n"
                for n in range(90)
            )
        ).encode(),
        {"preset": "kaggle_ratings"},
    ),
    "Kaggle processed": (
        (
            ",title,date,stock\n"
            + "".join(f"{n}.0,Kola rises {n},2020-06-05 10:30:{n % 60:02}-04:00,KOLA\n" for n in range(60))
        ).encode(),
        {"preset": "kaggle_ratings"},
    ),
    "midnights at the end of the file": (plain_rows([*CLOCKS, *["2024-04-01T00:00:00Z"] * 5]).encode(), {}),
    "midnights at the exchange": (plain_rows([*CLOCKS[:5], *["2024-04-01T04:00:00Z"] * 9]).encode(), {}),
    "one midnight in many clocks": (plain_rows([*CLOCKS, "2024-04-01T00:00:00Z"]).encode(), {}),
    "epochs of several units": (
        plain_rows(["1711900000", "1711900000000", "1711900001.5", "soon", "12/02/2024", *CLOCKS]).encode(),
        {},
    ),
    "a zone by the settings": (
        plain_rows(["2024-03-10 02:30:00", "2024-11-03 01:30:00", *CLOCKS]).encode(),
        {"timezone": "America/New_York"},
    ),
    "ids that repeat under other stamps": (
        (
            "ticker,published_at,headline,id\n"
            + "".join(f"KOLA,{s},Words {n % 9},{n % 13}\n" for n, s in enumerate(CLOCKS * 2))
        ).encode(),
        {},
    ),
    "rows that lack cells": (
        (
            PLAIN.replace("headline", "headline,url")
            + "".join(f"KOLA,{s},Words {n}{',u' * (n % 5 > 0)}\n" for n, s in enumerate(CLOCKS))
        ).encode(),
        {},
    ),
    "blank lines and no last newline": (
        plain_rows(CLOCKS).replace("Words 3\n", "Words 3\n\n   \n").rstrip("\n").encode(),
        {},
    ),
    "blank lines before the header": (("\n\n" + plain_rows(CLOCKS)).encode(), {}),
    "semicolons": (plain_rows(CLOCKS).replace(",", ";").encode(), {}),
    "stray quotes inside cells": (plain_rows(CLOCKS).replace("Words 4", 'Words "4" of').encode(), {}),
    "a quote that swallows rows": (
        plain_rows(CLOCKS).replace("Words 4", '"Words 4').replace("Words 7\n", 'Words 7"\n').encode(),
        {},
    ),
    "a quote in a column that isn't read swallows rows": (
        (
            FNSPID
            + "".join(
                f"{n},2020-01-06 10:{n}:00 UTC,Words {n},KOLA,u,Wire,{QUOTE * (n in (30, 36))},,,,,\n"
                for n in range(10, 60)
            )
        ).encode(),
        {"preset": "fnspid"},
    ),
    "dates without a time": (plain_rows(["2024-03-04", "20240305", *CLOCKS]).encode(), {}),
    "text too long, in the future, without a stamp": (
        (plain_rows([*CLOCKS, "2025-01-01T00:00:01Z", ""]) + f"KOLA,2024-03-04T10:00Z,{'x' * 2001}\n").encode(),
        {},
    ),
}


@pytest.mark.parametrize(
    ("name", "tickers"), [*((name, ()) for name in FILES), *((name, ("AAPL", "KOLA")) for name in list(FILES)[:4])]
)
def test_batches_give_what_the_whole_gives(tmp_path: Path, name: str, tickers: tuple[str, ...]) -> None:
    """Row by row and id by id, with the same counts of the same reasons and the same notes."""
    content, options = FILES[name]
    path = tmp_path / "news.csv"
    path.write_bytes(content)
    whole = FilesSource(FilesSettings.model_validate(options), file=path)
    settings = FilesSettings.model_validate({**options, "stream_above_mb": 0})
    stream = open_headline_stream(path, settings, now=NOW, tickers=tickers)
    assert stream is not None
    assert stream.tickers == whole.tickers
    assert stream.notes == whole.notes(NOW)
    expected = whole.fetch_headlines(tickers or whole.tickers, since=None, now=NOW)
    batches = list(stream.batches())
    assert len(batches) > 1
    rows = pd.concat([read.headlines for _, read in batches])
    rows = rows.sort_values(["ticker", "published_at", "headline_id"], ignore_index=True)
    if name == "rows that lack cells":
        # Those come last, so that of two that are the same another may be first.
        assert len(rows) == len(expected.headlines) == len(CLOCKS)
    pd.testing.assert_frame_equal(rows, expected.headlines)
    counted = {
        (drop.ticker, drop.reason): drop.n_rows
        for drop in stream.dropped
        if drop.ticker in (*(tickers or whole.tickers), "?")
    }
    assert counted == {(drop.ticker, drop.reason): drop.n_rows for drop in expected.dropped}
    assert batches[-1][0] == stream.n_rows


LATE = "".join(f"KOLA,2024-03-04T10:{n % 60:02}:{n // 60:02}Z,Words {n}\n" for n in range(600))
REFUSED: dict[str, tuple[bytes, str]] = {
    "a zero byte": ((PLAIN + LATE + "KOLA,2024-03-04T10:00Z,Wo\0rds\n").encode(), r"zero byte \(line 602\)"),
    "a cell too many": (
        (PLAIN + LATE + "KOLA,2024-03-04T10:00Z,Words,more\n").encode(),
        r"line 602 has 4 cells where the header has 3",
    ),
    "a quote that is never closed": (
        (PLAIN + LATE + 'KOLA,2024-03-04T10:00Z,"Words\n' + LATE[:900]).encode(),
        "the quote that opens in line 602 is never closed",
    ),
    "a quote that is never closed before much text": (
        (PLAIN + LATE + 'KOLA,2024-03-04T10:00Z,"Words\n' + LATE * 3).encode(),
        "record that begins in line 602 is longer than|quote that opens in line 602 is never closed",
    ),
    "a byte of no encoding": (
        (PLAIN + LATE).encode() + b"KOLA,2024-03-04T10:00Z,\x81\x8d\n",
        "isn't text in UTF-8 or Windows-1252: .* holds the byte 0x81",
    ),
    "a stamp without a zone": (
        (PLAIN + LATE + "KOLA,2024-03-04 10:00:00,Words\n").encode(),
        r"name no time zone \(1 of 601\), first 2024-03-04 10:00:00; set files.timezone",
    ),
    "a header alone": (PLAIN.encode(), "has no rows"),
    "no ticker in any row": ((PLAIN + ",2024-03-04T10:00Z,Words\n" * 3).encode(), "not one of 3 rows names a ticker"),
    "no headline column": (b"ticker,published_at,words\n" + LATE.encode(), "lacks the columns `headline`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_the_last_line_is_told_before_a_row_is_handed_on(tmp_path: Path, name: str) -> None:
    """As for a file read whole, whose sentence has the same words."""
    content, sentence = REFUSED[name]
    path = tmp_path / "news.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        open_headline_stream(path, FilesSettings(stream_above_mb=0), now=NOW)
    if "much text" not in name:
        with pytest.raises(SourceError, match=sentence):
            FilesSource(FilesSettings(), file=path).notes(NOW)


def test_a_file_without_one_usable_headline_is_refused_as_the_whole_is(tmp_path: Path) -> None:
    """All reasons are named."""
    path = tmp_path / "news.csv"
    path.write_text(plain_rows(["soon"] * 30))
    stream = open_headline_stream(path, FilesSettings(stream_above_mb=0), now=NOW)
    assert stream is not None
    with pytest.raises(SourceError, match="holds no usable headline: published_at not readable, such as 'soon'"):
        list(stream.batches())


@pytest.mark.parametrize(
    "content",
    [
        "ticker,published_at,headline,first_seen_at\nKOLA,2024-03-04T10:00Z,Words,2024-03-04T11:00Z\n",
        'ticker,published_at,headline\n"KOLA, LIMO",2024-03-04T10:00Z,Words\n',
        "ticker,published_at,headline\nKOLA.US,2024-03-04T10:00Z,Words\n",
        "published_at,headline\n2024-03-04T10:00Z,Words\n",
        "ticker,date,open,high,low,close,volume\nKOLA,2024-03-04,9,9,9,9,5\n",
    ],
)
def test_what_only_the_whole_file_tells_is_read_whole(tmp_path: Path, content: str) -> None:
    """When a headline was first seen, lists of tickers, Stooq's suffix, a file named after its ticker, bars."""
    path = tmp_path / "KOLA.csv"
    path.write_text(content)
    assert open_headline_stream(path, FilesSettings(stream_above_mb=0), now=NOW) is None


def test_a_small_file_is_read_whole(tmp_path: Path) -> None:
    """Up to `files.stream_above_mb`; other formats always."""
    path = tmp_path / "news.csv"
    path.write_text(plain_rows(CLOCKS))
    assert open_headline_stream(path, FilesSettings(), now=NOW) is None
    pd.DataFrame({"ticker": ["A"], "published_at": ["2024-03-04T10:00Z"], "headline": ["x"]}).to_parquet(
        tmp_path / "n.parquet"
    )
    assert open_headline_stream(tmp_path / "n.parquet", FilesSettings(stream_above_mb=0), now=NOW) is None
