"""The indicators of `ta` that the features use, of one history as a Series or of many at once as a DataFrame.

A Series goes to `ta` itself, which is the definition. A DataFrame holds one history a column, from its first row on,
and gets the same arithmetic in the same order, so that every column equals what `ta` gives of it to the last bit.
"""

from typing import TypeVar

import numpy as np
import pandas as pd
from ta import momentum, trend, volume
from ta import volatility as ta_volatility

Prices = TypeVar("Prices", pd.Series, pd.DataFrame)


def roc(close: Prices, window: int) -> Prices:
    """Return the rate of change in percent."""
    if isinstance(close, pd.Series):
        return momentum.roc(close, window)
    before = close.shift(window)
    return (close - before) / before * 100


def rsi(close: Prices, window: int) -> Prices:
    """Return Wilder's RSI, 0 to 100; 100 where nothing fell."""
    if isinstance(close, pd.Series):
        return momentum.rsi(close, window)
    change = close.diff(1)
    rises, falls = (
        part.ewm(alpha=1 / window, min_periods=window, adjust=False).mean()
        for part in (change.where(change > 0, 0.0), -change.where(change < 0, 0.0))
    )
    return (100 - 100 / (1 + rises / falls)).mask(falls == 0, 100.0)


def stoch(high: Prices, low: Prices, close: Prices, window: int) -> Prices:
    """Return where the close lies in the range of `window` bars, in percent."""
    if isinstance(close, pd.Series):
        return momentum.stoch(high, low, close, window)
    lowest, highest = low.rolling(window).min(), high.rolling(window).max()
    return 100 * (close - lowest) / (highest - lowest)


def ppo(close: Prices) -> Prices:
    """Return the 12 less the 26 bar exponential average over the latter, in percent."""
    if isinstance(close, pd.Series):
        return momentum.ppo(close)
    fast, slow = _ema(close, 12), _ema(close, 26)
    return (fast - slow) / slow * 100


def ppo_hist(close: Prices) -> Prices:
    """Return `ppo` less its own exponential average of 9 bars."""
    if isinstance(close, pd.Series):
        return momentum.ppo_hist(close)
    oscillator = ppo(close)
    return oscillator - _ema(oscillator, 9)


def sma_indicator(close: Prices, window: int) -> Prices:
    """Return the mean of `window` bars."""
    return trend.sma_indicator(close, window) if isinstance(close, pd.Series) else close.rolling(window).mean()


def average_true_range(high: Prices, low: Prices, close: Prices, window: int) -> Prices:
    """Return Wilder's average true range; 0 before `window` bars."""
    if isinstance(close, pd.Series):
        return ta_volatility.average_true_range(high, low, close, window)
    before = close.shift(1)
    ranges = np.fmax.reduce(
        [(high - low).to_numpy(), (high - before).abs().to_numpy(), (low - before).abs().to_numpy()]
    )
    averages = np.zeros_like(ranges)
    # A sum along memory rounds as that of a Series does.
    averages[window - 1] = np.ascontiguousarray(ranges[:window].T).mean(axis=1)
    for row in range(window, len(averages)):
        averages[row] = (averages[row - 1] * (window - 1) + ranges[row]) / float(window)
    return pd.DataFrame(averages, index=close.index, columns=close.columns)


def bollinger_pband(close: Prices, window: int) -> Prices:
    """Return where the close lies in Bollinger's bands: 0 at the lower, 1 at the upper, NaN without a width."""
    if isinstance(close, pd.Series):
        return ta_volatility.bollinger_pband(close, window)
    _, lower, upper = _bands(close, window)
    return (close - lower) / (upper - lower).where(upper != lower, np.nan)


def bollinger_wband(close: Prices, window: int) -> Prices:
    """Return the width of Bollinger's bands over their middle, in percent."""
    if isinstance(close, pd.Series):
        return ta_volatility.bollinger_wband(close, window)
    middle, lower, upper = _bands(close, window)
    return (upper - lower) / middle * 100


def donchian_channel_hband(high: Prices, low: Prices, close: Prices, window: int) -> Prices:
    """Return the highest high of `window` bars."""
    if isinstance(close, pd.Series):
        return ta_volatility.donchian_channel_hband(high, low, close, window)
    return high.rolling(window).max()


def chaikin_money_flow(high: Prices, low: Prices, close: Prices, traded: Prices, window: int) -> Prices:
    """Return the volume of `window` bars, each weighed by where its close lies in its range, over their volume."""
    if isinstance(close, pd.Series):
        return volume.chaikin_money_flow(high, low, close, traded, window)
    # A bar without a range weighs nothing.
    weight = (((close - low) - (high - close)) / (high - low)).fillna(0.0)
    return (weight * traded).rolling(window).sum() / traded.rolling(window).sum()


def force_index(close: Prices, traded: Prices, window: int) -> Prices:
    """Return the exponential average of the change of the close times the volume."""
    if isinstance(close, pd.Series):
        return volume.force_index(close, traded, window)
    return _ema((close - close.shift(1)) * traded, window)


def _ema(values: pd.DataFrame, span: int) -> pd.DataFrame:
    return values.ewm(span=span, min_periods=span, adjust=False).mean()


def _bands(close: pd.DataFrame, window: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    middle, width = close.rolling(window).mean(), 2 * close.rolling(window).std(ddof=0)
    return middle, middle - width, middle + width
