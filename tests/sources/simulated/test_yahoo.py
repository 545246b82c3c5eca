"""What Yahoo would show of the simulated market, against its as-traded bars and actions."""

import numpy as np
import pandas as pd
import pytest

from stockseq.sources.simulated import SimulatedMarket
from stockseq.sources.simulated.yahoo import yahoo_view


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket("null_drift", n_sessions=500, n_tickers=10, seed=1)


@pytest.fixture(scope="module")
def split(market) -> pd.Series:
    """One 2:1 split in the middle of the market."""
    splits = market.actions[(market.actions["kind"] == "split") & (market.actions["value"] == 2)]
    return splits.iloc[len(splits) // 2]


def close_of(market: SimulatedMarket, session: pd.Timestamp) -> pd.Timestamp:
    return market.calendar.schedule.loc[session, "close"]


def own(rows: pd.DataFrame, ticker: str) -> pd.DataFrame:
    return rows[rows["ticker"] == ticker].set_index("session")


def test_history_is_as_traded_on_the_eve_of_a_split_and_halved_the_day_after(market, split):
    """Yahoo restates the past when a split comes; volumes double."""
    eve = market.calendar.previous_session(split["session"])
    bars = own(market.bars, split["ticker"])
    # Splits before this one are in both views alike.
    before = yahoo_view(market, split["ticker"], close_of(market, eve)).history
    after = yahoo_view(market, split["ticker"], close_of(market, split["session"])).history
    assert before["Close"].iloc[-1] == bars["close"][eve]
    np.testing.assert_allclose(after.loc[before.index, "Close"], before["Close"] / 2)
    np.testing.assert_allclose(after.loc[before.index, "Volume"], before["Volume"] * 2, atol=2)
    assert after["Stock Splits"].iloc[-1] == 2
    assert after["Close"].iloc[-1] == bars["close"][split["session"]]


def test_as_traded_prices_can_be_recovered_from_the_view(market, split):
    """EVALUATION 1.4: as traded = Close times all later splits."""
    history = yahoo_view(market, split["ticker"], close_of(market, market.sessions[499])).history
    splits = history["Stock Splits"].replace(0.0, 1.0)
    later = [splits.iloc[position + 1 :].prod() for position in range(len(splits))]
    np.testing.assert_allclose(history["Close"] * later, own(market.bars, split["ticker"])["close"])


def test_adjusted_close_moves_by_the_dividend(market):
    """Across an ex-date Adj Close / Close grows by 1 / (1 - D / close before)."""
    dividends = market.actions[market.actions["kind"] == "dividend"]
    ticker, session = dividends.iloc[0]["ticker"], dividends.iloc[0]["session"]
    history = yahoo_view(market, ticker, close_of(market, market.sessions[499])).history
    position = history.index.get_loc(session)
    factor = history["Adj Close"] / history["Close"]
    implied = history["Close"].iloc[position - 1] * (1 - factor.iloc[position - 1] / factor.iloc[position])
    assert implied == pytest.approx(history["Dividends"].iloc[position])
    assert factor.iloc[-1] == 1


def test_a_session_under_way_is_shown_unfinished(market):
    """Open so far, a last price that isn't the close, part of the volume: what must never be stored."""
    session = market.sessions[100]
    opened, closed = market.calendar.schedule.loc[session, ["open", "close"]]
    halfway = yahoo_view(market, "BANVEX", opened + (closed - opened) / 2)
    final = own(market.bars, "BANVEX").loc[session]
    live = halfway.history.iloc[-1]
    assert halfway.live
    assert halfway.history.index[-1] == session
    assert live["Open"] == pytest.approx(final["open"], rel=1e-9)
    assert live["Close"] == pytest.approx((final["open"] + final["close"]) / 2)
    assert live["Low"] <= min(live["Open"], live["Close"])
    assert live["High"] >= max(live["Open"], live["Close"])
    assert live["Volume"] < final["volume"]
    assert not yahoo_view(market, "BANVEX", closed).live


def test_before_the_open_the_session_is_absent(market):
    """And so is its split."""
    opened = market.calendar.schedule.loc[market.sessions[100], "open"]
    history = yahoo_view(market, "BANVEX", opened - pd.Timedelta(seconds=1)).history
    assert history.index[-1] == market.sessions[99]


def test_news_is_what_had_appeared_newest_first():
    """An item that is stamped early and appears late isn't there before it appears."""
    market = SimulatedMarket("leak_backdated", n_sessions=60, n_tickers=2)
    now = market.truth["decision_at"].iloc[40]
    news = yahoo_view(market, "BANVEX", now).news
    rows = market.headlines[(market.headlines["ticker"] == "BANVEX") & (market.headlines["first_seen_at"] <= now)]
    assert set(news["id"]) == set(rows["headline_id"])
    assert news["published_at"].is_monotonic_decreasing
    assert (market.headlines["published_at"] <= now).sum() > (market.headlines["first_seen_at"] <= now).sum()


def test_a_ticker_that_is_not_listed_is_a_key_error(market):
    """The server of the tests answers 404 then."""
    with pytest.raises(KeyError, match="AAPL"):
        yahoo_view(market, "AAPL", close_of(market, market.sessions[5]))
