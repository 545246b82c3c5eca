"""The indicators of `ta` that the features use, of one history as a Series or of many at once as a DataFrame.

A Series goes to `ta` itself, which is the definition. A DataFrame holds one history a column, from its first row on,
and gets the same arithmetic in the same order, so that every column equals what `ta` gives of it to the last bit.
"""

from typing import Any, TypeVar

import numpy as np
import pandas as pd
from pandas.api.indexers import BaseIndexer
from ta import momentum, trend, volume
from ta import volatility as ta_volatility

Prices = TypeVar("Prices", pd.Series, pd.DataFrame)


class _WideRolling:
    """Windows of `window` bars of many histories, all rolled over in one call instead of one for each column.

    What each method gives of a column equals what `Series.rolling` gives of it, to the last bit.
    """

    def __init__(self, values: pd.DataFrame, window: int) -> None:
        self._values = values
        windows = _WithinHistories(window_size=window, n_bars=len(values))
        end_to_end = pd.Series(values.to_numpy(dtype="float64").ravel(order="F"))
        self._rolling = end_to_end.rolling(windows, min_periods=window)

    def mean(self) -> pd.DataFrame:
        """Return the mean of each window."""
        return self._wide(self._rolling.mean())

    def sum(self) -> pd.DataFrame:
        """Return the sum of each window."""
        return self._wide(self._rolling.sum())

    def std(self, ddof: int = 1) -> pd.DataFrame:
        """Return the standard deviation of each window."""
        return self._wide(self._rolling.std(ddof=ddof))

    def min(self) -> pd.DataFrame:
        """Return the least of each window."""
        return self._wide(self._rolling.min())

    def max(self) -> pd.DataFrame:
        """Return the largest of each window."""
        return self._wide(self._rolling.max())

    def _wide(self, rolled: pd.Series) -> pd.DataFrame:
        table = rolled.to_numpy().reshape(self._values.shape, order="F")
        return pd.DataFrame(table, index=self._values.index, columns=self._values.columns)


class _WithinHistories(BaseIndexer):  # type: ignore[misc]
    """Windows over histories that lie end to end, `n_bars` each: none reaches into the history before."""

    window_size: int
    n_bars: int

    def get_window_bounds(
        self,
        num_values: int = 0,
        min_periods: int | None = None,
        center: bool | None = None,
        closed: str | None = None,
        step: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where each window begins and ends."""
        bars = np.arange(num_values, dtype=np.int64)
        begins = bars - bars % self.n_bars if self.n_bars else bars
        return np.maximum(begins, bars - self.window_size + 1), bars + 1


def rolling(values: Prices, window: int) -> Any:
    """Return the windows of `window` bars of one history or of many, for their mean, sum, std, min and max."""
    return values.rolling(window) if isinstance(values, pd.Series) else _WideRolling(values, window)


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
    lowest, highest = rolling(low, window).min(), rolling(high, window).max()
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
    return trend.sma_indicator(close, window) if isinstance(close, pd.Series) else rolling(close, window).mean()


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
    return rolling(high, window).max()


def chaikin_money_flow(high: Prices, low: Prices, close: Prices, traded: Prices, window: int) -> Prices:
    """Return the volume of `window` bars, each weighed by where its close lies in its range, over their volume."""
    if isinstance(close, pd.Series):
        return volume.chaikin_money_flow(high, low, close, traded, window)
    # A bar without a range weighs nothing.
    weight = (((close - low) - (high - close)) / (high - low)).fillna(0.0)
    return rolling(weight * traded, window).sum() / rolling(traded, window).sum()


def force_index(close: Prices, traded: Prices, window: int) -> Prices:
    """Return the exponential average of the change of the close times the volume."""
    if isinstance(close, pd.Series):
        return volume.force_index(close, traded, window)
    return _ema((close - close.shift(1)) * traded, window)


def _ema(values: pd.DataFrame, span: int) -> pd.DataFrame:
    return values.ewm(span=span, min_periods=span, adjust=False).mean()


def _bands(close: pd.DataFrame, window: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    middle, width = rolling(close, window).mean(), 2 * rolling(close, window).std(ddof=0)
    return middle, middle - width, middle + width
