"""Which bars traded: on any other nothing could be bought or sold, whatever a vendor writes."""

from typing import TypeVar

import numpy as np
import pandas as pd

from stockseq.schemas import Bars, require_unique

Values = TypeVar("Values", pd.Series, np.ndarray)


def has_print(price: Values, volume: Values) -> Values:
    """Return whether each price was traded at: it is positive and finite, and its session has volume.

    A vendor repeats the last price for a session without trades; nothing can be filled on it.

    Parameters
    ----------
    price, volume : Series or array of the same shape
        As traded; NaN is no print.

    Examples
    --------
    >>> has_print(np.array([9.0, 9.0, 0.0, np.nan]), np.array([1.0, 0.0, 1.0, 1.0])).tolist()
    [True, False, False, False]
    """
    return np.isfinite(price) & (price > 0) & (volume > 0)


def is_traded(bars: Bars) -> "pd.Series[bool]":
    """Return whether a trade was possible on each bar: it has an open and a close print.

    Examples
    --------
    >>> is_traded(pd.DataFrame({"open": [9.0, 9.0], "close": [9.0, 9.0], "volume": [1.0, 0.0]})).tolist()
    [True, False]
    """
    return has_print(bars["open"], bars["volume"]) & has_print(bars["close"], bars["volume"])


def traded_bars(bars: Bars) -> pd.DataFrame:
    """Return the bars on which a trade was possible, sorted by ticker and session.

    Parameters
    ----------
    bars : Bars of n_bars rows
        As traded; one vintage.

    Returns
    -------
    DataFrame with the columns of `bars`
        Without the rows of a halt: no volume, or no open or close print.

    Raises
    ------
    DataError
        If a ticker has two bars on one session.

    Examples
    --------
    >>> bar = {"ticker": "A", "session": pd.Timestamp("2024-11-25"), "open": 9.0, "close": 9.0, "volume": 0.0}
    >>> len(traded_bars(pd.DataFrame([bar])))
    0
    """
    needs = "A label needs one bar per ticker and session"
    require_unique(bars, ["ticker", "session"], needs=needs, remedy="Read the newest vintage only.")
    return bars[is_traded(bars)].sort_values(["ticker", "session"], kind="stable", ignore_index=True)
