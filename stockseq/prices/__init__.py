"""Prices freed of splits and dividends, the bars that traded, and the returns and volatility between them."""

from stockseq.prices.corporate_actions import adjust_forward, adjustment_factors, later_splits
from stockseq.prices.returns import compute_volatility, find_jumps, volatility_before, volatility_path
from stockseq.prices.traded_bars import has_print, is_traded, traded_bars

__all__ = [
    "adjust_forward",
    "adjustment_factors",
    "compute_volatility",
    "find_jumps",
    "has_print",
    "is_traded",
    "later_splits",
    "traded_bars",
    "volatility_before",
    "volatility_path",
]
