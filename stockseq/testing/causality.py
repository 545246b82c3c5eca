"""Whether a feature looks ahead: take its later bars away, or put others in their place, and compare."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import PluginError
from stockseq.features.feature import Feature
from stockseq.schemas import PRICES

TOLERANCE = 1e-9
N_LATE_CUTS = 20


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
    >>> from stockseq.testing import sample_bars
    >>> night = Feature("night", lambda bars: bars["open"] / bars["close"].shift() - 1, warm_up=1)
    >>> check_causal(night, sample_bars(n_bars=8))  # cuts at 1 to 6 bars and 20 at 7, each twice
    322
    """
    random = np.random.default_rng(seed)
    values = feature.raw(bars)
    why = "a forecast would know what it is to forecast"
    n_values = 0
    for cut in _choose_cuts(feature, len(bars), random):
        reference = values.iloc[:cut]
        other = pd.concat([bars.iloc[:cut], poison_bars(bars.iloc[cut:], random)])
        poisoned = feature.raw(other).iloc[:cut]
        check_same(feature, poisoned, reference, f"when the bars from {bars.index[cut].date()} on are others", why)
        n_values += cut
        try:
            alone = feature.raw(bars.iloc[:cut])
        except PluginError:
            # No feature is ever asked for fewer bars than its warm-up.
            if cut > feature.warm_up:
                raise
            continue
        check_same(feature, alone, reference, f"when the bars end before {bars.index[cut].date()}", why)
        n_values += cut
    return n_values


def _choose_cuts(feature: Feature, n_bars: int, random: np.random.Generator) -> list[int]:
    """Return where to cut: early cuts show what fills the warm-up backwards, late ones what reaches far."""
    early = range(1, min(feature.warm_up + 6, n_bars))
    late = random.integers(early.stop, n_bars, N_LATE_CUTS if n_bars > early.stop else 0)
    return [*early, *map(int, late)]


def check_same(
    feature: Feature, given: pd.Series, expected: pd.Series, when: str, why: str, *, tolerance: float = TOLERANCE
) -> None:
    """Raise `PluginError`, naming the first session, where two series of a feature differ.

    Where values cancel to nearly 0, rounding is judged by the feature's own spread.
    """
    moved = differs(expected, given, tolerance=tolerance)
    if moved.any():
        first = int(np.argmax(moved))
        raise PluginError(
            f"Feature {feature.name!r} changes on {expected.index[first].date()} from {expected.iloc[first]} to "
            f"{given.iloc[first]} {when}: {why}."
        )


def poison_bars(bars: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return the bars with other prices, some e^3 times as high or low, and other volumes, all of them possible.

    Parameters
    ----------
    bars : DataFrame of n_bars rows
        With open, high, low, close and volume; further columns are kept.
    random : Generator

    Returns
    -------
    DataFrame of n_bars rows
        Prices positive, the high highest and the low lowest, and volume above 0.

    Examples
    --------
    >>> bars = pd.DataFrame({"open": [10.0], "high": [11.0], "low": [9.0], "close": [10.5], "volume": [0.0]})
    >>> poisoned = poison_bars(bars, np.random.default_rng(0))
    >>> bool(poisoned["high"].iloc[0] >= poisoned["close"].iloc[0] > 0), bool(poisoned["volume"].iloc[0] > 0)
    (True, True)
    """
    n = len(bars)
    level = np.exp(random.choice([-3.0, 3.0], n) + random.normal(0.0, 1.0, n))
    # Within the session too, or a label or an indicator of one bar's shape would stay as it was.
    prices = bars[PRICES].mul(level, axis=0).mul(np.exp(random.normal(0.0, 0.3, (n, len(PRICES)))))
    volume = bars["volume"].clip(lower=1.0) * np.exp(random.choice([-2.0, 2.0], n))
    return bars.assign(
        open=prices["open"], high=prices.max(axis=1), low=prices.min(axis=1), close=prices["close"], volume=volume
    )


def differs(reference: pd.Series, rebuilt: pd.Series, *, tolerance: float) -> npt.NDArray[np.bool_]:
    """Return where two columns differ.

    Parameters
    ----------
    reference, rebuilt : Series of shape (n,)
        Compared by position.
    tolerance : float
        For numbers: of the value, or of the reference's spread where values cancel to nearly 0. 0 is bit for bit.

    Returns
    -------
    bool array of shape (n,)
        False where both are missing.

    Examples
    --------
    >>> differs(pd.Series([1.0, None, 2.0]), pd.Series([1.0, None, 2.1]), tolerance=1e-9).tolist()
    [False, False, True]
    """
    if tolerance and reference.dtype.kind == "f" and rebuilt.dtype.kind == "f":
        expected, given = reference.to_numpy(), rebuilt.to_numpy()
        spread = float(np.nanstd(expected)) if np.isfinite(expected).any() else 0.0
        return ~np.isclose(given, expected, rtol=tolerance, atol=tolerance * spread, equal_nan=True)
    missing = (reference.isna().to_numpy(), rebuilt.isna().to_numpy())
    same = reference.to_numpy(dtype=object) == rebuilt.to_numpy(dtype=object)
    return ~(np.asarray(same, dtype=bool) | (missing[0] & missing[1]))
