"""Prices freed of splits and dividends, the bars that traded, and the returns and volatility between them."""

from stockseq.prices.corporate_actions import (
    ActionSteps,
    adjust_forward,
    adjustment_factors,
    compute_action_steps,
    later_splits,
    without_unpayable,
)
from stockseq.prices.returns import compute_volatility, find_jumps, known_before, volatility_before, volatility_path
from stockseq.prices.silence import LONG_SILENCE, find_silences, find_stretches
from stockseq.prices.split_basis import on_last_basis
from stockseq.prices.split_like import find_split_like_jumps
from stockseq.prices.traded_bars import has_print, is_traded, traded_bars
from stockseq.prices.variance import LEAST_VARIANCE, garman_klass, parkinson, session_variances

__all__ = [
    "LEAST_VARIANCE",
    "LONG_SILENCE",
    "ActionSteps",
    "adjust_forward",
    "adjustment_factors",
    "compute_action_steps",
    "compute_volatility",
    "find_jumps",
    "find_silences",
    "find_split_like_jumps",
    "find_stretches",
    "garman_klass",
    "has_print",
    "is_traded",
    "known_before",
    "later_splits",
    "on_last_basis",
    "parkinson",
    "session_variances",
    "traded_bars",
    "volatility_before",
    "volatility_path",
    "without_unpayable",
]
