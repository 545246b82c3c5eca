"""Splits and dividends are undone without knowing later ones, within one ticker and across many."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.errors import DataError
from stockseq.prices import adjust_forward, adjustment_factors, later_splits, traded_bars
from stockseq.schemas import Actions, as_actions, as_bars, bar_faults
from tests.dataset.dataset_rows import actions_of, bars_of

SP500 = Path(__file__).parents[3] / "shared" / "data" / "sp500" / "prices.parquet"


def _bars(closes: dict[str, float], volumes: list[float]) -> pd.DataFrame:
    close = np.array(list(closes.values()))
    sessions = pd.DatetimeIndex(list(closes)).as_unit("us")
    return pd.DataFrame(
        {"session": sessions, "open": close, "high": close, "low": close, "close": close, "volume": volumes}
    )


def _actions(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["session", "kind", "value"])
    return frame.assign(session=pd.DatetimeIndex(frame["session"]).as_unit("us"))


# Source: worked by hand; a 2:1 split on 11-27 and a dividend of 1 % of the price on 11-29.
CLOSES = {"2024-11-25": 100.0, "2024-11-26": 102.0, "2024-11-27": 51.5, "2024-11-29": 51.0, "2024-12-02": 52.0}
BARS = _bars(CLOSES, [1000.0, 1000.0, 2000.0, 2000.0, 2000.0])
ACTIONS = _actions(("2024-11-29", "dividend", 0.515), ("2024-11-27", "split", 2.0))


@pytest.mark.parametrize(
    ("as_of", "closes"),
    [
        ("2024-11-26", [100.0, 102.0]),
        ("2024-11-27", [50.0, 51.0, 51.5]),
        ("2024-11-29", [49.5, 50.49, 50.985, 51.0]),
        ("2024-12-02", [49.5, 50.49, 50.985, 51.0, 52.0]),
    ],
)
def test_forward_prices_scaled_to_a_session_are_what_was_seen_on_it(as_of: str, closes: list[float]) -> None:
    """EVALUATION 1.4: prices as of a session know the events up to it, and no others."""
    seen = BARS[BARS["session"] <= as_of]
    forward, last = adjust_forward(seen, ACTIONS), seen.iloc[-1]
    assert (forward["close"] * (last["close"] / forward["close"].iloc[-1])).tolist() == pytest.approx(closes, rel=1e-12)
    assert (forward["open"] * (last["open"] / forward["open"].iloc[-1])).tolist() == pytest.approx(closes, rel=1e-12)
    volumes = (forward["volume"] * (last["volume"] / forward["volume"].iloc[-1])).tolist()
    assert volumes == [1000.0, 1000.0] if as_of < "2024-11-27" else [2000.0] * len(closes)


def test_forward_prices_start_as_traded_and_carry_the_growth_of_a_share() -> None:
    """By hand: 51.5 * 2 = 103; 51 * 2 / 0.99 and 52 * 2 / 0.99 with the dividend reinvested."""
    adjusted = adjust_forward(BARS, ACTIONS)
    assert adjusted["close"].tolist() == pytest.approx([100.0, 102.0, 103.0, 102.0 / 0.99, 104.0 / 0.99], rel=1e-12)
    assert adjusted["volume"].tolist() == [1000.0] * 5


def test_a_split_and_a_dividend_on_one_ex_date_leave_no_return() -> None:
    """2:1 and 1.00 per new share from 100: 49 after it is worth what 100 was."""
    bars = _bars({"2024-11-25": 100.0, "2024-11-26": 49.0}, [1.0, 1.0])
    actions = _actions(("2024-11-26", "dividend", 1.0), ("2024-11-26", "split", 2.0))
    assert adjust_forward(bars, actions)["close"].tolist() == pytest.approx([100.0, 100.0])


def test_an_ex_date_without_a_bar_counts_at_the_next_one() -> None:
    """A ticker that was halted on its ex-date splits all the same."""
    bars = _bars({"2024-11-25": 100.0, "2024-11-29": 50.0}, [1.0, 2.0])
    actions = _actions(("2024-11-26", "split", 2.0))
    assert adjust_forward(bars, actions)["close"].tolist() == [100.0, 100.0]


def test_events_before_the_history_and_withdrawn_ones_change_nothing() -> None:
    """A split of 1 or a dividend of 0 withdraws an earlier vintage."""
    actions = _actions(("2024-11-25", "split", 4.0), ("2024-11-27", "split", 1.0), ("2024-11-29", "dividend", 0.0))
    assert adjust_forward(BARS, actions)["close"].tolist() == list(CLOSES.values())


@pytest.mark.parametrize("dividend", [51.5, 60.0])
def test_a_dividend_of_the_whole_price_is_refused(dividend: float) -> None:
    """Such a row is in the wrong basis or wrong by a factor, and would give an infinite return."""
    with pytest.raises(DataError, match=r"the one of 2024-11-29 is .* and the close before it, after splits, 51.5"):
        adjust_forward(BARS, _actions(("2024-11-29", "dividend", dividend)))


@given(
    returns=st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=30),
    splits=st.dictionaries(st.integers(1, 29), st.sampled_from([0.1, 0.5, 1.5, 2.0, 20.0]), max_size=4),
    dividends=st.dictionaries(st.integers(1, 29), st.floats(0.0, 0.2), max_size=4),
)
def test_the_returns_of_a_known_market_come_back(
    returns: list[float], splits: dict[int, float], dividends: dict[int, float]
) -> None:
    """A market with known total returns, traded with splits and dividends, gives the returns back."""
    sessions = pd.bdate_range("2024-01-01", periods=len(returns) + 1).as_unit("us")
    close, volume, events = [100.0], [1000.0], []
    for position, change in enumerate(returns, start=1):
        ratio = splits.get(position, 1.0)
        before = close[-1] / ratio
        paid = before * dividends.get(position, 0.0)
        events += [(sessions[position], "split", ratio), (sessions[position], "dividend", paid)]
        close.append((before - paid) * (1.0 + change))
        volume.append(volume[-1] * ratio)
    bars = _bars(dict(zip(sessions.astype(str), close, strict=True)), volume)
    forward = adjust_forward(bars, _actions(*events))
    assert forward["close"].pct_change().iloc[1:].tolist() == pytest.approx(returns, abs=1e-9)
    assert np.ptp(forward["volume"]) == pytest.approx(0.0, abs=1e-6 * forward["volume"].max())
    ticker = {"ticker": "AAA"}
    factors = adjustment_factors(bars.assign(**ticker), _actions(*events).assign(**ticker))
    assert (bars["close"] * factors / bars["close"].shift() - 1).iloc[1:].tolist() == pytest.approx(returns, abs=1e-9)
    listed = {sessions[n]: ratio for n, ratio in splits.items() if n < len(sessions)}
    assert (bars["volume"] * later_splits(bars["session"], listed)).tolist() == pytest.approx([volume[-1]] * len(bars))


@given(cut=st.integers(1, 5))
def test_forward_rows_do_not_change_when_later_events_come(cut: int) -> None:
    """The stored feature rows depend on it, bit for bit."""
    early = adjust_forward(BARS.iloc[:cut], ACTIONS)
    pd.testing.assert_frame_equal(early, adjust_forward(BARS, ACTIONS).iloc[:cut], check_exact=True)


def test_factors_give_the_returns_of_adjusted_closes() -> None:
    """EVALUATION 1.4: adjusted 49.5, 50.49, 50.985, 51, 52, whose returns no as-of date changes."""
    rows = [("2024-11-25", 100), ("2024-11-26", 102), ("2024-11-27", 51.5), ("2024-11-29", 51), ("2024-12-02", 52)]
    traded = traded_bars(bars_of("AAA", [(session, close, close) for session, close in rows]))
    actions = actions_of("AAA", ("2024-11-27", "split", 2.0), ("2024-11-29", "dividend", 0.515))
    grown = traded["close"] * adjustment_factors(traded, actions) / traded["close"].shift()
    assert grown.iloc[1:].tolist() == pytest.approx([50.49 / 49.5, 50.985 / 50.49, 51 / 50.985, 52 / 51], abs=1e-14)


def test_factors_of_events_while_nothing_traded_take_effect_on_the_next_bar() -> None:
    """Close 100; a 2:1 split, then 1.00 on the new share, then the next bar at 49: the same money."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-29", 49, 49)]))
    actions = actions_of("AAA", ("2024-11-26", "split", 2.0), ("2024-11-27", "dividend", 1.0))
    assert (traded["close"] * adjustment_factors(traded, actions)).tolist() == pytest.approx([100.0, 100.0], abs=1e-12)


def test_factors_of_events_before_the_first_and_after_the_last_bar_change_nothing() -> None:
    """There is no bar before the first, and none after the last, to compare with."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 100, 100)]))
    actions = actions_of("AAA", ("2024-11-25", "split", 2.0), ("2024-11-27", "split", 3.0))
    assert adjustment_factors(traded, actions).tolist() == [1.0, 1.0]


def test_a_withdrawn_action_has_a_factor_of_one() -> None:
    """A dividend of 0 or a split of 1 is how a later vintage takes an event back."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 100, 100)]))
    actions = actions_of("AAA", ("2024-11-26", "split", 1.0), ("2024-11-26", "dividend", 0.0))
    assert adjustment_factors(traded, actions).tolist() == [1.0, 1.0]


@pytest.mark.skipif(not SP500.exists(), reason="the shared price data is not here")
def test_factors_give_the_returns_of_a_vendors_adjusted_close() -> None:
    """Twenty years of AAPL (with splits) and KO: `adj_close` is the vendor's own, with a few errors."""
    prices = pd.read_parquet(SP500, filters=[("ticker", "in", ["AAPL", "KO"])]).rename(columns={"date": "session"})
    prices = prices.assign(source="test", fetched_at=pd.Timestamp("2025-01-01", tz="UTC"))
    traded = traded_bars(as_bars(prices[bar_faults(prices).isna()]))
    splits = prices[prices["splits"] != 1.0].assign(kind="split", value=lambda rows: rows["splits"])
    dividends = prices[prices["dividends"] > 0].assign(kind="dividend", value=lambda rows: rows["dividends"])
    factors = adjustment_factors(traded, as_actions(pd.concat([splits, dividends])))
    ours = traded["close"] * factors / traded.groupby("ticker")["close"].shift() - 1
    adjusted = traded.merge(prices[["ticker", "session", "adj_close"]], on=["ticker", "session"])
    theirs = adjusted["adj_close"] / adjusted.groupby("ticker")["adj_close"].shift() - 1
    apart = (ours - theirs).abs().dropna()
    assert len(dividends) > 100
    assert apart.median() < 1e-6
    assert (apart > 1e-3).mean() < 0.001


def test_two_dividends_between_two_bars_are_paid_from_what_the_first_left() -> None:
    """From 100, 10 and 45: 45 are left of 100, however many times it was paid; one share at 45 has lost nothing."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-12-02", 45, 45)]))
    actions = actions_of("AAA", ("2024-11-26", "dividend", 10.0), ("2024-11-27", "dividend", 45.0))
    assert (traded["close"] * adjustment_factors(traded, actions)).tolist() == pytest.approx([100.0, 100.0], abs=1e-12)
    assert adjust_forward(traded, actions)["close"].tolist() == pytest.approx([100.0, 100.0], abs=1e-12)


def test_the_actions_of_a_ticker_concern_no_other() -> None:
    """Tickers lie one after the other; BBB's split after its last bar, or CCC's, must not reach the next first bar."""
    rows = [("2024-11-25", 100, 100), ("2024-11-26", 100, 100)]
    traded = traded_bars(as_bars(pd.concat([bars_of(ticker, rows) for ticker in ("AAA", "BBB", "DDD")])))
    later = [actions_of(ticker, ("2024-11-27", "split", 2.0)) for ticker in ("AAA", "BBB", "CCC", "DDD")]
    actions = as_actions(pd.concat([*later, actions_of("BBB", ("2024-11-26", "split", 4.0))]))
    assert adjustment_factors(traded, actions).tolist() == [1.0, 1.0, 1.0, 4.0, 1.0, 1.0]


def test_a_dividend_of_the_whole_price_has_no_factor() -> None:
    """The return across it can't be known, and the bar after it is compared as ever."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 9, 9), ("2024-11-26", 9, 9), ("2024-11-27", 9, 9)]))
    factors = adjustment_factors(traded, actions_of("AAA", ("2024-11-26", "dividend", 9.0)))
    assert factors.isna().tolist() == [False, True, False]


def test_later_splits_need_no_session_of_their_own() -> None:
    """A share of the 25th is four of the 29th: 2:1 on Thanksgiving, when nobody trades, and 2:1 the day after."""
    splits = {pd.Timestamp("2024-11-29"): 2.0, pd.Timestamp("2024-11-28"): 2.0}
    sessions = pd.Series(pd.to_datetime(["2024-11-29", "2024-11-25", "2024-11-28"]))
    assert later_splits(sessions, splits).tolist() == [1.0, 4.0, 2.0]
    assert later_splits(sessions, {}).tolist() == [1.0, 1.0, 1.0]


def test_two_splits_between_two_bars_multiply() -> None:
    """From 120, 2:1 and then 3:1 while nothing traded: 20 is the same money, and six shares are one."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 120, 120), ("2024-12-02", 20, 20, 6000.0)]))
    actions = actions_of("AAA", ("2024-11-26", "split", 2.0), ("2024-11-27", "split", 3.0))
    assert (traded["close"] * adjustment_factors(traded, actions)).tolist() == [120.0, 120.0]
    adjusted = adjust_forward(traded, actions)
    assert adjusted["close"].tolist() == [120.0, 120.0]
    assert adjusted["volume"].tolist() == pytest.approx([1000.0, 1000.0], rel=1e-12)


def test_an_action_before_the_history_leaves_those_within_it() -> None:
    """The first one has no bar to be compared with; the second one has."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 50, 50)]))
    actions = actions_of("AAA", ("2024-11-22", "split", 3.0), ("2024-11-26", "split", 2.0))
    assert adjustment_factors(traded, actions).tolist() == [1.0, 2.0]


def test_tickers_of_other_years_do_not_get_into_each_others_order() -> None:
    """BBB ended two years before AAA began, and stands after it all the same."""
    early, late = [("2022-11-25", 100, 100), ("2022-11-28", 50, 50)], [("2024-11-25", 9, 9), ("2024-11-26", 9, 9)]
    traded = traded_bars(as_bars(pd.concat([bars_of("AAA", late), bars_of("BBB", early)])))
    actions = as_actions(pd.concat([actions_of("BBB", ("2022-11-28", "split", 2.0)), actions_of("AAA")]))
    assert adjustment_factors(traded, actions).tolist() == [1.0, 1.0, 1.0, 2.0]


def test_two_vintages_of_an_action_are_refused() -> None:
    """Undone twice, a split would double the price."""
    traded = traded_bars(bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 50, 50)]))
    twice = Actions(pd.concat([actions_of("AAA", ("2024-11-26", "split", 2.0))] * 2))
    with pytest.raises(DataError) as refused:
        adjustment_factors(traded, twice)
    assert str(refused.value) == (
        "A label needs one action per ticker, kind and session; 1 repeat, first AAA split on 2024-11-26. "
        "Read the newest vintage only."
    )
