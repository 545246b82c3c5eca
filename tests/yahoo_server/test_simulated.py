"""The loopback Yahoo's view of the simulated market, against its as-traded bars and actions."""

import numpy as np
import pandas as pd
import pytest

from stockseq.sources.simulated import SimulatedMarket
from tests.yahoo_server.market import View
from tests.yahoo_server.simulated import SimulatedListings


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket("null_drift", n_sessions=500, n_tickers=10, seed=1)


@pytest.fixture(scope="module")
def split(market: SimulatedMarket) -> pd.Series:
    """One 2:1 split in the middle of the market."""
    splits = market.actions[(market.actions["kind"] == "split") & (market.actions["value"] == 2)]
    return splits.iloc[len(splits) // 2]


def view_of(market: SimulatedMarket, ticker: str, now: pd.Timestamp) -> View:
    view = SimulatedListings(market).view(ticker, now)
    assert view is not None
    return view


def close_of(market: SimulatedMarket, session: pd.Timestamp) -> pd.Timestamp:
    return market.calendar.schedule.loc[session, "close"]


def bars_of(market: SimulatedMarket, ticker: str) -> pd.DataFrame:
    return market.bars[market.bars["ticker"] == ticker].set_index("session")


def test_the_past_is_as_traded_on_the_eve_of_a_split_and_halved_on_its_day(
    market: SimulatedMarket, split: pd.Series
) -> None:
    """Yahoo restates the past when a split comes; volumes double. Earlier splits are in both views alike."""
    ticker, session = split["ticker"], split["session"]
    eve = market.calendar.previous_session(session)
    before, after = (view_of(market, ticker, close_of(market, day)) for day in (eve, session))
    assert before.bars["close"].iloc[-1] == bars_of(market, ticker)["close"][eve]
    np.testing.assert_allclose(after.bars.loc[before.bars.index, "close"], before.bars["close"] / 2)
    np.testing.assert_allclose(after.bars.loc[before.bars.index, "volume"], before.bars["volume"] * 2, atol=2)
    assert (before.splits.get(session), after.splits[session]) == (None, 2)
    assert after.bars["close"].iloc[-1] == bars_of(market, ticker)["close"][session]


def test_the_adjusted_close_moves_by_the_dividend(market: SimulatedMarket) -> None:
    """Across an ex-date adjusted / close grows by 1 / (1 - D / close before)."""
    dividends = market.actions[market.actions["kind"] == "dividend"]
    ticker, session = dividends.iloc[0][["ticker", "session"]]
    view = view_of(market, ticker, close_of(market, market.sessions[499]))
    position = view.bars.index.get_loc(session)
    factor = view.bars["adj_close"] / view.bars["close"]
    implied = view.bars["close"].iloc[position - 1] * (1 - factor.iloc[position - 1] / factor.iloc[position])
    assert implied == pytest.approx(view.dividends[session])
    assert factor.iloc[-1] == 1


def test_a_session_under_way_is_shown_unfinished(market: SimulatedMarket) -> None:
    """Open so far, a last price that isn't the close, part of the volume: what must never be stored."""
    session = market.sessions[100]
    opened, closed = market.calendar.schedule.loc[session, ["open", "close"]]
    bars = view_of(market, "BANVEX", opened + (closed - opened) / 2).bars
    final = view_of(market, "BANVEX", closed).bars.loc[session]
    live = bars.iloc[-1]
    assert bars.index[-1] == session
    assert live["open"] == final["open"]
    assert live["close"] == pytest.approx((final["open"] + final["close"]) / 2)
    assert live["low"] <= min(live["open"], live["close"])
    assert live["high"] >= max(live["open"], live["close"])
    assert live["volume"] < final["volume"]


def test_before_the_open_the_session_is_absent(market: SimulatedMarket) -> None:
    """And so is its split."""
    opened = market.calendar.schedule.loc[market.sessions[100], "open"]
    assert view_of(market, "BANVEX", opened - pd.Timedelta(seconds=1)).bars.index[-1] == market.sessions[99]


def test_news_is_what_had_appeared() -> None:
    """An item that is stamped early and appears late isn't there before it appears."""
    market = SimulatedMarket("leak_backdated", n_sessions=60, n_tickers=2)
    now = market.truth["decision_at"].iloc[40]
    news = view_of(market, "BANVEX", now).news
    rows = market.headlines[(market.headlines["ticker"] == "BANVEX") & (market.headlines["first_seen_at"] <= now)]
    assert [item["id"] for item in news] == rows.sort_values("published_at")["headline_id"].tolist()
    assert (market.headlines["published_at"] <= now).sum() > (market.headlines["first_seen_at"] <= now).sum()
