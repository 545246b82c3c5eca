"""Bars as a chart draws them: in shares of the last session, so that no split tears them apart."""

import pandas as pd

from stockseq.prices.corporate_actions import later_splits
from stockseq.schemas import PRICES, Actions, Bars


def on_last_basis(bars: Bars, actions: Actions) -> pd.DataFrame:
    """Return the bars in shares of the last session that any of them has; dividends stay as they are.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage. Splits of after the last session are left out.

    Returns
    -------
    DataFrame of n_bars rows
        ticker, session, open, high, low, close, volume, and later_shares: shares of the last session per share of this
        one. A price as traded divided by it, and shares times it, are on the same basis.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-26", "2024-11-27"])
    >>> prices = {"open": [100.0, 51.0], "high": [102.0, 52.0], "low": [99.0, 50.0], "close": [101.0, 51.0]}
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, **prices, "volume": [10.0, 30.0]})
    >>> actions = pd.DataFrame({"ticker": "A", "session": sessions[1:], "kind": "split", "value": 2.0})
    >>> on_last_basis(bars, actions)[["close", "volume", "later_shares"]].values.tolist()
    [[50.5, 20.0, 2.0], [51.0, 30.0, 1.0]]
    """
    made = (actions["kind"] == "split") & (actions["session"] <= bars["session"].max())
    later = pd.Series(1.0, index=bars.index)
    for ticker, splits in actions[made].groupby("ticker"):
        sessions = bars.loc[bars["ticker"] == ticker, "session"]
        later[sessions.index] = later_splits(sessions, dict(zip(splits["session"], splits["value"], strict=True)))
    prices = {name: bars[name] / later for name in PRICES}
    return bars[["ticker", "session"]].assign(**prices, volume=bars["volume"] * later, later_shares=later)
