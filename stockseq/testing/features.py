"""The contract of a feature: causal, scale-free, repeatable, and complete after its warm-up."""

import numpy as np
import pandas as pd

from stockseq.errors import PluginError
from stockseq.evaluate.lookahead import differs, poison_bars
from stockseq.features.feature import HISTORY, Feature

# Enough bars to compare a value with the one that a start 400 bars before it gives.
N_BARS = HISTORY + 240
TOLERANCE = 1e-9
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
    _check_same(
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


def check_causal(feature: Feature, bars: pd.DataFrame, *, seed: int = 0) -> int:
    """Raise `PluginError` unless no value changes when later bars are missing or others, the warm-up's included.

    Parameters
    ----------
    feature : Feature
    bars : DataFrame of n_bars rows, indexed by session
        One ticker's, as a feature gets them; they are cut at every bar of the warm-up and five beyond, and at twenty
        later ones.
    seed : int, default=0
        Of the later cuts and of the other bars.

    Returns
    -------
    int
        The number of values that were compared.

    Raises
    ------
    PluginError
        Naming the feature and the first session that changed.

    Examples
    --------
    >>> night = Feature("night", lambda bars: bars["open"] / bars["close"].shift() - 1, warm_up=1)
    >>> check_causal(night, sample_bars(n_bars=8))  # cuts at 1 to 6 bars and 20 at 7, each twice
    322
    """
    random = np.random.default_rng(seed)
    values = feature.raw(bars)
    # Early cuts show what fills the warm-up backwards; late ones what reaches far.
    early = range(1, min(feature.warm_up + 6, len(bars)))
    late = random.integers(early.stop, len(bars), 20 if len(bars) > early.stop else 0)
    why = "a forecast would know what it is to forecast"
    n_values = 0
    for cut in map(int, [*early, *late]):
        known = values.iloc[:cut]
        other = pd.concat([bars.iloc[:cut], poison_bars(bars.iloc[cut:], random)])
        poisoned = feature.raw(other).iloc[:cut]
        _check_same(feature, poisoned, known, f"when the bars from {bars.index[cut].date()} on are others", why)
        n_values += cut
        try:
            alone = feature.raw(bars.iloc[:cut])
        except PluginError:
            # No feature is ever asked for fewer bars than its warm-up.
            if cut > feature.warm_up:
                raise
            continue
        _check_same(feature, alone, known, f"when the bars end before {bars.index[cut].date()}", why)
        n_values += cut
    return n_values


def _check_scale_free(feature: Feature, bars: pd.DataFrame, values: pd.Series) -> None:
    why = "a later split or dividend rescales history, so the level would tell of it in advance; divide by the close"
    prices = {name: bars[name] * 3.7 for name in ("open", "high", "low", "close")}
    _check_same(feature, feature.raw(bars.assign(**prices)), values, "when all prices are 3.7 times as high", why)
    volumes = bars.assign(volume=bars["volume"] * 0.3)
    _check_same(feature, feature.raw(volumes), values, "when all volumes are 0.3 times as high", why)


def _check_start(feature: Feature, bars: pd.DataFrame, values: pd.Series) -> None:
    late = len(bars) - HISTORY - 120
    short = feature.raw(bars.iloc[late:])
    _check_same(
        feature,
        short.iloc[HISTORY:],
        values.iloc[late + HISTORY :],
        f"when the bars start {HISTORY} sessions before instead of {late} earlier",
        "rows are built from the 400 bars before their year, and running totals would jump there",
        tolerance=START_TOLERANCE,
    )


def _check_same(
    feature: Feature, given: pd.Series, expected: pd.Series, when: str, why: str, *, tolerance: float = TOLERANCE
) -> None:
    # Where values cancel to nearly 0, rounding is judged by the feature's own spread.
    moved = differs(expected, given, tolerance=tolerance)
    if moved.any():
        place = int(np.argmax(moved))
        raise PluginError(
            f"Feature {feature.name!r} changes on {expected.index[place].date()} from {expected.iloc[place]} to "
            f"{given.iloc[place]} {when}: {why}."
        )
