"""A dataset's folder becomes instances and inputs, in both layouts and without a look ahead; or it is refused."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import DataError, SourceError, StockseqError, TooFewSessions
from tests.benchmarks.stocknet_folder import CALENDAR, N_TICKERS, read, write_as_published, write_tidy

CUT = pd.Timestamp("2015-08-20")


def test_both_layouts_give_the_same_inputs_and_instances(tables, data, tmp_path):
    """They are the same content; only the stamps of tweets place them, never the days of files."""
    other = read(write_as_published(tmp_path / "published", *tables))
    pd.testing.assert_frame_equal(data.instances, other.instances)
    np.testing.assert_array_equal(data.panel.indicators, other.panel.indicators)
    assert data.panel.texts == other.panel.texts


def test_the_periods_that_the_data_lack_are_named(data):
    """The made-up prices end in October 2015, within the literature's test quarter."""
    assert [period.name for period in data.scored] == ["dev", "test"]
    assert [period.name for period in data.lacking] == ["next"]
    assert data.main_period.name == "test"
    assert repr(data).startswith("BenchmarkData(1,")
    assert "development" in repr(data)


def test_nothing_after_the_close_before_a_move_reaches_its_inputs(tables, data, tmp_path):
    """Prices from the session of `CUT` on are poisoned, and a tweet is put one second after the close before it."""
    prices, tweets = (table.copy() for table in tables)
    future = (prices["date"] >= CUT).to_numpy()
    prices.loc[future, ["open", "high", "low", "close", "adj_close"]] *= 3.0
    prices.loc[future, "volume"] *= 7.0
    close = CALENDAR.schedule["close"][CALENDAR.previous_session(CUT)]
    late = tweets.groupby("ticker").head(1).assign(published_at=close + pd.Timedelta(seconds=1), headline="Disaster")
    late["id"] = "late-" + late["ticker"]
    poisoned = read(write_tidy(tmp_path / "poisoned", prices, pd.concat([tweets, late])))
    before = (data.panel.keys["session"] <= CUT).to_numpy()
    assert before.sum() > 1000
    np.testing.assert_array_equal(data.panel.indicators[before], poisoned.panel.indicators[before])
    rows = np.flatnonzero(before)
    assert [poisoned.panel.texts[row] for row in rows] == [data.panel.texts[row] for row in rows]
    assert sum("Disaster" in texts for texts in poisoned.panel.texts) == N_TICKERS


def test_a_tweet_at_the_close_itself_may_be_used(tables, tmp_path):
    """The cut is the close, and an instant equal to a decision counts as known at it."""
    prices, tweets = tables
    close = CALENDAR.schedule["close"][CALENDAR.previous_session(CUT)]
    punctual = tweets.head(1).assign(published_at=close, headline="Punctual", id="punctual")
    panel = read(write_tidy(tmp_path / "tidy", prices, pd.concat([tweets, punctual]))).panel
    rows = [row for row, texts in enumerate(panel.texts) if "Punctual" in texts]
    assert panel.keys.loc[rows, "session"].tolist() == [CUT]
    assert panel.keys.loc[rows, "decision_at"].tolist() == [close]


def refused(folder: Path, error: type[StockseqError], match: str) -> None:
    with pytest.raises(error, match=match) as caught:
        read(folder)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_refused(tmp_path):
    """The commonest mistake is a misspelt path."""
    refused(tmp_path / "nowhere", SourceError, "There is no folder")


def test_a_folder_of_neither_layout_is_refused(tmp_path):
    """Both layouts are named."""
    refused(tmp_path, SourceError, "must hold price/raw and tweet/raw.*or prices.parquet")


def test_prices_without_adjusted_closes_are_refused(tables, tmp_path):
    """Labels of plain closes would fall at each dividend."""
    prices, tweets = tables
    refused(write_tidy(tmp_path / "tidy", prices.drop(columns="adj_close"), tweets), SourceError, "no adjusted close")


def test_tweets_without_stamps_are_refused(tables, tmp_path):
    """A tweet that stands nowhere in time could be from after the move."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices, tweets.drop(columns="published_at"))
    refused(folder, SourceError, "published_at")


def test_tweets_whose_stamps_cannot_be_read_are_refused(tables, tmp_path):
    """In the authors' layout each line is one tweet; if all of them are unreadable, there is no text to read."""
    prices, tweets = tables
    folder = write_as_published(tmp_path / "published", prices, tweets.head(2))
    for path in folder.glob("tweet/raw/*/*"):
        path.write_text(path.read_text(encoding="utf-8").replace("+0000", "noon"), encoding="utf-8")
    refused(folder, SourceError, "2 were read, and none has a time")


def test_prices_that_end_before_the_development_period_are_refused(tables, tmp_path):
    """There would be nothing to score."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices[prices["date"] < "2015-08-01"], tweets)
    refused(folder, TooFewSessions, "scores moves from 2015-08-01 on.*2013-09-03 to 2015-07-31")


def test_prices_that_begin_after_the_training_period_are_refused(tables, tmp_path):
    """There would be nothing to learn from."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices[prices["date"] >= "2015-08-01"], tweets)
    refused(folder, TooFewSessions, "trains on moves from 2014-01-01 to 2015-08-01")


def test_an_impossible_adjusted_close_is_refused_with_its_row(tables, tmp_path):
    """It would give an impossible move, and no guess would be the right repair."""
    prices, tweets = tables
    prices = prices.assign(adj_close=prices["adj_close"].where(prices.index != 300, -1.0))
    refused(write_tidy(tmp_path / "tidy", prices, tweets), DataError, "1 of .* are not, first")


def test_a_file_of_prices_that_is_empty_is_refused(tables, tmp_path):
    """It can't be told from one whose contents were lost."""
    folder = write_as_published(tmp_path / "published", *(table.head(600) for table in tables))
    shutil.copy("/dev/null", folder / "price" / "raw" / "ZERO.csv")
    refused(folder, SourceError, "ZERO.csv is empty")
