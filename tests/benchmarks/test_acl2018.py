"""The instances of Xu & Cohen (2018), at the borders of their rule and against the literature's own list."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from stockseq.benchmarks.acl2018 import label_instances, tweeted_every_day
from stockseq.errors import DataError
from stockseq.sessions import TradingCalendar
from stockseq.sources.stocknet import StockNetSettings, read_adjusted_closes

STOCKNET = Path(__file__).parents[3] / "shared" / "data" / "stocknet"
CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2013-06-03"), pd.Timestamp("2016-06-30"))


def closes(values: list[float], *, last: str = "2014-03-31", ticker: str = "KOLA") -> pd.DataFrame:
    """Return adjusted closes of the sessions up to and with `last`."""
    sessions = CALENDAR.between(CALENDAR.first, pd.Timestamp(last))[-len(values) :]
    return pd.DataFrame({"ticker": ticker, "session": sessions, "adjusted_close": values})


def moves(*last_two: float) -> list[float]:
    return label_instances(closes([100.0] * 4 + list(last_two)), calendar=CALENDAR).table["realised_return"].tolist()


def test_a_fall_of_exactly_half_a_percent_is_down():
    """The paper writes "at most -0.5 %": 398 / 400 = .995."""
    assert moves(400.0, 398.0) == [pytest.approx(-0.005, abs=1e-12)]


def test_a_smaller_fall_is_no_instance():
    """398.01 / 400 = .995025, a fall of .4975 %."""
    assert moves(400.0, 398.01) == []


def test_a_rise_of_exactly_the_limit_is_no_instance():
    """The paper writes "over 0.55 %": 402.2 / 400 = 1.0055."""
    assert moves(400.0, 402.2) == []


def test_a_rise_beyond_the_limit_is_up():
    """402.24 / 400 = 1.0056."""
    assert moves(400.0, 402.24) == [pytest.approx(0.0056)]


def test_five_bars_must_lie_before_a_move():
    """Seven bars that all move: only the sixth and the seventh have a window behind them."""
    instances = label_instances(closes([100.0, 101.0, 102.1, 103.2, 104.3, 105.4, 106.5]), calendar=CALENDAR)
    assert instances.table["session"].dt.day.tolist() == [28, 31]
    assert {drop.reason: drop.n_rows for drop in instances.dropped} == {"fewer than 5 bars before the move": 5}


def test_what_moved_too_little_is_counted():
    """Nothing is left out in silence."""
    dropped = label_instances(closes([100.0] * 8), calendar=CALENDAR).dropped
    assert {drop.reason: drop.n_rows for drop in dropped} == {
        "fewer than 5 bars before the move": 5,
        "a move above -0.5 % and of at most 0.55 %": 3,
    }


def test_a_move_never_runs_from_one_ticker_to_the_next():
    """The first bar of a ticker has no close before it."""
    frame = pd.concat([closes([100.0] * 6), closes([300.0] * 6, ticker="MIRO")])
    assert label_instances(frame, calendar=CALENDAR).table.empty


def test_a_move_runs_from_close_to_close():
    """2014-07-03 closed at 13:00 in New York, 17:00 UTC; the session after the holiday is Monday the 7th."""
    table = label_instances(closes([100.0] * 5 + [102.0], last="2014-07-07"), calendar=CALENDAR).table
    assert table["entry_at"].tolist() == [pd.Timestamp("2014-07-03 17:00", tz="UTC")]
    assert table["exit_at"].tolist() == [pd.Timestamp("2014-07-07 20:00", tz="UTC")]


@pytest.mark.parametrize(
    ("session", "period"),
    [
        ("2014-01-02", "train"),
        ("2015-07-31", "train"),
        ("2015-08-03", "dev"),
        ("2015-09-30", "dev"),
        ("2015-10-01", "test"),
        ("2015-12-31", "test"),
        ("2016-01-04", "next"),
        ("2016-03-31", "next"),
    ],
)
def test_a_period_ends_before_its_last_date(session, period):
    """The paper's dates: from 2014-01-01 to 2015-08-01, to 2015-10-01, to 2016-01-01."""
    table = label_instances(closes([100.0] * 5 + [102.0], last=session), calendar=CALENDAR).table
    assert table["period"].tolist() == [period]


@pytest.mark.parametrize("session", ["2013-12-31", "2016-04-01"])
def test_what_lies_outside_every_period_is_no_instance(session):
    """Neither before the training dates nor after the quarter unseen by the literature."""
    assert label_instances(closes([100.0] * 5 + [102.0], last=session), calendar=CALENDAR).table.empty


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf"), float("nan")])
def test_an_impossible_price_is_named(price):
    """A return from it would be no return."""
    with pytest.raises(DataError, match="1 of 6 are not, first KOLA on 2014-03-31"):
        label_instances(closes([100.0] * 5 + [price]), calendar=CALENDAR)


def test_a_repeated_session_is_named():
    """Of two closes of one session, nobody knows which one is meant."""
    frame = closes([100.0] * 6)
    with pytest.raises(DataError, match="1 repeat, first KOLA on 2014-03-31"):
        label_instances(pd.concat([frame, frame.tail(1)]), calendar=CALENDAR)


def tweeted(session: str, *stamps: str, ticker: str = "KOLA") -> bool:
    instances = pd.DataFrame({"ticker": ["KOLA"], "session": [pd.Timestamp(session)]})
    published = pd.DatetimeIndex(pd.to_datetime(list(stamps), utc=True))
    tweets = pd.DataFrame({"ticker": ticker, "published_at": published})
    return bool(tweeted_every_day(instances, tweets, calendar=CALENDAR).iloc[0])


def test_a_weekend_counts_for_the_monday():
    """Monday 2014-01-13: lag days Thursday (tweets of the 8th), Friday (the 9th) and Monday (the 10th to the 12th)."""
    assert tweeted("2014-01-13", "2014-01-08T12:00Z", "2014-01-09T12:00Z", "2014-01-11T12:00Z")


@pytest.mark.parametrize(
    "stamps",
    [
        ("2014-01-09T12:00Z", "2014-01-11T12:00Z"),
        ("2014-01-07T12:00Z", "2014-01-09T12:00Z", "2014-01-11T12:00Z"),
        ("2014-01-08T12:00Z", "2014-01-09T12:00Z", "2014-01-13T00:00Z"),
    ],
    ids=["one day without", "six days before", "on the day itself"],
)
def test_a_lag_day_without_tweets_excludes(stamps):
    """Nothing else fills its place."""
    assert not tweeted("2014-01-13", *stamps)


def test_a_holiday_is_no_lag_day():
    """Tuesday 2014-01-21 after Martin Luther King day: Friday (the 16th) and Tuesday (the 17th to the 20th)."""
    assert tweeted("2014-01-21", "2014-01-16T12:00Z", "2014-01-20T12:00Z")


def test_another_tickers_tweets_do_not_count():
    """Each stock has its own tweets."""
    assert not tweeted("2014-01-21", "2014-01-16T12:00Z", "2014-01-20T12:00Z", ticker="MIRO")


@pytest.mark.skipif(not STOCKNET.exists(), reason="the shared StockNet data is not here")
def test_the_real_prices_give_the_literatures_counts():
    """Xu & Cohen's rule on the raw prices: 20,341 train, 2,555 dev, and 3,720 test where that quarter is given."""
    table = label_instances(read_adjusted_closes(StockNetSettings(folder=str(STOCKNET))), calendar=CALENDAR).table
    counts = Counter(table["period"])
    assert counts["train"] == 20_341
    assert counts["dev"] == 2_555
    assert counts["test"] in (0, 3_720)


@pytest.mark.skipif(not STOCKNET.exists(), reason="the shared StockNet data is not here")
def test_the_literatures_own_list_is_a_part_of_ours_with_the_same_labels():
    """Its 22,870 are all ours; 26 more are of two new listings, whose first weeks it leaves out."""
    table = label_instances(read_adjusted_closes(StockNetSettings(folder=str(STOCKNET))), calendar=CALENDAR).table
    ours = table[table["period"].isin(["train", "dev"])]
    theirs = pd.read_parquet(STOCKNET / "instances_train_dev.parquet").rename(columns={"date": "session"})
    joined = ours.merge(theirs, on=["ticker", "session"], how="outer", indicator=True)
    assert Counter(joined["_merge"]) == {"both": 22_870, "left_only": 26}
    both = joined[joined["_merge"] == "both"]
    assert ((both["realised_return"] > 0) == (both["label"] == 1)).all()
    assert (both["period"] == both["split"]).all()
    assert set(joined.loc[joined["_merge"] == "left_only", "ticker"]) == {"AGFS", "BABA"}
