"""The contract of a feature: causal, scale-free, repeatable, and complete after its warm-up."""

import numpy as np
import pandas as pd

from stockseq.errors import PluginError
from stockseq.features.feature import HISTORY, Feature
from stockseq.testing.causality import check_causal, check_same

# Enough bars to compare a value with the one that a start 400 bars before it gives.
N_BARS = HISTORY + 240
START_TOLERANCE = 1e-6


def sample_bars(*, seed: int = 0, n_bars: int = N_BARS) -> pd.DataFrame:
    """Return made-up bars of one ticker in the form that a feature gets: two prices a session, gaps, and weekends.

    Returns
    -------
    DataFrame of n_bars rows, indexed by session
        `open`, `high`, `low`, `close`, `volume` and `traded_session`.

    Examples
    --------
    >>> sample_bars(n_bars=3).columns.tolist()
    ['open', 'high', 'low', 'close', 'volume', 'traded_session']
    """
    random = np.random.default_rng(seed)
    days = pd.bdate_range("2015-01-01", periods=n_bars + 1).as_unit("us").rename("session")
    close = 50.0 * np.exp(np.cumsum(random.normal(0.0003, 0.02, n_bars)))
    opened = np.append(50.0, close[:-1]) * np.exp(random.normal(0.0, 0.008, n_bars))
    width = np.exp(random.exponential(0.006, (2, n_bars)))
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * width[0],
            "low": np.minimum(opened, close) / width[1],
            "close": close,
            "volume": np.round(np.exp(random.normal(13.0, 0.5, n_bars))),
            "traded_session": days[1:],
        },
        index=days[:-1],
    )


def check_feature(feature: Feature, *, seed: int = 0) -> None:
    """Raise `PluginError` unless the feature is causal, scale-free, repeatable and complete after its warm-up.

    Parameters
    ----------
    feature : Feature
    seed : int, default=0
        Of the made-up bars and of the places where they are cut.

    Raises
    ------
    PluginError
        Naming the feature, the first session that is wrong, and why it matters.

    Examples
    --------
    >>> from stockseq.features.indicators import DEFAULT_FEATURES
    >>> check_feature(DEFAULT_FEATURES[0])
    >>> level = Feature("level", lambda bars: bars["close"], warm_up=0)
    >>> check_feature(level)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    stockseq.errors.PluginError: Feature 'level' changes on 2015-01-01 from ... when all prices are 3.7 times as ...
    """
    bars = sample_bars(seed=seed)
    before = bars.copy()
    values = feature.raw(bars)
    if not bars.equals(before):
        raise PluginError(f"Feature {feature.name!r} changes the bars it is given; it must work on its own copy.")
    check_same(
        feature, feature.raw(bars), values, "when it is computed again", "the same inputs must give the same table"
    )
    check_causal(feature, bars, seed=seed)
    _check_complete(feature, values)
    _check_scale_free(feature, bars, values)
    _check_start(feature, bars, values)


def _check_complete(feature: Feature, values: pd.Series) -> None:
    settled = values.iloc[feature.warm_up :]
    missing = settled[~np.isfinite(settled)]
    if len(missing):
        raise PluginError(
            f"Feature {feature.name!r} has no finite value on {missing.index[0].date()}, after its warm-up of "
            f"{feature.warm_up} bars: such a session would have no row. Declare a longer warm-up, or a neutral value."
        )


def _check_scale_free(feature: Feature, bars: pd.DataFrame, values: pd.Series) -> None:
    why = "a later split or dividend rescales history, so the level would tell of it in advance; divide by the close"
    prices = {name: bars[name] * 3.7 for name in ("open", "high", "low", "close")}
    check_same(feature, feature.raw(bars.assign(**prices)), values, "when all prices are 3.7 times as high", why)
    volumes = bars.assign(volume=bars["volume"] * 0.3)
    check_same(feature, feature.raw(volumes), values, "when all volumes are 0.3 times as high", why)


def _check_start(feature: Feature, bars: pd.DataFrame, values: pd.Series) -> None:
    late = len(bars) - HISTORY - 120
    short = feature.raw(bars.iloc[late:])
    check_same(
        feature,
        short.iloc[HISTORY:],
        values.iloc[late + HISTORY :],
        f"when the bars start {HISTORY} sessions before instead of {late} earlier",
        "rows are built from the 400 bars before their year, and running totals would jump there",
        tolerance=START_TOLERANCE,
    )
