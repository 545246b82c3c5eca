"""The files that people export: each is read, or refused for what it is."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files import FilesSettings
from stockseq.sources.files.source import read_bars_file
from tests.sources.files.price_files import NOW, headlines_of, put, reasons

ROW = {"open": 9.25, "high": 10.5, "low": 9.0, "close": 10.25, "volume": 500.0}


def first_bar(folder, name: str, text: str, **settings: object) -> dict:
    read = read_bars_file(put(folder, name, text), FilesSettings(**settings), now=NOW)
    bar = read.bars.iloc[0]
    return {"ticker": bar["ticker"], "session": str(bar["session"].date())} | {name: bar[name] for name in ROW}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KOLA.csv", "Price,Close,High,Low,Open,Volume\nTicker,KOLA,KOLA,KOLA,KOLA,KOLA\nDate,,,,,\n"
         "2024-12-02,10.25,10.5,9.0,9.25,500\n"),
        ("x.csv", "Ticker,KOLA,KOLA,KOLA,KOLA,KOLA\nPrice,Open,High,Low,Close,Volume\nDate,,,,,\n"
         "2024-12-02,9.25,10.5,9.0,10.25,500\n"),
        ("KOLA.csv", ",Open,High,Low,Close,Volume\n2024-12-02,9.25,10.5,9.0,10.25,500\n"),
        ("KOLA.csv", '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\n'
         '"12/02/2024","10.25","9.25","10.50","9.00","0.50K","0.26%"\n"12/31/2024","10.25","9.25","10.50","9.00","0.50K",'
         '"0.26%"\n'),
        ("KOLA.csv", "Date,Close/Last,Volume,Open,High,Low\n12/02/2024,$10.25,500,$9.25,$10.50,$9.00\n"
         "12/31/2024,$10.25,500,$9.25,$10.50,$9.00\n"),
        ("x.txt", "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
         "KOLA.US,D,20241202,000000,9.25,10.5,9,10.25,500,0\n"),
        ("KOLA.csv", "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
         "2024-12-02,9.25,10.5,9,10.25,10.25,500,0.0000,1.0\n"),
        ("KOLA.csv", "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,"
         "Adj. Volume\n2024-12-02,9.25,10.5,9,10.25,500,0.0,1.0,9.25,10.5,9,10.25,500\n"),
        ("x.csv", "date,open,high,low,close,volume,tic,day\n2024-12-02,9.25,10.5,9,10.25,500,KOLA,0\n"),
        ("x.csv", "date,open,high,low,close,volume,Name\n2024-12-02,9.25,10.5,9,10.25,500,KOLA\n"),
        ("x.csv", "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TIMESTAMP,ISIN,\n"
         "KOLA,N1,990,990,990,990,990,990,5,02-DEC-2024,INE1,\nKOLA,EQ,9.25,10.5,9,10.25,10,9,500,02-DEC-2024,INE0,\n"),
        ("x.csv", "ticker;date;open;high;low;close;volume\nKOLA;2024-12-02;9,25;10,5;9,0;10,25;500\n"),
        ("x.csv", "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,9.25,10.5,9,10.25,500,\n"),
    ],
    ids=("yfinance", "by ticker", "no name", "investing", "nasdaq", "stooq", "alpha vantage", "quandl", "tic", "Name",
         "nse", "semicolons", "trailing"),
)  # fmt: skip
def test_the_files_that_people_export_are_read(tmp_path, name, text):
    """One bar, written in each of them."""
    assert first_bar(tmp_path, name, text) == {"ticker": "KOLA", "session": "2024-12-02", **ROW}


def test_several_tickers_wide_are_one_row_each(tmp_path):
    """Cells of a ticker without a bar are no rows."""
    text = (
        "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker,KOLA,LIMO,KOLA,LIMO,KOLA,LIMO,KOLA,LIMO,"
    )
    text += "KOLA,LIMO\nDate,,,,,,,,,,\n2024-12-02,10,20,10,20,10,20,10,20,5,6\n2024-12-03,11,,11,,11,,11,,5,\n"
    read = read_bars_file(put(tmp_path, "prices.csv", text), FilesSettings(), now=NOW)
    assert read.bars[["ticker", "close"]].to_numpy().tolist() == [["KOLA", 10.0], ["KOLA", 11.0], ["LIMO", 20.0]]
    wide = pd.DataFrame(
        [[10.0] * 4 + [5.0], [11.0] * 4 + [5.0]],
        index=pd.DatetimeIndex(["2024-12-02", "2024-12-03"], name="Date"),
        columns=pd.MultiIndex.from_product([["Close", "High", "Low", "Open", "Volume"], ["KOLA"]]),
    )
    wide.to_parquet(tmp_path / "wide.parquet")
    assert len(read_bars_file(tmp_path / "wide.parquet", FilesSettings(), now=NOW).bars) == 2


def test_a_bond_of_the_same_symbol_is_told_from_its_share(tmp_path):
    """NSE's N1 beside EQ; counted, not a conflict."""
    text = "SYMBOL,SERIES,DATE1,OPEN_PRICE,HIGH_PRICE,LOW_PRICE,CLOSE_PRICE,TTL_TRD_QNTY\n"
    text += "KOLA, EQ, 02-Dec-2024, 10, 10, 10, 10, 5\nKOLA, N1, 02-Dec-2024, 990, 990, 990, 990, 5\n"
    read = read_bars_file(put(tmp_path, "x.csv", text), FilesSettings(), now=NOW)
    assert read.bars["close"].tolist() == [10.0]
    assert reasons(read) == {"series N1 of NSE beside its shares": 1}


def test_a_file_without_tickers_whose_dates_repeat_is_several_tickers(tmp_path):
    """Named after one of them, or after what it holds, it would become a company that is none."""
    text = "date,company,open,high,low,close,volume\n2024-12-02,A Co,1,1,1,1,5\n2024-12-02,B Co,9,9,9,9,5\n"
    with pytest.raises(SourceError, match=r"no ticker column and 1 row with other values .* it is of several tickers"):
        read_bars_file(put(tmp_path, "KOLA.csv", text), FilesSettings(), now=NOW)
    with pytest.raises(SourceError, match="lacks the columns `ticker`"):
        read_bars_file(put(tmp_path, "prices.csv", text), FilesSettings(), now=NOW)


def test_rows_without_a_ticker_are_counted_and_lists_are_spread(tmp_path):
    """A headline of two companies is one of each; one of none is nobody's."""
    text = '{"symbols": ["KOLA", "LIMO"], "published_at": "2024-12-02T10:00:00Z", "headline": "Both"}\n'
    text += '{"symbols": [], "published_at": "2024-12-02T10:00:00Z", "headline": "None"}\n'
    text += '{"symbols": null, "published_at": "2024-12-02T10:00:00Z", "headline": "Null"}\n'
    file = put(tmp_path, "headlines.jsonl", text)
    fetched = headlines_of(file)
    assert fetched.headlines["ticker"].tolist() == ["KOLA", "LIMO"]
    assert {drop.reason: drop.n_rows for drop in fetched.dropped} == {"no ticker": 2}
    with pytest.raises(SourceError, match="not one of 1 row names a ticker"):
        headlines_of(put(tmp_path, "h.jsonl", text.splitlines()[2] + "\n"))


def test_a_stray_quote_that_swallows_rows_is_told(tmp_path):
    """The later headline would stand in the earlier one, as news from the future."""
    text = (
        'ticker,published_at,headline\nKOLA,2024-12-02T10:00:00Z,"Kola rises\nKOLA,2024-12-03T10:00:00Z,"Kola falls\n'
    )
    text += "KOLA,2024-12-04T10:00:00Z,Kola rests\n"
    fetched = headlines_of(put(tmp_path, "headlines.csv", text))
    assert fetched.headlines["text"].tolist() == ["Kola rests"]
    assert [drop.reason for drop in fetched.dropped] == ["row in which a stray quote swallowed others"]
    with pytest.raises(SourceError, match=r"the quote that opens in line . is never closed"):
        headlines_of(put(tmp_path, "h.csv", text.replace('"Kola falls', "Kola falls")))


def test_no_volume_is_said_as_that_where_the_file_names_the_ticker(tmp_path):
    """The ticker is not missing, for the file's name gives it."""
    text = "date,open,high,low,close\n2024-12-02,10,10,10,10\n"
    with pytest.raises(SourceError, match="states no volume, as indices and exchange rates have none"):
        read_bars_file(put(tmp_path, "KOLA.csv", text), FilesSettings(), now=NOW)


def test_no_volume_at_all_is_said_as_that(tmp_path):
    """An index has none; the advice to look for a column would be none."""
    text = "ticker,date,open,high,low,close\n^KVOL,2024-12-02,10,10,10,10\n"
    with pytest.raises(SourceError, match="states no volume, as indices and exchange rates have none"):
        read_bars_file(put(tmp_path, "x.csv", text), FilesSettings(), now=NOW)
    read = read_bars_file(
        put(tmp_path, "y.csv", "ticker,date,open,high,low,close,volume\n^KVOL,2024-12-02,10,10,10,10,0\n"),
        FilesSettings(),
        now=NOW,
    )
    assert read.doubts[0].startswith("y.csv: ^KVOL has no volume in any of 1 bar")


BARS = "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,9.25,10.5,9,10.25,500\n"


@pytest.mark.parametrize("preset", ["fnspid", "kaggle_ratings"])
def test_a_preset_of_headlines_leaves_the_bars_beside_them_alone(tmp_path, preset):
    """Its `date` is that of a headline; the bars' own is read as ever."""
    assert first_bar(tmp_path, "bars.csv", BARS, preset=preset) == {"ticker": "KOLA", "session": "2024-12-02"} | ROW


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"close": "Lsat"}, "has no column `Lsat`, which files.columns names as close; it has ticker, date"),
        ({"close": "clos"}, "has no column `clos`, which files.columns names as close; did you mean `close`?"),
        ({"clos": "close"}, "there is no column `clos` here; did you mean `close`?"),
    ],
)
def test_a_column_that_is_named_and_not_there_is_refused(tmp_path, columns, said):
    """The file's own `close` would be taken in its place without a word."""
    with pytest.raises(SourceError) as refused:
        first_bar(tmp_path, "bars.csv", BARS, columns=columns)
    assert said in str(refused.value)


@pytest.mark.parametrize("second", ["close", "Close"])
def test_a_column_that_stands_twice_is_refused_unless_one_is_named(tmp_path, second):
    """Which of two closes counts nobody can tell."""
    text = f"ticker,date,open,high,low,close,volume,{second}\nKOLA,2024-12-02,9.25,10.5,9,10.25,500,7\n"
    with pytest.raises(SourceError, match="has the column `close` more than once"):
        first_bar(tmp_path, "bars.csv", text)
    assert first_bar(tmp_path, "bars.csv", text, columns={"close": "close"})["close"] == 10.25


def test_a_file_of_headlines_without_its_headline_lacks_that(tmp_path):
    """To list the columns of bars would send the reader astray."""
    path = put(tmp_path, "h.csv", "ticker,published_at,words\nKOLA,2024-12-02T10:00Z,x\n")
    with pytest.raises(SourceError, match="lacks the columns `headline`"):
        headlines_of(path)
