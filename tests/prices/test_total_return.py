"""Splits and dividends are undone between one bar and the next."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.prices.total_return import step_factors, traded_bars
from stockseq.schemas import as_actions, as_bars, bar_faults
from tests.dataset.dataset_rows import actions_of, bars_of

SP500 = Path(__file__).parents[3] / "shared" / "data" / "sp500" / "prices.parquet"


def test_returns_equal_those_of_the_as_of_adjusted_closes() -> None:
    """EVALUATION 1.4: adjusted 49.5, 50.49, 50.985, 51, 52, whose returns no as-of date changes."""
    rows = [("2024-11-25", 100), ("2024-11-26", 102), ("2024-11-27", 51.5), ("2024-11-29", 51), ("2024-12-02", 52)]
    traded = traded_bars(bars_of("AAA", [(session, close, close) for session, close in rows]))
    actions = actions_of("AAA", ("2024-11-27", "split", 2.0), ("2024-11-29", "dividend", 0.515))
    grown = traded["close"] * step_factors(traded, actions) / traded["close"].shift()
    assert grown.iloc[1:].tolist() == pytest.approx([50.49 / 49.5, 50.985 / 50.49, 51 / 50.985, 52 / 51], abs=1e-14)


def test_events_while_nothing_traded_take_effect_on_the_next_bar() -> None:
    """Close 100; a 2:1 split, then 1.00 on the new share, then the next bar at 49: the same money."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-29", 49, 49)]))
    actions = actions_of("AAA", ("2024-11-26", "split", 2.0), ("2024-11-27", "dividend", 1.0))
    assert (traded["close"] * step_factors(traded, actions)).tolist() == pytest.approx([100.0, 100.0], abs=1e-12)


def test_events_before_the_first_and_after_the_last_bar_change_nothing() -> None:
    """There is no bar before the first, and none after the last, to compare with."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 100, 100)]))
    actions = actions_of("AAA", ("2024-11-25", "split", 2.0), ("2024-11-27", "split", 3.0))
    assert step_factors(traded, actions).tolist() == [1.0, 1.0]


def test_a_withdrawn_action_changes_nothing() -> None:
    """A dividend of 0 or a split of 1 is how a later vintage takes an event back."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 100, 100)]))
    actions = actions_of("AAA", ("2024-11-26", "split", 1.0), ("2024-11-26", "dividend", 0.0))
    assert step_factors(traded, actions).tolist() == [1.0, 1.0]


@pytest.mark.skipif(not SP500.exists(), reason="the shared price data is not here")
def test_returns_equal_those_of_a_vendors_adjusted_close() -> None:
    """Twenty years of AAPL (with splits) and KO: `adj_close` is the vendor's own, with a few errors."""
    prices = pd.read_parquet(SP500, filters=[("ticker", "in", ["AAPL", "KO"])]).rename(columns={"date": "session"})
    prices = prices.assign(source="test", fetched_at=pd.Timestamp("2025-01-01", tz="UTC"))
    traded = traded_bars(as_bars(prices[bar_faults(prices).isna()]))
    splits = prices[prices["splits"] != 1.0].assign(kind="split", value=lambda rows: rows["splits"])
    dividends = prices[prices["dividends"] > 0].assign(kind="dividend", value=lambda rows: rows["dividends"])
    factors = step_factors(traded, as_actions(pd.concat([splits, dividends])))
    ours = traded["close"] * factors / traded.groupby("ticker")["close"].shift() - 1
    adjusted = traded.merge(prices[["ticker", "session", "adj_close"]], on=["ticker", "session"])
    theirs = adjusted["adj_close"] / adjusted.groupby("ticker")["adj_close"].shift() - 1
    apart = (ours - theirs).abs().dropna()
    assert len(dividends) > 100
    assert apart.median() < 1e-6
    assert (apart > 1e-3).mean() < 0.001
