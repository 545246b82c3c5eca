"""Poison is another future that is possible, violent, and fixed by its seed; the past stays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.audit.clock import Clock, Cut, remove_after
from stockseq.audit.poison import MOMENT, poison_after
from stockseq.features.news import Latency
from stockseq.market import MarketData
from stockseq.prices import adjust_forward, adjustment_factors
from stockseq.schemas import KNOWN_BY, bar_faults


@pytest.mark.parametrize("seed", range(5))
def test_poison_is_valid_and_violent_and_leaves_the_past_alone(
    seed: int, market: MarketData, clock: Clock, cut: Cut
) -> None:
    """Values that the schemas or the dividend rule refuse would cost a ticker its rows and prove nothing."""
    past, poisoned = remove_after(market, cut, clock=clock), poison_after(market, cut, clock=clock, seed=seed)
    assert bar_faults(poisoned.bars).isna().all()
    again = remove_after(poisoned, cut, clock=clock)
    for name in ("bars", "actions", "headlines"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(past, name))
    assert len(poisoned.headlines) - len(past.headlines) > 3 * (len(market.headlines) - len(past.headlines))
    assert np.isfinite(adjustment_factors(poisoned.bars, poisoned.actions)).all()
    for ticker, bars in poisoned.bars.groupby("ticker"):
        adjust_forward(bars, poisoned.actions[poisoned.actions["ticker"] == ticker])
    both = poisoned.bars.merge(market.bars, on=["ticker", "session"])
    later = both[both["session"] >= cut.session]
    assert (np.log(later["close_x"] / later["close_y"]).abs() > 0.5).mean() > 0.9


def test_one_ticker_ends_at_the_cut_and_each_other_splits_there(market: MarketData, clock: Clock, cut: Cut) -> None:
    """A universe chosen in hindsight, and a factor applied a session early, show nowhere else so surely."""
    poisoned = poison_after(market, cut, clock=clock, seed=0)
    later = poisoned.bars[poisoned.bars["session"] >= cut.session]
    assert later["ticker"].nunique() == 2
    first = poisoned.actions[poisoned.actions["session"] == cut.session]
    assert set(first["ticker"]) == set(later["ticker"])
    assert (first["kind"] == "split").all()


def test_the_same_seed_poisons_the_same(market: MarketData, clock: Clock, cut: Cut) -> None:
    """A finding must be there again when it is looked for."""
    first, second = (poison_after(market, cut, clock=clock, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first.headlines, second.headlines)
    pd.testing.assert_frame_equal(first.bars, second.bars)


def test_a_headline_of_every_kind_of_clock_is_just_late(market: MarketData, clock: Clock, cut: Cut) -> None:
    """A leak through one clock shows only where a headline of that clock is at the edge, by each source's latency."""
    day = pd.Timedelta(days=1)
    slow = replace(clock, latency=Latency(clock.latency, {"alpaca": day, "edgar": pd.Timedelta(0)}))
    news = poison_after(market, cut, clock=slow, seed=0).headlines
    just_late = news[slow.available(news) == cut.decision_at + pd.Timedelta(microseconds=1)]
    kinds = just_late.groupby("known_by").size() / market.bars["ticker"].nunique()
    assert kinds.to_dict() == {"accepted": 3, "crawled": 1, "first_seen": 2, "updated": 3, "vendor": 3}
    assert set(KNOWN_BY) == {*kinds.index, "date_only"}
    assert (just_late.loc[just_late["source"] == "alpaca", "published_at"] < cut.decision_at - day + MOMENT * 2).all()
    assert (just_late.loc[just_late["known_by"] == "updated", "created_at"] < cut.decision_at - 20 * day).all()


def test_what_only_its_latency_makes_late_stays_late(market: MarketData, clock: Clock, cut: Cut) -> None:
    """A source days slow has stamps of before the cut among what comes after; its poison must not be known there."""
    slow = replace(clock, latency=Latency(clock.latency, {"simulated": pd.Timedelta(days=3)}))
    past, poisoned = remove_after(market, cut, clock=slow), poison_after(market, cut, clock=slow, seed=0)
    late = poisoned.headlines[~poisoned.headlines["headline_id"].isin(past.headlines["headline_id"])]
    assert (late["published_at"] < cut.decision_at - pd.Timedelta(days=1)).any()
    assert (slow.available(late) > cut.decision_at).all()
