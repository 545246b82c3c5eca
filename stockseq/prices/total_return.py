"""The factor that undoes splits and dividends between one bar and the next of the same ticker."""

import numpy as np
import pandas as pd

from stockseq.errors import DataError
from stockseq.schemas import Actions, Bars


def is_traded(bars: Bars) -> "pd.Series[bool]":
    """Return whether a trade was possible on each bar: it has volume, and an open and a close print."""
    return bars["open"].gt(0) & bars["close"].gt(0) & bars["volume"].gt(0)


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
    repeated = bars.duplicated(["ticker", "session"])
    if repeated.any():
        first = bars[repeated].iloc[0]
        raise DataError(
            f"A label needs one bar per ticker and session; {int(repeated.sum())} repeat, first {first['ticker']} on "
            f"{first['session'].date()}. Read the newest vintage only."
        )
    return bars[is_traded(bars)].sort_values(["ticker", "session"], kind="stable", ignore_index=True)


def step_factors(traded: pd.DataFrame, actions: Actions) -> pd.Series:
    """Return what a price must be multiplied by to compare it with the bar before.

    Parameters
    ----------
    traded : DataFrame of n_bars rows
        What `traded_bars` gives: as traded, sorted by ticker and session.
    actions : Actions
        Splits (new shares per old) and dividends per share on the post-split basis; one vintage.

    Returns
    -------
    Series of shape (n_bars,)
        The product of s / (1 - D / (C / s)) over the events with ex-date after the bar before, up to this bar; C is
        the close of the bar before. 1 without events; NaN where a dividend is not below the price it was paid from.

    Raises
    ------
    DataError
        If an action is given twice.

    References
    ----------
    CRSP's total return; the factor of zipline's adjustments, applied forwards.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-26", "2024-11-27"])
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, "close": [100.0, 49.0]})
    >>> actions = pd.DataFrame(
    ...     {"ticker": "A", "session": sessions[1], "kind": ["split", "dividend"], "value": [2.0, 1.0]}
    ... )
    >>> (bars["close"] * step_factors(bars, actions)).round(9).tolist()
    [100.0, 100.0]
    """
    factors = pd.Series(1.0, index=traded.index)
    # Two empty tables out of a larger store can't be joined.
    if actions.empty or traded.empty:
        return factors
    events = _events(actions)
    rows = pd.DataFrame(
        {
            "ticker": traded["ticker"],
            "session": traded["session"].astype(events["session"].dtype),
            "row": traded.index,
            "close_before": traded.groupby("ticker")["close"].shift(),
        }
    ).sort_values("session", kind="stable")
    # An ex-date without a bar of its own takes effect on the next bar.
    steps = pd.merge_asof(events.sort_values("session"), rows, on="session", by="ticker", direction="forward")
    steps = steps.dropna(subset=["close_before"]).sort_values(["row", "session"], kind="stable")
    retained = 1.0 - steps["dividend"] * steps.groupby("row")["split"].cumprod() / steps["close_before"]
    steps["factor"] = np.where(retained > 0, steps["split"] / retained.where(retained > 0), np.inf)
    products = steps.groupby("row")["factor"].prod()
    factors.loc[products.index.astype(int)] = products.to_numpy()
    return factors.replace(np.inf, np.nan)


def _events(actions: Actions) -> pd.DataFrame:
    """Return one row per ticker and ex-date: ticker, session, split (1 if none), dividend (0 if none)."""
    repeated = actions.duplicated(["ticker", "session", "kind"])
    if repeated.any():
        first = actions[repeated].iloc[0]
        raise DataError(
            f"A label needs one action per ticker, session and kind; {int(repeated.sum())} repeat, first "
            f"{first['ticker']} {first['kind']} on {first['session'].date()}. Read the newest vintage only."
        )
    splits = actions[actions["kind"] == "split"].rename(columns={"value": "split"})
    dividends = actions[actions["kind"] == "dividend"].rename(columns={"value": "dividend"})
    key = ["ticker", "session"]
    events = splits[[*key, "split"]].merge(dividends[[*key, "dividend"]], on=key, how="outer")
    return events.fillna({"split": 1.0, "dividend": 0.0})
