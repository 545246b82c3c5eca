"""The default features have the values worked by hand, and stay finite on bars that stand still."""

import math

import numpy as np
import pandas as pd
import pytest

from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.testing import sample_bars

BY_NAME = {feature.name: feature for feature in DEFAULT_FEATURES}


def _last(name: str, bars: pd.DataFrame) -> float:
    return float(BY_NAME[name].values(bars).iloc[-1])


def test_there_are_about_twenty_features_with_names_of_their_own() -> None:
    """Many more would cost time and overfit; a repeated name would hide one."""
    assert 20 <= len(DEFAULT_FEATURES) == len(BY_NAME) <= 27
    assert max(feature.warm_up for feature in DEFAULT_FEATURES) <= 60


def test_wilders_rsi_has_the_value_of_his_own_recursion() -> None:
    """Averages of gains and losses, each new move weighing 1/14; 50 is 0 here."""
    close = sample_bars(seed=5)["close"].to_numpy()
    gain = loss = 0.0
    for move in np.diff(close):
        gain, loss = (gain * 13 + max(move, 0.0)) / 14, (loss * 13 + max(-move, 0.0)) / 14
    expected = (100 - 100 / (1 + gain / loss)) / 50 - 1
    assert _last("rsi_14", sample_bars(seed=5)) == pytest.approx(expected, abs=1e-12)


def _bars_with(last: dict[str, float]) -> pd.DataFrame:
    """80 bars at 100 with a range of 98 to 102 and a volume of 1000, and a last one of one's own."""
    bars = sample_bars(n_bars=80).assign(open=100.0, high=102.0, low=98.0, close=100.0, volume=1000.0)
    for name, value in last.items():
        bars.loc[bars.index[-1], name] = value
    return bars


LAST = {"open": 101.0, "high": 106.0, "low": 100.5, "close": 105.0, "volume": 2000.0}
LAST_VARIANCE = 0.5 * math.log(106 / 100.5) ** 2 - (2 * math.log(2) - 1) * math.log(105 / 101) ** 2
STILL_VARIANCE = 0.5 * math.log(102 / 98) ** 2
# Weights of .94 to the power of their age, over their sum: the newest of 79 has .06 / (1 - .94^79).
KNOWN = 0.05**2 * 0.06 / (1 - 0.94**79)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("return_1", 0.05),
        ("return_5", 0.05),
        ("return_21", 0.05),
        ("momentum_60_5", 0.0),
        ("overnight_return", 0.01),
        ("intraday_return", 105 / 101 - 1),
        # 14 bars from 98 to 106, the close 7 of 8 up: 0.875 * 2 - 1.
        ("stochastic_14", 0.75),
        # The mean of 49 times 100 and once 105 is 100.1.
        ("distance_sma_50", 105 / 100.1 - 1),
        # One move of 5 in 14, after true ranges of 4: (4 * 13 + 6) / 14 over 105.
        ("atr_14", 58 / 14 / 105),
        # 20 returns of 0 and one of 0.05: sqrt(0.05^2 / 21).
        ("volatility_21", 0.05 / math.sqrt(21)),
        # The last bar's Garman-Klass variance over .06 times .05 squared: of 80 bars, 79 returns, all but one are 0.
        ("range_volatility_1", 0.5 * math.log(LAST_VARIANCE / KNOWN)),
        ("range_volatility_5", 0.5 * math.log((LAST_VARIANCE + 4 * STILL_VARIANCE) / 5 / KNOWN)),
        ("range_volatility_22", 0.5 * math.log((LAST_VARIANCE + 21 * STILL_VARIANCE) / 22 / KNOWN)),
        # sqrt(1/5) over sqrt(1/60): one move in 5 and in 60 returns.
        ("volatility_change", math.log(math.sqrt(60 / 5))),
        # Mean 100.25, deviation sqrt(19) / 4: the close stands sqrt(19) deviations up, the band two.
        ("bollinger_position_20", math.sqrt(19) / 2),
        ("bollinger_width_20", 4 * math.sqrt(19) / 4 / 100.25),
        ("distance_high_60", 105 / 106 - 1),
        # 2000 over a mean of 1050.
        ("relative_volume_20", math.log((1 + 2000 / 1050) / 2)),
        # (2 * 105 - 106 - 100.5) / 5.5 of 2000 shares, of 21000 in all; 19 bars closed in the middle.
        ("money_flow_20", (3.5 / 5.5) * 2000 / 21000),
        # An average of span 13 takes 1/7 of 5 * 2000; the mean volume of 52 bars is 53000 / 52.
        ("force_13", 10000 / 7 / (53000 / 52) / 105),
    ],
)
def test_a_feature_has_the_value_worked_by_hand(name: str, expected: float) -> None:
    """Bars that stand still until the last one leave one move to work with."""
    assert _last(name, _bars_with(LAST)) == pytest.approx(expected, abs=1e-12)


def test_the_oscillator_is_the_gap_of_its_two_averages() -> None:
    """By hand: the last move of 5 counts 2/13 in the short and 2/27 in the long average."""
    long = 100 + 5 * 2 / 27
    gap = (5 * 2 / 13 - 5 * 2 / 27) / long
    assert _last("ppo", _bars_with(LAST)) == pytest.approx(gap, abs=1e-12)
    # Its signal takes 2/10 of the first gap.
    assert _last("ppo_histogram", _bars_with(LAST)) == pytest.approx(0.8 * gap, abs=1e-12)


def test_the_calendar_speaks_of_the_traded_session() -> None:
    """A Friday's bar decides Monday: weekday 0, three days on."""
    bars = sample_bars(n_bars=80)
    friday = int(np.flatnonzero(bars.index.dayofweek == 4)[-1])
    values = {name: BY_NAME[name].values(bars).iloc[friday] for name in ("week_sine", "week_cosine", "days_closed")}
    assert values == pytest.approx({"week_sine": 0.0, "week_cosine": 1.0, "days_closed": 3.0})


@pytest.mark.parametrize("feature", DEFAULT_FEATURES, ids=lambda feature: feature.name)
@pytest.mark.parametrize("moving", [0, 100])
def test_a_ticker_that_stands_still_has_finite_features(feature: object, moving: int) -> None:
    """A suspended share has one price and no volume, from the start or after it moved."""
    bars = sample_bars(seed=2, n_bars=300)
    still = np.arange(len(bars)) >= moving
    price = bars["close"].iloc[max(moving - 1, 0)]
    for name in ("open", "high", "low", "close"):
        bars[name] = bars[name].where(~still, price)
    bars["volume"] = bars["volume"].where(~still, 0.0)
    values = feature.values(bars).iloc[60:]  # type: ignore[attr-defined]
    assert np.isfinite(values).all()
    assert values.abs().max() < 10.0
