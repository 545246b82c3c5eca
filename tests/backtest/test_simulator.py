"""The ledger against the golden scenario and small cases worked by hand."""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.prints import NYSE_DELISTING_RETURN, Delisting
from stockseq.backtest.simulator import simulate
from stockseq.backtest.targets import as_targets
from tests.backtest import scenario
from tests.backtest.scenario import FREE

DAYS = pd.DatetimeIndex(["2024-12-02", "2024-12-03", "2024-12-04", "2024-12-05"])


def near(values):
    return pytest.approx(values, rel=0, abs=1e-6)


def held(result, ticker="AAA"):
    """Shares at each close that has a position."""
    return result.positions.query("ticker == @ticker")["shares"].tolist()


def flagged(result, flag):
    return result.flags.query("flag == @flag")["shares"].tolist()


def run(opens, closes, weights, *events, costs=FREE, capital=10_000.0, lot=1, max_gross=1.0, volumes=None, **options):
    """Run AAA (and BBB, ...) from lists of opens and closes, one per day of `DAYS`."""
    sessions = DAYS[: len(next(iter(opens.values())))]
    bars = scenario.bars(sessions, opens, closes, volumes=volumes)
    account = Account(capital=capital, max_gross=max_gross, lot=lot)
    return simulate(
        scenario.targets(weights),
        bars,
        scenario.actions(*events),
        sessions=sessions,
        costs=costs,
        account=account,
        **{"horizon": 1, **options},
    )


class TestGoldenScenario:
    """Source: EVALUATION.md 4.3, worked by hand and checked against bt 1.4.1 and vectorbt 1.2.0."""

    def test_the_equity_of_every_close_is_the_golden_one(self):
        """Costs, interest, borrow, a split, a dividend due later and a halt, all at once."""
        equity = scenario.golden().equity["equity"]
        assert equity.tolist() == near(
            [100000, 101219.284925, 102779.1707104775, 102757.6476912985, 103816.7263560677, 104244.2477813283]
        )

    def test_cash_and_receivable_are_the_golden_ones(self):
        """A right total could hide two wrong parts."""
        equity = scenario.golden().equity
        assert equity["cash"].tolist() == near(
            [100000, 39619.284925, 39619.1707104775, 39831.6476912985, 22113.7263560677, 104244.2477813283]
        )
        assert equity["receivable"].tolist() == [0, 0, 300, 300, 0, 0]

    def test_what_is_long_and_what_is_short_are_told_apart(self):
        """On 11-29: 500 of AAA at 102 and 600 of BBB at 51 long, 1000 of CCC at 20 short."""
        equity = scenario.golden().equity
        assert equity.index.name == "session"
        assert equity.loc["2024-11-29", ["long", "short"]].tolist() == near([81_600, -20_000])
        assert equity.loc["2024-12-05", ["long", "short"]].tolist() == [0, 0]

    def test_the_positions_of_every_close_are_the_golden_ones(self):
        """An order of -204 shares becomes -408 after the split; the halted ticker's order expires."""
        shares = scenario.golden().positions.pivot_table(index="session", columns="ticker", values="shares")
        assert shares.loc["2024-12-02"].tolist() == [500, 600, -1000]
        assert shares.loc["2024-12-03"].tolist() == [592, 1015, -1000]
        assert shares.loc["2024-12-04", ["AAA", "BBB"]].tolist() == [592, 1015]
        assert pd.Timestamp("2024-12-05") not in shares.index

    def test_costs_traded_value_and_turnover_are_the_golden_ones(self):
        """Turnover is two-way, at the prints, over the equity before."""
        equity = scenario.golden().equity
        assert equity["cost"].sum() == near(243.494458625)
        assert equity["traded"].sum() == near(243_495.5)
        assert equity["turnover"].tolist() == pytest.approx(
            [0, 1.007, 0, 0.41433493, 0.17516944, 0.79188107], rel=0, abs=5e-9
        )

    def test_interest_and_borrow_of_the_halt_are_the_golden_ones(self):
        """The hand check of 12-03: the base of interest leaves out the proceeds of the short."""
        third = scenario.golden().equity.loc["2024-12-03"]
        assert [third["interest"], third["borrow"]] == near([2.01191707104775, 1.95])

    def test_what_each_ticker_earned_is_the_golden_one(self):
        """On 11-29, 500 of AAA at 101 x 1.0005 and 5 bp commission, marked at 102: 51,000 - 50,525.25 - 25.262625."""
        profits = scenario.golden().profits.set_index(["session", "ticker"])["profit"]
        assert profits.loc[pd.Timestamp("2024-11-29"), "AAA"] == near(449.487375)
        # The split of 12-03 earns nothing: 500 at 104 become 1,000 at 52, of which 408 are sold at 52.5.
        sold = 408 * 52.5 * (1 - 0.0005) * (1 - 0.0005)
        assert profits.loc[pd.Timestamp("2024-12-03"), "AAA"] == near(592 * 53 + sold - 500 * 104)

    def test_the_halt_is_flagged_twice(self):
        """Once for the order that expired, once for the mark that is stale."""
        flags = scenario.golden().flags
        assert flags["flag"].tolist() == ["no_print", "stale_mark"]
        assert flags["shares"].tolist() == [1000, -1000]

    def test_without_financing_the_equity_is_the_golden_one(self):
        """Variant G0: interest and borrow at zero."""
        free = {"cash_rate": 0, "margin_rate": 0, "borrow_rate": 0}
        equity = scenario.golden(scenario.COSTS.model_copy(update=free)).equity["equity"]
        assert equity.tolist()[1:] == near(
            [101199.284925, 102759.284925, 102737.69998875, 103796.69548875, 104222.005541375]
        )

    def test_with_capacity_and_a_least_commission_the_equity_is_the_golden_one(self):
        """Variant G2: 10 % of 4,000 shares lets 400 of 415 be bought; each fill costs 15 at least."""
        costs = scenario.COSTS.model_copy(update={"capacity": 0.10, "min_commission": 15})
        result = scenario.golden(costs, volumes={"BBB": [1e9, 1e9, 1e9, 4000, 1e9, 1e9]})
        assert result.equity["equity"].tolist()[1:] == near(
            [101214.379875, 102774.2641889625, 102759.4156153814, 103827.57395694293, 104248.41228133863]
        )
        assert flagged(result, "over_capacity") == [15]

    def test_without_friction_the_equity_is_the_golden_one(self):
        """Variant G3: no costs at all."""
        equity = scenario.golden(FREE).equity["equity"]
        assert equity.tolist()[1:] == near([101300, 102860, 102880, 103956, 104464])


class TestCorporateActions:
    def test_a_short_owes_the_dividend(self):
        """B1: 100 short at 10, a dividend of 0.50 not yet paid, price 9.50."""
        result = run(
            {"AAA": [10, 10, 9.5]},
            {"AAA": [10, 10, 9.5]},
            {"2024-12-03": {"AAA": -0.1}},
            ("AAA", "2024-12-04", "dividend", 0.5),
            pay_dates={("AAA", DAYS[2]): DAYS[3]},
        )
        last = result.equity.iloc[-1]
        assert [last["cash"], last["receivable"], last["short"], last["equity"]] == near([11000, -50, -950, 10000])

    def test_a_fraction_left_by_a_reverse_split_is_paid_at_the_previous_close(self):
        """B2: 105 shares at 3, one for ten: 10 shares, and half a share at 30 in cash."""
        result = run(
            {"AAA": [3, 3, 31]},
            {"AAA": [3, 3, 31]},
            {"2024-12-03": {"AAA": 0.0315}},
            ("AAA", "2024-12-04", "split", 0.1),
        )
        assert held(result) == [105, 10]
        assert result.equity.iloc[-1][["cash", "equity"]].tolist() == near([9700, 10010])

    def test_a_split_and_a_dividend_of_one_day_leave_the_equity(self):
        """B5: two for one, then 1.00 per new share, 100 to 49."""
        result = run(
            {"AAA": [100, 100, 49]},
            {"AAA": [100, 100, 49]},
            {"2024-12-03": {"AAA": 1.0}},
            ("AAA", "2024-12-04", "split", 2.0),
            ("AAA", "2024-12-04", "dividend", 1.0),
        )
        assert result.equity["equity"].iloc[-1] == near(10_000)

    def test_shares_bought_on_the_ex_date_earn_no_dividend(self):
        """Only who held at the close before is entitled."""
        result = run(
            {"AAA": [10, 10, 10]},
            {"AAA": [10, 10, 10]},
            {"2024-12-03": {"AAA": 0.5}},
            ("AAA", "2024-12-03", "dividend", 1.0),
        )
        assert result.equity["equity"].iloc[-1] == 10_000
        assert result.equity["dividends"].sum() == 0

    def test_a_dividend_without_a_pay_date_is_paid_on_its_ex_date(self):
        """Yahoo gives no pay dates."""
        result = run(
            {"AAA": [10, 10, 9]},
            {"AAA": [10, 10, 9]},
            {"2024-12-03": {"AAA": 0.5}},
            ("AAA", "2024-12-04", "dividend", 1.0),
        )
        assert result.equity["cash"].tolist() == near([10000, 5000, 5500])
        assert result.equity["receivable"].tolist() == [0, 0, 0]

    def test_an_ex_date_that_is_no_session_counts_for_the_next_one(self):
        """Vendors stamp weekends now and then; who holds is the same."""
        sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02"])
        result = simulate(
            scenario.targets({"2024-11-29": {"AAA": 0.5}}),
            scenario.bars(sessions, {"AAA": [10, 10, 9]}, {"AAA": [10, 10, 9]}),
            scenario.actions(("AAA", "2024-11-30", "dividend", 1.0)),
            sessions=sessions,
            costs=FREE,
            account=Account(capital=10_000),
            horizon=1,
        )
        assert result.equity["dividends"].tolist() == [0, 0, 500]

    def test_a_split_during_a_halt_rescales_the_stale_mark(self):
        """200 shares at half the price are what 100 were."""
        result = run(
            {"AAA": [20, 20, None]},
            {"AAA": [20, 20, None]},
            {"2024-12-03": {"AAA": 0.2}},
            ("AAA", "2024-12-04", "split", 2.0),
        )
        assert held(result) == [100, 200]
        assert result.equity["equity"].iloc[-1] == 10_000
        assert result.positions["stale"].tolist() == [False, True]

    def test_a_delisted_position_leaves_at_its_last_mark_and_the_delisting_return(self):
        """B3: 100 at 20, and 30 % lost."""
        result = run(
            {"AAA": [20, 20, None, None]},
            {"AAA": [20, 20, None, None]},
            {"2024-12-03": {"AAA": 0.2}},
            delistings={"AAA": Delisting(DAYS[2], NYSE_DELISTING_RETURN)},
        )
        assert result.equity["equity"].tolist() == near([10000, 10000, 9400, 9400])
        assert flagged(result, "delisted") == [100]

    def test_a_delisted_ticker_never_trades_again(self):
        """Prints after the delisting are another market's, or another company's."""
        result = run(
            {"AAA": [20, 20, 20, 20]},
            {"AAA": [20, 20, 20, 20]},
            {"2024-12-03": {"AAA": 0.2}, "2024-12-05": {"AAA": 0.2}},
            delistings={"AAA": Delisting(DAYS[2], -0.3)},
        )
        assert len(result.fills) == 1
        assert result.flags["flag"].tolist() == ["delisted", "no_mark"]


class TestFills:
    def test_the_least_commission_is_charged(self):
        """B6: a fill of 50 pays 1."""
        costs = FREE.model_copy(update={"min_commission": 1})
        result = run({"AAA": [50, 50]}, {"AAA": [50, 50]}, {"2024-12-03": {"AAA": 0.005}}, costs=costs)
        assert result.equity["equity"].iloc[-1] == near(9999)

    def test_a_fill_takes_whole_shares_up_to_its_share_of_the_volume(self):
        """B7: 10 % of 1,234 is 123."""
        costs = FREE.model_copy(update={"capacity": 0.1})
        result = run(
            {"AAA": [10, 10]},
            {"AAA": [10, 10]},
            {"2024-12-03": {"AAA": 1.0}},
            costs=costs,
            volumes={"AAA": [1e6, 1234]},
        )
        assert held(result) == [123]
        assert flagged(result, "over_capacity") == [877]

    @pytest.mark.parametrize(
        ("column", "value"), [("open", np.nan), ("open", 0.0), ("volume", 0.0), ("volume", np.nan)]
    )
    def test_without_an_open_print_nothing_is_filled_and_the_order_expires(self, column, value):
        """B8: a price is never carried forward into a fill."""
        bars = scenario.bars(DAYS[:3], {"AAA": [10, 10, 10]}, {"AAA": [10, 10, 10]})
        bars.loc[1, column] = value
        result = simulate(
            scenario.targets({"2024-12-03": {"AAA": 1.0}}),
            bars,
            scenario.actions(),
            sessions=DAYS[:3],
            costs=FREE,
            account=Account(capital=10_000),
            horizon=1,
        )
        assert result.fills.empty
        assert flagged(result, "no_print") == [1000]

    def test_buys_are_cut_pro_rata_to_the_cash(self):
        """100 and 50 shares were ordered at 5 a share; at 7.50 the cash buys two thirds of each, in whole shares."""
        result = run(
            {"AAA": [5, 7.5], "BBB": [5, 7.5]},
            {"AAA": [5, 7.5], "BBB": [5, 7.5]},
            {"2024-12-03": {"AAA": 2 / 3, "BBB": 1 / 3}},
            capital=750,
        )
        assert result.fills["shares"].tolist() == [66, 33]
        assert flagged(result, "short_of_cash") == [34, 17]

    def test_sells_pay_for_buys(self):
        """Sells fill first, whatever the tickers are called."""
        result = run(
            {"AAA": [10, 10, 10], "BBB": [10, 10, 10]},
            {"AAA": [10, 10, 10], "BBB": [10, 10, 10]},
            {"2024-12-03": {"BBB": 1.0}, "2024-12-04": {"AAA": 1.0, "BBB": 0.0}},
        )
        assert result.fills["shares"].tolist() == [1000, -1000, 1000]
        assert result.equity["cash"].iloc[-1] == near(0)

    def test_leverage_lends_up_to_its_limit(self):
        """200 shares ordered at 10 with twice the capital of 1,000; at 12.50 there is money for 160."""
        result = run({"AAA": [10, 12.5]}, {"AAA": [10, 12.5]}, {"2024-12-03": {"AAA": 2.0}}, capital=1000, max_gross=2)
        assert held(result) == [160]
        assert result.equity["cash"].iloc[-1] == near(-1000)

    def test_the_least_commission_counts_when_buys_are_cut(self):
        """Of 1,000 the commission takes 100, and 900 buy 72 at 12.50."""
        costs = FREE.model_copy(update={"min_commission": 100})
        result = run({"AAA": [10, 12.5]}, {"AAA": [10, 12.5]}, {"2024-12-03": {"AAA": 1.0}}, capital=1000, costs=costs)
        assert held(result) == [72]
        assert result.equity["cash"].iloc[-1] == near(0)

    def test_orders_are_multiples_of_the_lot(self):
        """0.46 of 10,000 at 10 is 460 shares, 4 lots of 100."""
        result = run({"AAA": [10, 10]}, {"AAA": [10, 10]}, {"2024-12-03": {"AAA": 0.46}}, lot=100)
        assert held(result) == [400]

    def test_held_and_wanted_positions_together_keep_the_leverage(self):
        """With 0.6 held in AAA, a target of 0.8 in BBB is cut to 0.4."""
        result = run(
            {"AAA": [10, 10, 10], "BBB": [10, 10, 10]},
            {"AAA": [10, 10, 10], "BBB": [10, 10, 10]},
            {"2024-12-03": {"AAA": 0.6}, "2024-12-04": {"BBB": -0.8}},
        )
        assert held(result, "BBB") == [-400]
        assert flagged(result, "over_gross") == [-400]

    def test_interest_is_paid_on_borrowed_cash(self):
        """B4: 300 at 50 on 10,000 at 7.2 % for a day costs 1."""
        costs = FREE.model_copy(update={"margin_rate": 0.072})
        result = run(
            {"AAA": [50, 50, 50]}, {"AAA": [50, 50, 50]}, {"2024-12-03": {"AAA": 1.5}}, costs=costs, max_gross=1.5
        )
        assert result.equity["equity"].tolist() == near([10000, 10000, 9999])

    def test_positions_drift_between_targets(self):
        """Half and half, 100 to 110 to 99 and 100 to 90 to 99: held, 0.99; compounding fixed weights would say 1."""
        result = run(
            {"AAA": [100, 100, 110], "BBB": [100, 100, 90]},
            {"AAA": [100, 110, 99], "BBB": [100, 90, 99]},
            {"2024-12-03": {"AAA": 0.5, "BBB": 0.5}},
        )
        assert result.equity["equity"].iloc[-1] == near(9900)

    def test_a_target_without_any_price_is_flagged(self):
        """A ticker not yet listed at the decision can't be sized."""
        result = run({"AAA": [None, 10, 10]}, {"AAA": [None, 10, 10]}, {"2024-12-03": {"AAA": 1.0}})
        assert result.fills.empty
        assert result.flags["flag"].tolist() == ["no_mark"]

    def test_a_ruined_account_only_closes(self):
        """1,000 short at 10 bought back at 25 leaves -5,000, and no new order."""
        result = run(
            {"AAA": [10, 10, 25, 25]},
            {"AAA": [10, 25, 25, 25]},
            {"2024-12-03": {"AAA": -1.0}, "2024-12-04": {"AAA": -1.0}},
        )
        assert result.fills["shares"].tolist() == [-1000, 800]
        assert result.equity["equity"].iloc[-1] == near(-5000)


class TestHolding:
    def test_a_session_holding_enters_at_the_open_and_leaves_at_the_close(self):
        """500 bought at 10.005 and sold at 10.9945, 10 bps commission each: 10,484.25025."""
        costs = FREE.model_copy(update={"half_spread_bps": 2, "slippage_bps": 3, "commission_bps": 10})
        result = run({"AAA": [9, 10]}, {"AAA": [10, 11]}, {"2024-12-03": {"AAA": 0.5}}, costs=costs, horizon=0)
        assert result.equity["equity"].iloc[-1] == near(10484.25025)
        assert result.fills["moment"].tolist() == ["open", "close"]
        assert result.positions.empty
        assert result.equity["turnover"].iloc[-1] == near((500 * 10 + 500 * 11) / 10_000)

    def test_a_session_holding_earns_the_open_to_close_return(self):
        """The label is the return of the trade that the backtest makes."""
        opens, closes = {"AAA": [10, 20, 5]}, {"AAA": [10, 22, 4]}
        result = run(opens, closes, {"2024-12-03": {"AAA": 0.5}, "2024-12-04": {"AAA": -1.0}}, horizon=0, lot=0)
        # 500 shares earn 2 each; then 11,000 / 22 = 500 short earn 1 each.
        assert result.equity["equity"].tolist() == near([10000, 11000, 11500])

    def test_a_session_holding_without_a_close_leaves_at_the_next(self):
        """A close that never printed can't be traded, so the position stays, flagged."""
        bars = scenario.bars(DAYS[:3], {"AAA": [10, 10, 12]}, {"AAA": [10, 10, 13]})
        bars.loc[1, "close"] = np.nan
        result = simulate(
            scenario.targets({"2024-12-03": {"AAA": 0.5}}),
            bars,
            scenario.actions(),
            sessions=DAYS[:3],
            costs=FREE,
            account=Account(capital=10_000),
        )
        assert result.fills["price"].tolist() == [10, 13]
        assert result.flags["flag"].tolist() == ["no_print", "stale_mark"]
        assert result.equity["equity"].tolist() == near([10000, 10000, 11500])

    def test_without_any_target_the_capital_stays_cash(self):
        """A strategy may have no forecast at all, and still gets a curve."""
        empty = as_targets(pd.DataFrame({"session": [], "ticker": [], "weight": []}))
        bars = scenario.bars(DAYS, {"AAA": [10] * 4}, {"AAA": [10] * 4})
        result = simulate(empty, bars, scenario.actions(), sessions=DAYS, costs=FREE, account=Account(capital=5))
        assert result.equity["equity"].tolist() == [5] * 4
        assert [len(result.fills), len(result.positions), len(result.flags)] == [0, 0, 0]

    def test_the_first_session_only_decides(self):
        """The first row is the capital, untouched."""
        first = scenario.golden().equity.iloc[0]
        assert first["equity"] == 100_000
        assert first[["traded", "cost", "interest", "borrow", "dividends", "turnover"]].tolist() == [0] * 6


def test_a_delisted_position_loses_its_part_in_the_ticker_s_profit():
    """100 of AAA at 100 each, gone at 30 % less: it loses 3,000, as the equity does."""
    gone = {"AAA": Delisting(DAYS[2], NYSE_DELISTING_RETURN)}
    prices = {"AAA": [100, 100, None, None]}, {"AAA": [100, 100, None, None]}
    result = run(*prices, {"2024-12-03": {"AAA": 1.0}}, delistings=gone)
    assert result.profits.to_dict("records") == [{"session": DAYS[2], "ticker": "AAA", "profit": near(-3_000)}]
    assert result.equity["equity"].tolist() == near([10_000, 10_000, 7_000, 7_000])


def test_an_account_that_owes_more_than_it_has_has_no_turnover():
    """100 short at 100 leave 20,000 in cash, which buys 80 of them back at 250: traded over less than nothing."""
    prices = {"AAA": [100, 100, 100, 250]}, {"AAA": [100, 100, 250, 250]}
    equity = run(*prices, {"2024-12-03": {"AAA": -1.0}, "2024-12-05": {"AAA": 0.0}}).equity
    assert equity["equity"].tolist() == near([10_000, 10_000, -5_000, -5_000])
    assert equity["traded"].tolist() == near([0, 10_000, 0, 20_000])
    assert equity["turnover"].tolist() == near([0, 1, 0, 0])
