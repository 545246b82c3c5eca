"""Tables out of CSV, JSON Lines and Parquet: columns, encodings and damage."""

import pandas as pd
import pytest

from stockseq.errors import SettingsError, SourceError
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.sources.files.source import read_bars_file
from stockseq.sources.files.tables import load_table
from tests.sources.files.price_files import AS_TRADED, NOW, bars_of, headlines_of, put


def test_a_ticker_named_NA_is_a_ticker(tmp_path):
    """Readers of CSV take it for a missing value."""
    read = bars_of(
        tmp_path, "ticker,date,open,high,low,close,volume\nNA,2024-12-02,1,1,1,1,1\nTRUE,2024-12-02,1,1,1,1,1\n"
    )
    assert read.bars["ticker"].tolist() == ["NA", "TRUE"]


def test_columns_are_found_whatever_their_case_and_extra_ones_are_told(tmp_path):
    """As Yahoo writes them; a file of one ticker may be named after it."""
    text = "Date,Open,High,Low,Close,Adj Close,Volume,Mood\n2024-12-02,1,1,1,1,1,5,good\n"
    read = read_bars_file(put(tmp_path, "KOLA.csv", text), FilesSettings(preset="yahoo"), now=NOW)
    assert read.bars["ticker"].tolist() == ["KOLA"]
    assert any("ignored: Mood" in note for note in read.notes)
    assert any("taken as KOLA's" in note for note in read.notes)


def test_columns_can_be_named(tmp_path):
    """Over the preset, ours to the file's."""
    text = "sym,day,open,high,low,last,volume\nKOLA,2024-12-02,1,1,1,1,5\n"
    read = bars_of(tmp_path, text, columns={"ticker": "sym", "date": "day", "close": "last"})
    assert read.bars["close"].tolist() == [1.0]


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    """Did you mean."""
    with pytest.raises(SourceError, match=r"lacks the columns `volume` \(did you mean `Volumes`\?\)"):
        bars_of(tmp_path, "ticker,date,open,high,low,close,Volumes\nKOLA,2024-12-02,1,1,1,1,5\n")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("bars.csv", b"", "is empty"),
        ("bars.csv", b"ticker,date,open,high,low,close,volume\n", "has no rows"),
        ("bars.parquet", b"PAR1 no more", "isn't a readable parquet|can't be read"),
        ("bars.jsonl", b"{broken", "isn't a readable jsonl"),
        ("bars.jsonl", b"[1, 2]\n", "each line must be one JSON object"),
        ("bars.xlsx", b"x", "must be one of .csv, .tsv, .txt, .jsonl, .parquet"),
        ("bars.csv", b"\x7fELF\x90", "isn't text in UTF-8 or Windows-1252: .* holds the byte 0x90"),
        ("bars.csv", b"PK\x03\x04\x00\xe9", "isn't text in UTF-8 or Windows-1252: .* holds the byte 0xe9"),
        ("bars.csv", b'a,b\n"1,2\n3,4,5,6\n"x', "isn't a readable csv|lacks the columns"),
    ],
)
def test_a_file_that_holds_no_table_is_refused_in_one_sentence(tmp_path, name, content, sentence):
    """Damaged, empty or of another kind."""
    with pytest.raises(SourceError, match=sentence):
        read_bars_file(put(tmp_path, name, content), FilesSettings(), now=NOW)


def test_a_missing_file_is_missing_whatever_its_name(tmp_path):
    """Told to convert it, its owner would look for a fault in the wrong place."""
    with pytest.raises(SourceError, match=r"There is no file .*nope\."):
        read_bars_file(tmp_path / "nope", FilesSettings(), now=NOW)


def test_text_in_another_encoding_is_read_and_said_to_be(tmp_path):
    """Windows-1252 is the usual one; a declared one is taken at its word."""
    content = "ticker,published_at,headline\nKOLA,2024-12-02T10:00:00Z,Köla häuft an\n".encode("cp1252")
    file = put(tmp_path, "headlines.csv", content)
    assert headlines_of(file).headlines["text"].tolist() == ["Köla häuft an"]
    assert any("Windows-1252" in note for note in FilesSource(FilesSettings(), file=file).notes(NOW))
    utf16 = "ticker,published_at,headline\nKOLA,2024-12-02T10:00:00Z,Köla\n".encode("utf-16")
    assert headlines_of(put(tmp_path, "h.csv", utf16), encoding="utf-16").headlines["text"].tolist() == ["Köla"]
    with pytest.raises(SettingsError, match="is expected, received 'utf-99'"):
        headlines_of(put(tmp_path, "h.csv", utf16), encoding="utf-99")


def test_the_three_formats_give_the_same_bars(tmp_path):
    """The format is no part of the data."""
    frame = pd.read_csv(put(tmp_path, "bars.csv", AS_TRADED))
    frame.to_json(tmp_path / "bars.jsonl", orient="records", lines=True)
    frame.assign(date=pd.to_datetime(frame["date"])).to_parquet(tmp_path / "bars.parquet")
    first, *others = (
        read_bars_file(tmp_path / f"bars.{kind}", FilesSettings(), now=NOW) for kind in ("csv", "jsonl", "parquet")
    )
    for other in others:
        pd.testing.assert_frame_equal(other.bars, first.bars)
        pd.testing.assert_frame_equal(other.actions, first.actions)


def test_an_index_of_parquet_is_a_column_if_it_has_a_name_and_nothing_without(tmp_path):
    """Frames that were joined repeat their row numbers, and yfinance's own have the date as the index."""
    rows = pd.DataFrame({"ticker": "AAPL", "close": [1.0, 2.0]})
    joined, dated = tmp_path / "joined.parquet", tmp_path / "dated.parquet"
    pd.concat([rows, rows]).to_parquet(joined)
    rows.set_index(pd.Index(["2024-02-05", "2024-02-06"], name="date")).to_parquet(dated)
    assert load_table(joined).frame.index.tolist() == [0, 1, 2, 3]
    assert load_table(dated).frame["date"].tolist() == ["2024-02-05", "2024-02-06"]


def test_a_zero_byte_in_a_cell_is_refused(tmp_path):
    """pandas would end the cell there: BBB for BBB\\0CCC."""
    text = "ticker,date,open,high,low,close,volume\nBBB\0CCC,2024-12-02,1,1,1,1,1\n"
    with pytest.raises(SourceError, match=r"holds a zero byte \(line 2\), which no text has"):
        bars_of(tmp_path, text)


def test_the_line_of_a_zero_byte_is_counted_from_the_start_of_the_file(tmp_path):
    """A file is read a mebibyte at a time."""
    row = "KOLA,2024-12-02,1,1,1,1,1\n"
    text = "ticker,date,open,high,low,close,volume\n" + row * 50_000 + row.replace("A", "\0")
    with pytest.raises(SourceError, match=r"zero byte \(line 50,002\)"):
        bars_of(tmp_path, text)


def test_cells_beyond_the_header_are_refused(tmp_path):
    """pandas would drop them, and say so in a warning of its own."""
    text = "ticker,date,open,high,low,close,volume\n" + "KOLA,2024-12-02,1,1,1,1,1,5,6\n" * 2
    with pytest.raises(SourceError, match="cells"):
        bars_of(tmp_path, text)


def test_texts_that_parquet_holds_as_bytes_are_texts(tmp_path):
    """Old writers don't mark them; taken as they print, `b'KOLA'` is no ticker and nothing would be stored."""
    frame = pd.DataFrame({"ticker": [b"KOLA"], "date": [b"2024-12-02"], "close": [1.0]})
    frame.to_parquet(tmp_path / "bars.parquet")
    assert load_table(tmp_path / "bars.parquet").frame["ticker"].tolist() == ["KOLA"]
    frame.assign(ticker=[b"\xff"]).to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(SourceError, match="its column 'ticker' holds bytes that are no text in UTF-8"):
        load_table(tmp_path / "bars.parquet")


def test_json_of_400_digits_or_3000_brackets_ends_in_a_sentence(tmp_path):
    """Both ended in a traceback."""
    row = '{"ticker": "KOLA", "date": "2024-12-02", "open": 1, "high": 1, "low": 1, "close": 1, "volume": VOLUME}'
    with pytest.raises(SourceError, match="volume is not a number, such as '1111"):
        read_bars_file(put(tmp_path, "bars.jsonl", row.replace("VOLUME", "1" * 400)), FilesSettings(), now=NOW)
    with pytest.raises(SourceError, match="its brackets are nested too deep"):
        read_bars_file(put(tmp_path, "bars.jsonl", row.replace("VOLUME", "[" * 3000)), FilesSettings(), now=NOW)


def test_a_flag_is_no_ticker_and_a_whole_number_stays_one(tmp_path):
    """Beside a gap pandas makes 700.0 of Hong Kong's 700, and of a flag a ticker called True."""
    rows = pd.DataFrame({"ticker": [700, None, 5], "date": "2024-12-02", "close": 1.0, "volume": 1.0})
    rows.assign(open=1.0, high=1.0, low=1.0).to_parquet(tmp_path / "bars.parquet")
    source = FilesSource(FilesSettings(), file=tmp_path / "bars.parquet")
    assert source.tickers == ("5", "700")
    rows.assign(open=1.0, high=1.0, low=1.0, ticker=True).to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(SourceError, match="not one of 3 rows names a ticker"):
        FilesSource(FilesSettings(), file=tmp_path / "bars.parquet").tickers  # noqa: B018
