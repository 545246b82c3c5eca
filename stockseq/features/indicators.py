"""The default features: momentum, trend, volatility, volume, returns and the calendar, by the `ta` library.

Each is scale-free, so that no later split shows in it, and none looks ahead in any row. Left out of `ta` on purpose:
KST, the visual Ichimoku and the vortex (their first rows use the mean of all prices), KAMA (it can wrap the last price
to the front), PSAR, WMA, NVI, MFI, ADX and CCI (slow loops), and the running totals ADI, OBV and VPT (their level
depends on where the history starts).

Every function takes one ticker's bars, or many histories at once: see `Feature.wide`.
"""

from functools import partial

import numpy as np
import pandas as pd

from stockseq.features.feature import Feature
from stockseq.features.technical import (
    average_true_range,
    bollinger_pband,
    bollinger_wband,
    chaikin_money_flow,
    donchian_channel_hband,
    force_index,
    ppo,
    ppo_hist,
    roc,
    rolling,
    rsi,
    sma_indicator,
    stoch,
)
from stockseq.prices.returns import DECAY, FLOOR
from stockseq.prices.variance import LEAST_VARIANCE, garman_klass

# Raised whenever a default feature changes its meaning.
FEATURE_SET = "default-2"


def rate_of_change(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the change of the close over `window` bars, as a fraction."""
    return roc(bars["close"], window) / 100.0


def momentum_without_recent(bars: pd.DataFrame, *, window: int, recent: int) -> pd.Series:
    """Return the change of the close from `window` to `recent` bars ago, which leaves short reversals out."""
    return roc(bars["close"].shift(recent), window - recent) / 100.0


def overnight_return(bars: pd.DataFrame) -> pd.Series:
    """Return the open over the close before it, less 1."""
    return bars["open"] / bars["close"].shift(1) - 1.0


def intraday_return(bars: pd.DataFrame) -> pd.Series:
    """Return the close over the open of the same session, less 1."""
    return bars["close"] / bars["open"] - 1.0


def relative_strength(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return Wilder's RSI, moved from 0..100 to -1..1 so that 0 is neutral."""
    moved = bars["close"].diff().abs().ewm(alpha=1 / window, adjust=False).mean()
    # `ta` calls a price that never moved 100; nothing rose, so it is neutral.
    return (rsi(bars["close"], window) / 50.0 - 1.0).where(moved > 0, 0.0)


def stochastic(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return where the close lies in the range of `window` bars: -1 at the low, 1 at the high, 0 without a range."""
    position = stoch(bars["high"], bars["low"], bars["close"], window) / 50.0 - 1.0
    return _neutral(position, warm_up=window)


def price_oscillator(bars: pd.DataFrame) -> pd.Series:
    """Return the 12 less the 26 bar average of the close, over the latter (MACD without its scale)."""
    return ppo(bars["close"]) / 100.0


def price_oscillator_histogram(bars: pd.DataFrame) -> pd.Series:
    """Return `price_oscillator` less its own average of 9 bars."""
    return ppo_hist(bars["close"]) / 100.0


def distance_from_average(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the close over its mean of `window` bars, less 1."""
    return bars["close"] / sma_indicator(bars["close"], window) - 1.0


def true_range(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return Wilder's average true range in units of price; the feature divides it by the close."""
    return average_true_range(bars["high"], bars["low"], bars["close"], window)


def volatility(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the standard deviation of the close-to-close returns of `window` bars, per session."""
    return rolling(bars["close"].pct_change(), window).std()


def volatility_change(bars: pd.DataFrame, *, short: int, long: int) -> pd.Series:
    """Return the logarithm of short over long volatility; 0 where the price did not move."""
    quick, slow = volatility(bars, window=short), volatility(bars, window=long)
    # The floor is one basis point, as for labels: only a suspended price is stiller.
    return (quick.clip(lower=1e-4) / slow.clip(lower=1e-4)).pipe(np.log)


def range_volatility(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the logarithm of Garman-Klass volatility over `window` bars, over the volatility known at the decision.

    Of 1, 5 and 22 bars they are the terms of Corsi's heterogeneous autoregression (2009, Journal of Financial
    Econometrics 7(2)), in the unit in which the size of a move is forecast.
    """
    variance = rolling(garman_klass(bars), window).mean()
    squared = bars["close"].pct_change() ** 2
    known = squared.ewm(alpha=1.0 - DECAY).mean().clip(lower=FLOOR**2)
    log_ratio: pd.Series = (variance.clip(lower=LEAST_VARIANCE) / known).pipe(np.log)
    return 0.5 * log_ratio


def bollinger_position(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the close in Bollinger's bands: -1 at the lower, 1 at the upper, 0 without a width."""
    return _neutral(2.0 * bollinger_pband(bars["close"], window) - 1.0, warm_up=window)


def bollinger_width(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the width of Bollinger's bands over their middle."""
    return bollinger_wband(bars["close"], window) / 100.0


def distance_from_high(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the close over the highest high of `window` bars, less 1: at most 0."""
    return bars["close"] / donchian_channel_hband(bars["high"], bars["low"], bars["close"], window) - 1.0


def relative_volume(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return the logarithm of (1 + volume over its mean of `window` bars) / 2: 0 at the mean, finite at no volume."""
    mean = rolling(bars["volume"], window).mean()
    ratio = np.log1p(bars["volume"] / mean) - np.log(2.0)
    return ratio.where((mean > 0) | mean.isna(), 0.0)


def money_flow(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return Chaikin's money flow, -1..1; 0 where nothing was traded."""
    flow = chaikin_money_flow(bars["high"], bars["low"], bars["close"], bars["volume"], window)
    return _neutral_without_volume(flow, bars, window)


def force(bars: pd.DataFrame, *, window: int) -> pd.Series:
    """Return Elder's force index over the close and the mean volume: a return weighted by relative volume."""
    mean = rolling(bars["volume"], 4 * window).mean()
    return _neutral_without_volume(
        force_index(bars["close"], bars["volume"], window) / mean / bars["close"], bars, 4 * window
    )


def week_sine(bars: pd.DataFrame) -> pd.Series:
    """Return the sine of the traded session's place in the week of five days."""
    return np.sin(_week_angle(bars))


def week_cosine(bars: pd.DataFrame) -> pd.Series:
    """Return the cosine of the traded session's place in the week of five days."""
    return np.cos(_week_angle(bars))


def days_closed(bars: pd.DataFrame) -> pd.Series:
    """Return the calendar days from the last bar's session to the traded one: 1 overnight, 3 over a weekend."""
    # Of one history the session is the index.
    sessions = bars.index if isinstance(bars, pd.DataFrame) else bars["session"]
    return bars["close"] * 0.0 + _days(bars["traded_session"]) - _days(sessions)


def _week_angle(bars: pd.DataFrame) -> pd.Series:
    # 1970 began on a Thursday.
    return bars["close"] * 0.0 + (_days(bars["traded_session"]) + 3.0) % 7.0 * (2.0 * np.pi / 5.0)


def _days(instants: pd.DataFrame | pd.Series | pd.Index) -> np.ndarray:
    return instants.to_numpy(dtype="datetime64[D]").astype("int64").astype("float64")


def _neutral(values: pd.Series, *, warm_up: int) -> pd.Series:
    """Return `values` with 0 for nothing over nothing: a range or a width that closed up."""
    early = np.arange(len(values)) < warm_up
    return values.where(values.notna() | (early if values.ndim == 1 else early[:, None]), 0.0)


def _neutral_without_volume(values: pd.Series, bars: pd.DataFrame, window: int) -> pd.Series:
    untraded = rolling(bars["volume"], window).max() <= 0
    return values.where(~untraded, 0.0)


DEFAULT_FEATURES: tuple[Feature, ...] = (
    Feature("return_1", partial(rate_of_change, window=1), warm_up=1, wide=True),
    Feature("overnight_return", overnight_return, warm_up=1, wide=True),
    Feature("intraday_return", intraday_return, warm_up=0, wide=True),
    Feature("return_5", partial(rate_of_change, window=5), warm_up=5, wide=True),
    Feature("return_21", partial(rate_of_change, window=21), warm_up=21, wide=True),
    Feature("momentum_60_5", partial(momentum_without_recent, window=60, recent=5), warm_up=60, wide=True),
    Feature("rsi_14", partial(relative_strength, window=14), warm_up=14, wide=True),
    Feature("stochastic_14", partial(stochastic, window=14), warm_up=14, wide=True),
    Feature("ppo", price_oscillator, warm_up=26, wide=True),
    Feature("ppo_histogram", price_oscillator_histogram, warm_up=34, wide=True),
    Feature("distance_sma_50", partial(distance_from_average, window=50), warm_up=50, wide=True),
    Feature("atr_14", partial(true_range, window=14), warm_up=14, divide_by="close", wide=True),
    Feature("volatility_21", partial(volatility, window=21), warm_up=21, wide=True),
    Feature("range_volatility_1", partial(range_volatility, window=1), warm_up=2, wide=True),
    Feature("range_volatility_5", partial(range_volatility, window=5), warm_up=5, wide=True),
    Feature("range_volatility_22", partial(range_volatility, window=22), warm_up=22, wide=True),
    Feature("volatility_change", partial(volatility_change, short=5, long=60), warm_up=60, wide=True),
    Feature("bollinger_position_20", partial(bollinger_position, window=20), warm_up=20, wide=True),
    Feature("bollinger_width_20", partial(bollinger_width, window=20), warm_up=20, wide=True),
    Feature("distance_high_60", partial(distance_from_high, window=60), warm_up=60, wide=True),
    Feature("relative_volume_20", partial(relative_volume, window=20), warm_up=20, wide=True),
    Feature("money_flow_20", partial(money_flow, window=20), warm_up=20, wide=True),
    Feature("force_13", partial(force, window=13), warm_up=52, wide=True),
    Feature("week_sine", week_sine, warm_up=0, wide=True),
    Feature("week_cosine", week_cosine, warm_up=0, wide=True),
    Feature("days_closed", days_closed, warm_up=0, wide=True),
)
