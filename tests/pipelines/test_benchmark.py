"""The literature's benchmark on a small made-up dataset, in both layouts and in each way that a folder can be wrong."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.benchmark import run_benchmark
from pipelines.benchmark_data import BenchmarkData, read_dataset
from pipelines.benchmark_forecasts import NETWORKS, training_fold
from pipelines.benchmark_page import render_benchmark_run
from pipelines.context import Context
from pipelines.report import list_runs, run_report
from stockseq.config import Settings, load_settings
from stockseq.dataset.walk_forward import FoldSettings
from stockseq.errors import DataError, SettingsError, SourceError, StockseqError, TooFewSessions
from stockseq.sessions import TradingCalendar
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import Store
from tests.yahoo_server.simulated import SimulatedListings

NOW = pd.Timestamp("2016-06-01 12:00", tz="UTC")
CALENDAR = TradingCalendar.until(NOW)
CUT = pd.Timestamp("2015-08-20")
N_TICKERS = 6
SMALL = {
    "network.units": 2,
    "training.n_seeds": 2,
    "training.epochs": 2,
    "folds.validation_size": 30,
}


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices and tweets of a market from September 2013 to October 2015, as the tidy layout has them."""
    market = SimulatedMarket(n_sessions=535, n_tickers=N_TICKERS, first_session="2013-09-03")
    listings = SimulatedListings(market)
    views = {ticker: listings.view(ticker, NOW).bars for ticker in market.tickers}
    prices = pd.concat(view.rename_axis("date").reset_index().assign(ticker=ticker) for ticker, view in views.items())
    columns = ["ticker", "date", "open", "high", "low", "close", "adj_close", "volume"]
    tweets = market.headlines.rename(columns={"headline_id": "id", "text": "headline"})
    tweets = tweets.sort_values(["ticker", "published_at"], ignore_index=True)
    return prices[columns].reset_index(drop=True), tweets[["ticker", "published_at", "headline", "publisher", "id"]]


def write_tidy(folder: Path, prices: pd.DataFrame, tweets: pd.DataFrame) -> Path:
    folder.mkdir(exist_ok=True)
    prices.to_parquet(folder / "prices.parquet")
    tweets.to_parquet(folder / "headlines.parquet")
    return folder


def write_as_published(folder: Path, prices: pd.DataFrame, tweets: pd.DataFrame) -> Path:
    names = ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
    (folder / "price" / "raw").mkdir(parents=True)
    for ticker, own in prices.groupby("ticker"):
        own.drop(columns="ticker").set_axis(names, axis=1).to_csv(
            folder / "price" / "raw" / f"{ticker}.csv", index=False
        )
    # The authors' days of files and of stamps differ; a day too many here.
    days = (tweets["published_at"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
    for (ticker, day), own in tweets.groupby([tweets["ticker"], days]):
        path = folder / "tweet" / "raw" / str(ticker) / str(day)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            {
                "created_at": row.published_at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
                "text": row.headline,
                "id_str": row.id,
                "user": {"screen_name": row.publisher},
            }
            for row in own.itertuples()
        ]
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def settings_of(folder: Path, data: Path) -> Settings:
    return load_settings(overrides={**SMALL, "source": "stocknet", "stocknet.folder": str(folder), "data": str(data)})


def read(folder: Path, tmp_path: Path) -> BenchmarkData:
    return read_dataset(Context(settings_of(folder, tmp_path / "data"), NOW))


@pytest.fixture(scope="module")
def tidy(tables, tmp_path_factory) -> Path:
    return write_tidy(tmp_path_factory.mktemp("tidy"), *tables)


@pytest.fixture(scope="module")
def run(tidy, tmp_path_factory) -> Path:
    """The folder that one run left."""
    return run_benchmark(settings_of(tidy, tmp_path_factory.mktemp("store")), NOW, dataset="stocknet")


@pytest.fixture(scope="module")
def metrics(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_both_layouts_give_the_same_inputs_and_instances(tables, tidy, tmp_path):
    """They are the same content; only the stamps of tweets place them, never the days of files."""
    one, other = read(tidy, tmp_path), read(write_as_published(tmp_path / "published", *tables), tmp_path)
    pd.testing.assert_frame_equal(one.instances, other.instances)
    np.testing.assert_array_equal(one.panel.indicators, other.panel.indicators)
    assert one.panel.texts == other.panel.texts


def test_nothing_after_the_close_before_a_move_reaches_its_inputs(tables, tidy, tmp_path):
    """Prices from the session of `CUT` on are poisoned, and a tweet is put one second after the close before it."""
    prices, tweets = (table.copy() for table in tables)
    future = (prices["date"] >= CUT).to_numpy()
    prices.loc[future, ["open", "high", "low", "close", "adj_close"]] *= 3.0
    prices.loc[future, "volume"] *= 7.0
    close = CALENDAR.schedule["close"][CALENDAR.previous_session(CUT)]
    late = tweets.groupby("ticker").head(1).assign(published_at=close + pd.Timedelta(seconds=1), headline="Disaster")
    late["id"] = "late-" + late["ticker"]
    clean = read(tidy, tmp_path)
    poisoned = read(write_tidy(tmp_path / "poisoned", prices, pd.concat([tweets, late])), tmp_path)
    before = (clean.panel.keys["session"] <= CUT).to_numpy()
    assert before.sum() > 1000
    np.testing.assert_array_equal(clean.panel.indicators[before], poisoned.panel.indicators[before])
    assert [text for text, known in zip(poisoned.panel.texts, before, strict=True) if known] == [
        text for text, known in zip(clean.panel.texts, before, strict=True) if known
    ]
    assert sum("Disaster" in texts for texts in poisoned.panel.texts) == N_TICKERS


def test_a_tweet_at_the_close_itself_is_known(tables, tmp_path):
    """The cut is the close, and an instant equal to a decision counts as known at it."""
    prices, tweets = tables
    close = CALENDAR.schedule["close"][CALENDAR.previous_session(CUT)]
    punctual = tweets.head(1).assign(published_at=close, headline="Punctual", id="punctual")
    panel = read(write_tidy(tmp_path / "tidy", prices, pd.concat([tweets, punctual])), tmp_path).panel
    rows = [row for row, texts in enumerate(panel.texts) if "Punctual" in texts]
    assert panel.keys.loc[rows, "session"].tolist() == [CUT]
    assert panel.keys.loc[rows, "decision_at"].tolist() == [close]


def test_early_stopping_sees_the_last_training_sessions_behind_a_purge():
    """40 sessions, 10 held out, gap 5 and the session a label spans: 40 - 10 - 6 are fitted on, none later."""
    sessions = pd.bdate_range("2014-01-01", periods=40)
    fold = training_fold(sessions, FoldSettings(validation_size=10, gap=5))
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (24, 0, 10)
    assert fold.test[-1] == sessions[-1]


def test_every_forecaster_is_scored_on_the_same_instances(metrics):
    """Figures of different rows can't be compared."""
    for period in metrics["benchmark"]["periods"]:
        for sample in period["samples"]:
            assert len({(scores["n"], scores["n_sessions"]) for scores in sample["scores"].values()}) == 1
            assert set(NETWORKS) < set(sample["scores"])
            assert all(len(sample["scores"][name]["seeds"]) == 2 for name in NETWORKS)


def test_the_periods_that_the_data_lack_are_named(metrics):
    """The made-up prices end in October 2015, within the literature's test quarter."""
    benchmark = metrics["benchmark"]
    assert [period["name"] for period in benchmark["periods"]] == ["dev", "test"]
    assert [period["name"] for period in benchmark["lacking"]] == ["next"]
    assert benchmark["train"]["first"] == "2014-01-01"


def test_the_duels_are_corrected_as_one_family(metrics):
    """Holm's smallest p is the raw one times their number, if that is below 1."""
    duels = [duel for duel in metrics["benchmark"]["duels"] if duel["p"] is not None]
    least = min(duels, key=lambda duel: duel["p"])
    assert least["p_holm"] == pytest.approx(min(1.0, least["p"] * len(duels)))
    assert {duel["than"] for duel in duels} == {"prices"}


def test_each_network_is_a_trial(run, metrics):
    """What was scored on test dates counts, or luck would be measured against too little."""
    trials = Store(str(run.parents[1])).read("trials")
    assert sorted(trials["name"]) == sorted(f"benchmark stocknet: {name}" for name in NETWORKS)
    assert metrics["trials"] == len(NETWORKS)


def test_the_forecasts_of_all_forecasters_lie_in_the_run(run, metrics):
    """So that anybody can score them with another tool."""
    forecasts = pd.read_parquet(run / "benchmark_forecasts.parquet")
    test = forecasts[(forecasts["session"] >= "2015-10-01") & (forecasts["forecaster"] == "prices_and_text")]
    right = ((test["probability_up"] > 0.5) == (test["realised_return"] > 0)).mean()
    assert right == pytest.approx(metrics["forecast"]["accuracy"])
    assert test["realised_return"].abs().min() >= 0.005


def test_the_record_is_of_the_literatures_test_quarter_where_it_is_held(metrics):
    """The development period is what choices may be made on."""
    assert metrics["benchmark"]["main_period"] == "test"
    assert metrics["forecast"] == metrics["benchmark"]["periods"][1]["samples"][0]["scores"]["prices_and_text"]


def test_the_page_is_drawn_from_the_folder_alone(run):
    """A page that needs more could not be drawn again later."""
    page = run / "report" / "index.html"
    before = page.read_text(encoding="utf-8")
    assert render_benchmark_run(run).read_text(encoding="utf-8") == before
    assert "Nobody could have traded this." in before
    assert "NaN" not in before


def test_listing_and_drawing_runs_take_a_benchmark_like_any_other(run, tidy, capsys):
    """One odd folder must not cost the user the list of all."""
    settings = settings_of(tidy, run.parents[1])
    list_runs(settings, NOW)
    run_report(settings, NOW, name=run.name, open_page=False)
    assert run.name in capsys.readouterr().out.replace("\n", "")


def refused(folder: Path, tmp_path: Path, error: type[StockseqError], match: str, dataset: str = "stocknet") -> None:
    with pytest.raises(error, match=match) as caught:
        run_benchmark(settings_of(folder, tmp_path / "data"), NOW, dataset=dataset)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("dataset", "hint"), [("stoknet", "did you mean stocknet"), ("imdb", "known: stocknet")])
def test_an_unknown_dataset_is_refused_with_the_nearest(tidy, tmp_path, dataset, hint):
    """Nothing is written for a misspelt name."""
    refused(tidy, tmp_path, SettingsError, hint, dataset)


def test_a_missing_folder_is_refused(tmp_path):
    """The commonest mistake is a misspelt path."""
    refused(tmp_path / "nowhere", tmp_path, SourceError, "There is no folder")


def test_a_folder_of_neither_layout_is_refused(tmp_path):
    """Both layouts are told."""
    refused(tmp_path, tmp_path, SourceError, "must hold price/raw and tweet/raw.*or prices.parquet")


def test_prices_without_adjusted_closes_are_refused(tables, tmp_path):
    """Labels of plain closes would fall at each dividend."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices.drop(columns="adj_close"), tweets)
    refused(folder, tmp_path, SourceError, "no adjusted close")


def test_tweets_without_stamps_are_refused(tables, tmp_path):
    """A tweet that stands nowhere in time could be from after the move."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices, tweets.drop(columns="published_at"))
    refused(folder, tmp_path, SourceError, "published_at")


def test_tweets_whose_stamps_cannot_be_read_are_refused(tables, tmp_path):
    """In the authors' layout each line is one tweet; if all of them are unreadable, there is no text to read."""
    prices, tweets = tables
    folder = write_as_published(tmp_path / "published", prices, tweets.head(2))
    for path in folder.glob("tweet/raw/*/*"):
        path.write_text(path.read_text(encoding="utf-8").replace("+0000", "noon"), encoding="utf-8")
    refused(folder, tmp_path, SourceError, "2 were read, and none has a time")


def test_prices_that_end_before_the_development_period_are_refused(tables, tmp_path):
    """There would be nothing to score."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices[prices["date"] < "2015-08-01"], tweets)
    refused(folder, tmp_path, TooFewSessions, "scores moves from 2015-08-01 on.*2013-09-03 to 2015-07-31")


def test_prices_that_begin_after_the_training_period_are_refused(tables, tmp_path):
    """There would be nothing to learn from."""
    prices, tweets = tables
    folder = write_tidy(tmp_path / "tidy", prices[prices["date"] >= "2015-08-01"], tweets)
    refused(folder, tmp_path, TooFewSessions, "trains on moves from 2014-01-01 to 2015-08-01")


def test_an_impossible_adjusted_close_is_refused_with_its_row(tables, tmp_path):
    """It would give an impossible move, and no guess would be the right repair."""
    prices, tweets = tables
    prices = prices.assign(adj_close=prices["adj_close"].where(prices.index != 300, -1.0))
    refused(write_tidy(tmp_path / "tidy", prices, tweets), tmp_path, DataError, "1 of .* are not, first")


def test_a_file_of_prices_that_is_empty_is_refused(tables, tmp_path):
    """It can't be told from one whose contents were lost."""
    folder = write_as_published(tmp_path / "published", *(table.head(600) for table in tables))
    shutil.copy("/dev/null", folder / "price" / "raw" / "ZERO.csv")
    refused(folder, tmp_path, SourceError, "ZERO.csv is empty")
