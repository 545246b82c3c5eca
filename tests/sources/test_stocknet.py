"""The StockNet source against a dataset written by hand in the authors' layout."""

import json
from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.stocknet import StockNetSettings, StockNetSource, open_stocknet, read_adjusted_closes
from stockseq.testing import check_source

NOW = pd.Timestamp("2016-01-04 12:00", tz="UTC")
ALL = pd.Timestamp("1980-01-02")
PRICES = """Date,Open,High,Low,Close,Adj Close,Volume
2013-12-30,100.000000,101.000000,99.000000,100.000000,99.000000,1000
2013-12-31,100.000000,102.000000,99.500000,101.000000,100.980300,2000
2014-01-02,101.000000,103.000000,100.000000,102.000000,101.980300,0
"""


def tweet(created_at: str, text: str, key: str = "1") -> str:
    user = {"screen_name": "trader", "id_str": "7"}
    return json.dumps({"created_at": created_at, "text": text, "id_str": key, "user": user})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prices, tweets = tmp_path / "price" / "raw", tmp_path / "tweet" / "raw" / "KOLA"
    prices.mkdir(parents=True)
    tweets.mkdir(parents=True)
    (prices / "KOLA.csv").write_text(PRICES)
    lines = [
        tweet("Wed Jan 01 03:59:03 +0000 2014", "$KOLA up", "11"),
        tweet("Wed Jan 01 03:59:03 +0000 2014", "$KOLA up", "11"),
        tweet("Thu Jan 02 13:00:00 +0000 2014", "half a pair \ud83d of surrogates", "12"),
        "not json",
        tweet("tomorrow", "no time", "13"),
        tweet("Wed Jan 01 03:59:03 +0000 2020", "from the future", "14"),
    ]
    (tweets / "2014-01-01").write_text("\n".join(lines))
    (tweets / "2014-01-03").write_text(tweet("Tue Dec 31 22:10:08 +0000 2013", "filed under another day", "15") + "\n")
    return tmp_path


@pytest.fixture
def source(folder) -> StockNetSource:
    return StockNetSource(StockNetSettings(folder=str(folder)))


def test_it_keeps_the_contract_of_a_source(source):
    """The same as a user's own source must."""
    check_source(source, ["KOLA"], NOW)


def test_prices_are_read_as_they_are_and_a_session_without_volume_stays(source):
    """A zero volume is a fact about the session; labels leave it out later."""
    fetched = source.fetch_bars({"KOLA": ALL}, now=NOW)
    assert fetched.bars["close"].tolist() == [100.0, 101.0, 102.0]
    assert fetched.bars["volume"].tolist() == [1000.0, 2000.0, 0.0]
    assert fetched.outcomes["KOLA"].status == "updated"


def test_a_dividend_is_what_the_adjusted_closes_imply(source):
    """Adj / close: .99, then .9998020: D = 100 * (1 - .99 / .9998020) = .9804; the last step, 5e-9, is rounding."""
    actions = source.fetch_bars({"KOLA": ALL}, now=NOW).actions
    assert actions["session"].tolist() == [pd.Timestamp("2013-12-31")]
    assert actions["value"].iloc[0] == pytest.approx(100 * (1 - 0.99 / (100.9803 / 101)), rel=1e-9)


def test_tweets_stand_at_their_own_time_and_not_at_their_files(source):
    """In the dataset 7 % of the files' days differ from the stamps."""
    headlines = source.fetch_headlines(["KOLA"], since=None, now=NOW).headlines
    stamps = headlines["published_at"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist()
    assert stamps == ["2013-12-31 22:10:08", "2014-01-01 03:59:03", "2014-01-02 13:00:00"]
    assert headlines["publisher"].unique().tolist() == ["trader"]
    assert headlines["first_seen_at"].isna().all()
    assert headlines["text"].iloc[2] == "half a pair ? of surrogates"


def test_what_is_left_out_is_counted(source):
    """A line that isn't JSON, a stamp that isn't one, the future, a repetition."""
    dropped = source.fetch_headlines(["KOLA"], since=None, now=NOW).dropped
    assert {drop.reason: drop.n_rows for drop in dropped} == {
        "tweet without a readable time or text": 2,
        "published after now": 1,
        "headline repeated": 1,
    }


def test_a_broken_price_file_fails_its_ticker_alone(source, folder):
    """One ticker's failure never costs another's data."""
    (folder / "price" / "raw" / "NULL.csv").write_text("")
    outcomes = source.fetch_bars({"KOLA": ALL, "NULL": ALL}, now=NOW).outcomes
    assert {ticker: outcome.status for ticker, outcome in outcomes.items()} == {"KOLA": "updated", "NULL": "failed"}
    assert "empty" in outcomes["NULL"].reason


@pytest.mark.parametrize("ticker", ["AAPL", "../../x", "<script>"])
def test_a_ticker_without_files_is_unknown(source, ticker):
    """A path is never built from what isn't listed."""
    assert source.fetch_bars({ticker: ALL}, now=NOW).outcomes[ticker].status == "unknown"
    assert source.fetch_headlines([ticker], since=None, now=NOW).outcomes[ticker].status == "unknown"


def test_another_folder_is_refused_with_the_layout(tmp_path):
    """So that the user sees what was expected."""
    with pytest.raises(SourceError, match=r"price/raw is missing. Set stocknet.folder"):
        _ = StockNetSource(StockNetSettings(folder=str(tmp_path))).tickers


TIDY_PRICES = pd.DataFrame(
    {
        "ticker": "KOLA",
        "date": pd.to_datetime(["2013-12-30", "2013-12-31", "2014-01-02"]),
        "open": [100.0, 100.0, 101.0],
        "high": [101.0, 102.0, 103.0],
        "low": [99.0, 99.5, 100.0],
        "close": [100.0, 101.0, 102.0],
        "adj_close": [99.0, 100.9803, 101.9803],
        "volume": [1000.0, 2000.0, 0.0],
    }
)
TIDY_TWEETS = pd.DataFrame(
    {
        "ticker": "KOLA",
        "published_at": pd.to_datetime(["2014-01-01T03:59:03Z", "2013-12-31T22:10:08Z"]),
        "headline": ["$KOLA up", "filed under another day"],
        "id": ["11", "15"],
    }
)


@pytest.fixture
def tidy(tmp_path: Path) -> Path:
    path = tmp_path / "tidy"
    path.mkdir()
    TIDY_PRICES.to_parquet(path / "prices.parquet")
    TIDY_TWEETS.to_parquet(path / "headlines.parquet")
    return path


def test_both_layouts_give_the_same_bars_dividends_and_adjusted_closes(folder, tidy):
    """They are the same content; so is what becomes of them."""
    as_published, tidied = (StockNetSettings(folder=str(path)) for path in (folder, tidy))
    first, second = (open_stocknet(settings).fetch_bars({"KOLA": ALL}, now=NOW) for settings in (as_published, tidied))
    columns = ["ticker", "session", "open", "high", "low", "close", "volume"]
    pd.testing.assert_frame_equal(first.bars[columns], second.bars[columns])
    pd.testing.assert_frame_equal(
        first.actions[["session", "kind", "value"]], second.actions[["session", "kind", "value"]]
    )
    pd.testing.assert_frame_equal(read_adjusted_closes(as_published), read_adjusted_closes(tidied))
    assert read_adjusted_closes(tidied)["adjusted_close"].tolist() == [99.0, 100.9803, 101.9803]


def test_tidy_tweets_stand_at_their_own_time(tidy):
    """As in the authors' layout, the day of a file is not asked."""
    headlines = (
        open_stocknet(StockNetSettings(folder=str(tidy))).fetch_headlines(["KOLA"], since=None, now=NOW).headlines
    )
    assert headlines["published_at"].dt.day.tolist() == [31, 1]


def test_a_missing_folder_is_named(tmp_path):
    """A misspelt path is the commonest mistake."""
    with pytest.raises(SourceError, match=r"There is no folder .*nowhere; name the one"):
        open_stocknet(StockNetSettings(folder=str(tmp_path / "nowhere")))


def test_a_folder_of_neither_layout_is_told_both(tmp_path):
    """So that the user sees what either would be."""
    with pytest.raises(
        SourceError, match=r"must hold price/raw and tweet/raw.*or prices.parquet and headlines.parquet"
    ):
        open_stocknet(StockNetSettings(folder=str(tmp_path)))


def test_the_missing_half_of_the_tidy_layout_is_named(tidy):
    """Prices without tweets are no benchmark of text."""
    (tidy / "headlines.parquet").unlink()
    with pytest.raises(SourceError, match=r"headlines.parquet is missing"):
        open_stocknet(StockNetSettings(folder=str(tidy)))


def test_prices_without_adjusted_closes_are_refused_with_their_file(folder, tidy):
    """The literature's labels are of adjusted closes; the plain ones fall at each dividend."""
    TIDY_PRICES.drop(columns="adj_close").to_parquet(tidy / "prices.parquet")
    with pytest.raises(SourceError, match=r"prices.parquet has no adjusted close"):
        read_adjusted_closes(StockNetSettings(folder=str(tidy)))
    path = folder / "price" / "raw" / "KOLA.csv"
    path.write_text(PRICES.replace("Adj Close", "Something"))
    with pytest.raises(SourceError, match=r"KOLA.csv has no adjusted close"):
        read_adjusted_closes(StockNetSettings(folder=str(folder)))
