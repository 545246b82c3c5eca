"""Costs and lots, by hand."""

import numpy as np
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.costs import Costs
from stockseq.errors import SettingsError


def test_costs_are_on_by_default():
    """2 + 3 + 1 basis points; a backtest without costs must be asked for."""
    costs = Costs()
    assert [costs.half_spread_bps, costs.slippage_bps, costs.commission_bps, costs.capacity] == [2, 3, 1, 0.05]


@pytest.mark.parametrize(("multiple", "expected"), [(0, [0, 0, 0, 0]), (1, [2, 3, 1, 1.5]), (2, [4, 6, 2, 3])])
def test_scaling_multiplies_what_trading_costs(multiple, expected):
    """The report shows 0x, 1x and 2x."""
    scaled = Costs(min_commission=1.5).scaled(multiple)
    assert [scaled.half_spread_bps, scaled.slippage_bps, scaled.commission_bps, scaled.min_commission] == expected


def test_scaling_leaves_financing_and_capacity():
    """They don't depend on how often one trades."""
    costs = Costs(cash_rate=0.01, margin_rate=0.02, borrow_rate=0.03, capacity=0.1)
    scaled = costs.scaled(2)
    assert [scaled.cash_rate, scaled.margin_rate, scaled.borrow_rate, scaled.capacity] == [0.01, 0.02, 0.03, 0.1]


@pytest.mark.parametrize("multiple", [-1, np.nan, np.inf])
def test_a_multiple_that_is_no_cost_is_refused(multiple):
    """Negative costs would be a subsidy."""
    with pytest.raises(ValueError, match="`multiple` must be a finite number"):
        Costs().scaled(multiple)


def test_an_unknown_cost_is_refused():
    """A misspelt setting must not silently leave the default."""
    with pytest.raises(SettingsError):
        Costs(slipage_bps=3)


@pytest.mark.parametrize(("capacity"), [0.0, -0.1, np.nan])
def test_a_capacity_of_nothing_is_refused(capacity):
    """Nothing would ever fill."""
    with pytest.raises(SettingsError):
        Costs(capacity=capacity)


def test_the_least_commission_or_the_rate_whichever_is_more():
    """1 bp of 50,000 is 5; of 5,000 it is 0.50, so the least of 1 counts."""
    commissions = Costs(min_commission=1).commissions(np.array([50_000.0, 5_000.0]))
    assert commissions.tolist() == pytest.approx([5.0, 1.0])


def test_shares_are_cut_toward_zero_and_survive_binary_fractions():
    """0.29 x 100 is 28.999999999999996 in binary and 29 on paper."""
    assert Account().lots(np.array([0.29 * 100, -1.9, 1.9])).tolist() == [29, -1, 1]


def test_a_lot_of_zero_allows_fractions():
    """For proofs of what whole shares would blur."""
    assert Account(lot=0).lots(np.array([1.5])).tolist() == [1.5]


def test_a_split_leaves_odd_lots():
    """15 shares stay 15 whatever the lot of new orders is."""
    assert Account(lot=10).whole(np.array([15.7])).tolist() == [15]
