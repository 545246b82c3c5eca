"""`check_feature` lets every default feature pass and catches each planted fault."""

import numpy as np
import pandas as pd
import pytest
import ta

from stockseq.errors import PluginError
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.testing import check_feature, sample_bars


@pytest.mark.parametrize("feature", DEFAULT_FEATURES, ids=lambda feature: feature.name)
def test_every_default_feature_keeps_the_contract(feature: Feature) -> None:
    """A default that looked ahead or told of splits would spoil every model."""
    check_feature(feature, seed=1)


def _close(bars: pd.DataFrame) -> pd.Series:
    return bars["close"]


def _running_total(bars: pd.DataFrame) -> pd.Series:
    moves = np.sign(bars["close"].diff()).fillna(0.0) * bars["volume"] / bars["volume"].rolling(5, min_periods=1).mean()
    return moves.cumsum()


LEAKS = {
    "future_shift": lambda bars: bars["close"].shift(-1).fillna(bars["close"]) / bars["close"],
    "backward_fill": lambda bars: bars["close"].pct_change(20).bfill(),
    "whole_sample_scaling": lambda bars: (_close(bars) - _close(bars).mean()) / _close(bars).std(),
    "global_maximum": lambda bars: _close(bars) / _close(bars).max(),
    "centred_average": lambda bars: _close(bars).rolling(5, center=True, min_periods=1).mean() / _close(bars),
    "ta_fillna_kama": lambda bars: ta.momentum.kama(_close(bars), fillna=True) / _close(bars),
    "ta_fillna_ichimoku": lambda bars: (
        ta.trend.ichimoku_a(bars["high"], bars["low"], visual=True, fillna=True) / _close(bars)
    ),
    "ta_visual_ichimoku": lambda bars: ta.trend.ichimoku_a(bars["high"], bars["low"], visual=True) / _close(bars),
    "ta_kst": lambda bars: ta.trend.kst(_close(bars)),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_feature_that_uses_later_bars_is_refused(name: str) -> None:
    """Each of these has been seen in the wild; a warm-up declared long enough doesn't excuse it."""
    with pytest.raises(PluginError, match=f"Feature '{name}' changes on .*would know what it is to forecast"):
        check_feature(Feature(name, LEAKS[name], warm_up=60))


@pytest.mark.parametrize(
    ("name", "compute"),
    {
        "level": _close,
        "average_true_range": lambda bars: ta.volatility.average_true_range(bars["high"], bars["low"], bars["close"]),
        "volume_level": lambda bars: bars["volume"],
    }.items(),
)
def test_a_feature_in_units_of_price_or_shares_is_refused(name: str, compute: object) -> None:
    """A back-adjusted level announces a later split."""
    with pytest.raises(PluginError, match=f"Feature '{name}' changes .*a later split or dividend rescales history"):
        check_feature(Feature(name, compute, warm_up=60))  # type: ignore[arg-type]


def test_a_level_divided_by_the_close_passes() -> None:
    """`divide_by` is the offered remedy, so it must be enough."""
    check_feature(Feature("sma_20", lambda bars: bars["close"].rolling(20).mean(), warm_up=19, divide_by="close"))


def test_a_running_total_is_refused() -> None:
    """Its level depends on where the history starts, so an incremental table would differ from a rebuilt one."""
    with pytest.raises(PluginError, match="running totals would jump"):
        check_feature(Feature("total", _running_total, warm_up=5))


def test_a_gap_after_the_warm_up_is_refused() -> None:
    """A session without a value has no row, and so no forecast."""
    with pytest.raises(PluginError, match="has no finite value on 2015-01-08, after its warm-up of 5 bars"):
        check_feature(Feature("return_20", lambda bars: bars["close"].pct_change(20), warm_up=5))


def test_a_random_feature_is_refused() -> None:
    """The same inputs must give the same table."""
    random = np.random.default_rng(0)
    with pytest.raises(PluginError, match="when it is computed again"):
        check_feature(
            Feature("noise", lambda bars: pd.Series(random.normal(size=len(bars)), index=bars.index), warm_up=0)
        )


@pytest.mark.parametrize(
    ("compute", "reason"),
    [
        (lambda bars: bars["close"].to_numpy(), "received a ndarray"),
        (lambda bars: bars["close"].reset_index(drop=True), "must return a Series on the index of its bars"),
        (lambda bars: bars["close"].astype(str), "must return numbers"),
        (lambda bars: bars["adj_close"], "failed on 640 bars: KeyError"),
    ],
)
def test_a_feature_of_the_wrong_shape_is_refused_with_a_sentence(compute: object, reason: str) -> None:
    """A user's slip should read as one sentence, not as a traceback from inside pandas."""
    with pytest.raises(PluginError, match=reason):
        check_feature(Feature("wrong", compute, warm_up=0))  # type: ignore[arg-type]


def test_sample_bars_are_valid_bars() -> None:
    """A check on impossible bars would prove nothing about real ones."""
    bars = sample_bars(seed=3)
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["volume"] > 0).all()
