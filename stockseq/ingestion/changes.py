"""What a fetch changed of what was stored: bars and actions that are new, other, or gone."""

import numpy as np
import pandas as pd

from stockseq.market import MarketData

SAME = 1e-6


def changed_bars(before: MarketData, after: MarketData) -> pd.DataFrame:
    """Return the bars that differ, by ticker and session, with close and volume as they were and as they are.

    Returns
    -------
    DataFrame with ticker, session, close_was, volume_was, close, volume
        NaN is no bar; a bar of which another price alone differs is among them, too.

    Examples
    --------
    >>> from stockseq.sources.markets import load_simulated
    >>> market = load_simulated(n_tickers=2, n_sessions=30)
    >>> len(changed_bars(market, market)), len(changed_bars(market.of(["BANVEX"]), market.of(["BANVEX"])))
    (0, 0)
    """
    key, numbers = ["ticker", "session"], ["open", "high", "low", "close", "volume"]
    pairs = before.bars[[*key, *numbers]].merge(
        after.bars[[*key, *numbers]], on=key, how="outer", suffixes=("_was", "")
    )
    was, now = pairs[[f"{name}_was" for name in numbers]].to_numpy(), pairs[numbers].to_numpy()
    same = (np.abs(now - was) <= SAME * np.abs(was)).all(axis=1)
    return pairs.loc[~same, [*key, "close_was", "volume_was", "close", "volume"]].reset_index(drop=True)


def changed_actions(before: MarketData, after: MarketData) -> pd.DataFrame:
    """Return the actions that differ, with their value as it was and as it is; NaN is none, 0 and 1 were withdrawn."""
    key = ["ticker", "session", "kind"]
    pairs = before.actions[[*key, "value"]].merge(
        after.actions[[*key, "value"]], on=key, how="outer", suffixes=("_was", "")
    )
    same = (pairs["value"] - pairs["value_was"]).abs() <= SAME * pairs["value_was"].abs()
    return pairs[~same].reset_index(drop=True)
