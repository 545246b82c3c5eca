"""Leaks in a feature of one's own: `check_feature` refuses each before any run, whatever warm-up it declares."""

import numpy as np
import pandas as pd
import pytest
import ta

from stockseq.errors import PluginError
from stockseq.features.feature import Feature
from stockseq.testing import sample_bars
from stockseq.testing.causality import check_causal

CLOSES = {
    "bfill": lambda close: close.pct_change(20).bfill(),
    "label_of_the_next_session": lambda close: close.shift(-1) / close - 1,
    "centred_rolling_window": lambda close: close / close.rolling(5, center=True, min_periods=1).mean(),
    "global_minimum_and_maximum": lambda close: (close - close.min()) / (close.max() - close.min()),
    "global_z_score": lambda close: (close - close.mean()) / close.std(),
    "rank_over_the_whole_history": lambda close: close.pct_change().rank(pct=True),
    "interpolated_gaps": lambda close: close.where(np.arange(len(close)) % 7 != 0).interpolate() / close,
    "smoothed_from_both_ends": lambda close: close[::-1].ewm(span=5).mean()[::-1] / close,
    "first_value_filled_with_the_mean": lambda close: close.pct_change().fillna(close.pct_change().mean()),
    "quantile_of_all_returns": lambda close: (close.pct_change() > close.pct_change().quantile(0.9)).astype(float),
    "ta_kama_with_fillna": lambda close: ta.momentum.kama(close, fillna=True) / close,
    "ta_kst_without_fillna": lambda close: ta.trend.kst(close),
}


@pytest.mark.parametrize("name", CLOSES)
def test_a_feature_that_looks_ahead_is_refused_by_name(name: str) -> None:
    """Some of these change nothing after the first sixty bars, which is why every cut of the warm-up is made."""
    feature = Feature(name, lambda bars: CLOSES[name](bars["close"]), warm_up=60)
    with pytest.raises(PluginError, match=f"Feature '{name}' changes on .*would know what it is to forecast"):
        check_causal(feature, sample_bars(n_bars=240))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_feature_of_the_past_alone_passes(seed: int) -> None:
    """The same machinery, without a leak."""

    def past(bars: pd.DataFrame) -> pd.Series:
        return bars["close"] / bars["close"].ewm(span=5).mean() - bars["high"].rolling(20).max() / bars["low"]

    assert check_causal(Feature("past", past, warm_up=20), sample_bars(seed=seed, n_bars=240), seed=seed) > 1000
