"""Long silences of a ticker: what follows one may be another company under the same symbol, and begins anew."""

import numpy as np
import pandas as pd

# About a quarter of sessions; a halt is shorter, and a symbol that is reused rests longer.
LONG_SILENCE = pd.Timedelta(days=92)


def find_stretches(bars: pd.DataFrame) -> pd.Series:
    """Return the number of the stretch that each bar belongs to: 0, and one more after each long silence.

    Parameters
    ----------
    bars : DataFrame of n_bars rows with ticker, session
        Sorted by both.

    Returns
    -------
    Series of shape (n_bars,)
        Integers, on the index of `bars`.

    Examples
    --------
    >>> bars = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2020-01-02", "2020-01-03", "2021-06-01"])})
    >>> find_stretches(bars).tolist()
    [0, 0, 1]
    """
    begins = bars.groupby("ticker")["session"].diff() > LONG_SILENCE
    return begins.astype(np.int64).groupby(bars["ticker"]).cumsum()


def find_silences(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the long silences: ticker, the last session before and the first after, in order.

    Examples
    --------
    >>> bars = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2020-01-02", "2020-01-03", "2021-06-01"])})
    >>> find_silences(bars).astype(str).values.tolist()
    [['A', '2020-01-03', '2021-06-01']]
    """
    ordered = bars[["ticker", "session"]].sort_values(["ticker", "session"], ignore_index=True)
    before = ordered.groupby("ticker")["session"].shift()
    silent = (ordered["session"] - before) > LONG_SILENCE
    found = ordered.assign(last=before)[silent].rename(columns={"session": "first"})
    return found[["ticker", "last", "first"]].reset_index(drop=True)
