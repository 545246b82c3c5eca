"""Prices and volumes freed of splits and dividends, without knowledge of later ones."""

import numpy as np
import pandas as pd

from stockseq.errors import DataError
from stockseq.schemas import PRICES


def adjust_forward(bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return one ticker's bars with every split and dividend since the first bar undone.

    The first bar stays as traded and later ones are scaled up, as if dividends had been reinvested; so a row depends
    on the past alone and never changes when a later split comes. Returns between rows are those of `adjust_as_of`.

    Parameters
    ----------
    bars : DataFrame of n_bars rows
        As traded, of one ticker, sorted by `session`, with prices and `volume`; further columns are kept.
    actions : DataFrame
        Of the same ticker: `session` (the ex-date), `kind` ("split" or "dividend") and `value` (new shares per old, or
        cash per as-traded share, after the split if both fall on one ex-date). An ex-date without a bar
        counts at the next bar.

    Returns
    -------
    DataFrame of n_bars rows
        Prices times the growth of one share since the first bar, volume divided by the splits since then.

    Raises
    ------
    DataError
        If a dividend is not below the price that it is paid from.

    References
    ----------
    CRSP's cumulative factors to adjust price and shares, turned to run forward.

    Examples
    --------
    >>> bars = pd.DataFrame({"session": pd.to_datetime(["2024-11-25", "2024-11-26"]), "open": [100.0, 51.0],
    ...     "high": [100.0, 52.0], "low": [100.0, 50.0], "close": [100.0, 51.0], "volume": [10.0, 20.0]})
    >>> split = pd.DataFrame({"session": [pd.Timestamp("2024-11-26")], "kind": ["split"], "value": [2.0]})
    >>> adjust_forward(bars, split)[["close", "volume"]].values.tolist()
    [[100.0, 10.0], [102.0, 10.0]]
    """
    growth, splits = _cumulative(bars, actions)
    return _scaled(bars, growth[:-1], 1.0 / splits[:-1])


def adjust_as_of(bars: pd.DataFrame, actions: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one ticker's bars up to `as_of`, adjusted for the splits and dividends with an ex-date up to then.

    Parameters
    ----------
    bars, actions : DataFrame
        As for `adjust_forward`.
    as_of : Timestamp, tz-naive
        The session from which the series is seen: its own bar stays as traded.

    Returns
    -------
    DataFrame
        The rows with `session <= as_of`.

    Raises
    ------
    DataError
        If a dividend is not below the price that it is paid from.

    Examples
    --------
    >>> bars = pd.DataFrame({"session": pd.to_datetime(["2024-11-25", "2024-11-26"]), "open": [100.0, 51.0],
    ...     "high": [100.0, 52.0], "low": [100.0, 50.0], "close": [100.0, 51.0], "volume": [10.0, 20.0]})
    >>> split = pd.DataFrame({"session": [pd.Timestamp("2024-11-26")], "kind": ["split"], "value": [2.0]})
    >>> adjust_as_of(bars, split, as_of=pd.Timestamp("2024-11-26"))[["close", "volume"]].values.tolist()
    [[50.0, 20.0], [51.0, 20.0]]
    """
    seen = bars[bars["session"] <= as_of]
    growth, splits = _cumulative(seen, actions[actions["session"] <= as_of])
    return _scaled(seen, growth[:-1] / growth[-1], splits[-1] / splits[:-1])


def _cumulative(bars: pd.DataFrame, actions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the growth and the number of shares of one first share, at each bar and after the last one."""
    closes = bars["close"].to_numpy()
    growth, splits = np.ones(len(bars) + 1), np.ones(len(bars) + 1)
    # On one ex-date the split comes first, since the dividend is per share after it.
    ordered = actions.sort_values(["session", "kind"], ascending=[True, False], kind="stable")
    positions = bars["session"].searchsorted(ordered["session"].to_numpy(), side="left").tolist()
    events = zip(positions, ordered["session"], ordered["kind"], ordered["value"].tolist(), strict=True)
    reference: dict[int, float] = {}
    for position, session, kind, value in events:
        if position == 0:
            continue
        before = reference.get(position, float(closes[position - 1]))
        if kind == "split":
            reference[position] = before / value
            splits[position] *= value
            growth[position] *= value
            continue
        if not 0 <= value < before:
            raise DataError(
                f"A dividend must be below the price it is paid from; the one of {session.date()} is "
                f"{value} a share and the close before it, after splits, {before}. Correct or remove it."
            )
        reference[position] = before - value
        growth[position] *= before / (before - value)
    return np.cumprod(growth), np.cumprod(splits)


def _scaled(bars: pd.DataFrame, price_factor: np.ndarray, volume_factor: np.ndarray) -> pd.DataFrame:
    prices = {name: bars[name] * price_factor for name in PRICES}
    return bars.assign(**prices, volume=bars["volume"] * volume_factor)
