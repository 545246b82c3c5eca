"""The ledger against the golden scenario, small cases worked by hand, and refusals."""

import pandas as pd
import pytest

from tests.backtest import scenario

TO_THE_CENT = {"rel": 0, "abs": 1e-6}


def near(values):
    return pytest.approx(values, **TO_THE_CENT)


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

    def test_the_positions_of_every_close_are_the_golden_ones(self):
        """An order of -204 shares becomes -408 after the split; the halted ticker's order expires."""
        held = scenario.golden().positions.pivot_table(index="session", columns="ticker", values="shares")
        assert held.loc["2024-12-02"].tolist() == [500, 600, -1000]
        assert held.loc["2024-12-03"].tolist() == [592, 1015, -1000]
        assert held.loc["2024-12-04", ["AAA", "BBB"]].tolist() == [592, 1015]
        assert pd.Timestamp("2024-12-05") not in held.index

    def test_costs_traded_value_and_turnover_are_the_golden_ones(self):
        """Turnover is two-way, at the prints, over the equity before."""
        equity = scenario.golden().equity
        assert equity["cost"].sum() == near(243.494458625)
        assert equity["traded"].sum() == near(243_495.5)
        assert equity["turnover"].tolist() == pytest.approx(
            [0, 1.007, 0, 0.41433493, 0.17516944, 0.79188107], rel=0, abs=5e-9
        )

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
        assert result.flags.query("flag == 'over_capacity'")["shares"].tolist() == [15]

    def test_without_friction_the_equity_is_the_golden_one(self):
        """Variant G3: no costs at all."""
        assert scenario.golden(scenario.FREE).equity["equity"].tolist()[1:] == near(
            [101300, 102860, 102880, 103956, 104464]
        )
