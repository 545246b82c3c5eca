"""Months, drawdowns, rolling figures, exposure and profits: empyrical-reloaded 0.7.1 with pandas 3.1.1, or by hand."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.tear_sheet import build_tear_sheet, compute_rolling, find_drawdowns
from tests.backtest.scenario import COSTS, golden


@pytest.fixture(scope="module")
def curves():
    """300 business days from 2023-11-15; the seed that empyrical was given."""
    random = np.random.default_rng(5)
    market = random.normal(0.0005, 0.01, 300)
    strategy = 0.5 * market + random.normal(0.0003, 0.006, 300)
    returns = pd.DataFrame({"strategy": strategy, "buy_and_hold": market})
    returns.iloc[0] = 0.0
    return 100_000 * (1 + returns.set_axis(pd.bdate_range("2023-11-15", periods=300))).cumprod()


def tables(history):
    """Balances and attribution of one account beside itself."""
    names = ("strategy", "buy_and_hold")
    balances = pd.concat([history.equity.reset_index().assign(account=name) for name in names])
    return {
        "balances": balances,
        "attribution": pd.concat([history.attribution.assign(account=name) for name in names]),
    }


def test_months_and_years_are_those_of_empyrical(curves):
    """`aggregate_returns` monthly: 15 months, the first, the second and the last; and all three years of both."""
    sheet = build_tear_sheet(curves)
    assert len(sheet.months) == 15
    assert [sheet.months[number].growth for number in (0, 1, -1)] == pytest.approx(
        [0.02260596935690895, -0.057139048721507546, 0.006039237865318681]
    )
    assert [year.growth for year in sheet.years] == pytest.approx(
        [-0.03582476294907977, 0.09462760320729258, 0.006039237865318681]
    )
    assert [year.benchmark for year in sheet.years] == pytest.approx(
        [-0.0537803252130975, 0.08070217825361681, 0.0009005711599476829]
    )
    # It begins on 15 November and ends on 7 January.
    assert [month.is_whole for month in sheet.months] == [False, *[True] * 13, False]


def test_a_month_without_its_last_weekday_is_a_part():
    """The share of months that gained counts whole ones alone: 29 July 2021 was a Thursday, the 30th a session."""
    sessions = pd.DatetimeIndex(["2021-06-30", "2021-07-01", "2021-07-29", "2021-07-30"])
    for n_sessions, is_whole in ((3, False), (4, True)):
        equity = pd.DataFrame({"strategy": 1.0}, index=sessions[:n_sessions])
        assert [month.is_whole for month in build_tear_sheet(equity).months] == [is_whole]


def test_the_deepest_drawdown_is_that_of_empyrical(curves):
    """`max_drawdown`: 13.3 % and 18.3 %; falls don't overlap, and the deepest comes first."""
    sheet = build_tear_sheet(curves)
    assert sheet.drawdowns[0].depth == pytest.approx(-0.13329561703120707)
    assert sheet.benchmark_drawdowns[0].depth == pytest.approx(-0.1828292081930039)
    depths = [fall.depth for fall in sheet.drawdowns]
    assert depths == sorted(depths)
    spans = sorted((fall.peak, fall.recovered or date.max) for fall in sheet.drawdowns)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_rolling_sharpe_and_beta_are_those_of_empyrical(curves):
    """`roll_sharpe_ratio` with a yearly cash rate of 2 %, and `roll_beta`, of 126 returns."""
    rolling = compute_rolling(curves, window=126, cash_rate=0.02)
    assert len(rolling) == 174
    assert rolling["strategy"].iloc[[0, -1]].tolist() == pytest.approx([-1.1067561289429837, -0.19647555597474292])
    assert rolling["beta"].iloc[[0, -1]].tolist() == pytest.approx([0.5117999461816255, 0.4894090323889111])
    assert rolling.index[0] == pd.Timestamp("2024-05-09")


def test_a_drawdown_has_its_dates_its_length_and_what_the_other_made():
    """A fall of a fifth, made good in the third session, while the other rose from 50 to 55; the second has no end."""
    sessions = pd.bdate_range("2024-01-01", periods=6)
    equity = pd.Series([100.0, 90.0, 80.0, 100.0, 110.0, 99.0], index=sessions)
    other = pd.Series([50.0, 50.0, 55.0, 60.0, 60.0, 30.0], index=sessions)
    first, second = find_drawdowns(equity, other=other)
    assert (first.peak, first.lowest, first.recovered) == (date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 4))
    assert (first.depth, first.n_sessions, first.other) == (pytest.approx(-0.2), 3, pytest.approx(0.1))
    assert (second.recovered, second.n_sessions, second.other) == (None, 1, pytest.approx(-0.5))


def test_an_account_that_is_gone_has_no_growth_to_speak_of():
    """Nothing is divided by an equity of 0: the month after it stands still."""
    sessions = pd.DatetimeIndex(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"])
    sheet = build_tear_sheet(pd.DataFrame({"strategy": [100.0, 0.0, 0.0, 0.0]}, index=sessions))
    assert [month.growth for month in sheet.months] == [-1.0, 0.0]


def test_exposure_turnover_and_cost_are_those_of_the_ledger():
    """The golden account at its first open: AAA at 101 and BBB at 50 long, CCC at 20.2 short, over 100 000."""
    history = golden(COSTS)
    curves = history.equity[["equity"]].set_axis(["strategy"], axis=1)
    sheet = build_tear_sheet(curves, **tables(history))
    november = sheet.months[0]
    fills = history.fills[history.fills["session"] == pd.Timestamp("2024-11-29")]
    shares = fills.set_index("ticker")["shares"]
    long, short = shares["AAA"] * 101 + shares["BBB"] * 50, -shares["CCC"] * 20.2
    assert (november.gross, november.net) == (
        pytest.approx((long + short) / 100_000),
        pytest.approx((long - short) / 100_000),
    )
    assert november.turnover == pytest.approx(history.equity["turnover"].iloc[1])
    assert november.cost == pytest.approx(history.equity["cost"].iloc[1] / 100_000)
    assert sheet.stakes["strategy"].share_invested == pytest.approx(0.8)


def test_the_profits_of_sides_and_tickers_add_up_to_the_account_s():
    """With the interest of the account, to the cent; the hit rate stands beside the share of moves to its side."""
    history = golden(COSTS)
    curves = history.equity[["equity"]].set_axis(["strategy"], axis=1)
    sheet = build_tear_sheet(curves, **tables(history), moves=pd.Series([0.01, 0.02, -0.01, 0.0, np.nan]))
    assert sheet.interest is not None
    for profits in (sheet.sides, sheet.tickers):
        assert sum(row.profit for row in profits) + sheet.interest == pytest.approx(sheet.profit, rel=0, abs=1e-6)
    assert [(side.side, side.base_rate) for side in sheet.sides] == [("long", 0.5), ("short", 0.25)]
    # CCC is held short in four sessions, gains in three of them, and has no print in the other.
    assert sheet.sides[1].hit_rate == 0.75
    assert {row.ticker: row.benchmark for row in sheet.tickers} == {
        row.ticker: pytest.approx(row.profit) for row in sheet.tickers
    }


def test_an_account_that_never_held_anything_has_no_sides():
    """Buy and hold's tickers are there all the same, with nothing earned on them."""
    history = golden(COSTS)
    kept = tables(history)
    kept["attribution"] = kept["attribution"][kept["attribution"]["account"] == "buy_and_hold"]
    sheet = build_tear_sheet(history.equity[["equity"]].set_axis(["strategy"], axis=1), **kept)
    assert sheet.sides == ()
    assert [(row.profit, row.n_held) for row in sheet.tickers] == [(0.0, 0)] * 3
