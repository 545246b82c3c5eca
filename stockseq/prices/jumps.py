"""Moves that no market makes without a split: where a vendor has spliced two series, or forgotten an action."""

import pandas as pd

from stockseq.prices.total_return import step_factors, traded_bars
from stockseq.schemas import Actions, Bars

# A close that doubles or halves overnight in a listed company is a fault in the data far more often than a fact.
BOUND = 2.0


def find_jumps(bars: Bars, actions: Actions, *, bound: float = BOUND) -> pd.DataFrame:
    """Return the sessions on which a close moved by more than `bound` times, splits and dividends undone.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.
    bound : float, default=2.0
        The ratio of two closes, either way.

    Returns
    -------
    DataFrame with ticker, session, move
        `move` is a fraction: 5.33 is +533 %. The greatest first. Nothing is repaired or left out.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2020-07-02", "2020-07-06"])
    >>> bars = pd.DataFrame({"ticker": "GE", "session": sessions, "open": 7.0, "close": [7.0, 42.0], "volume": 1.0})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> find_jumps(bars, actions)["move"].tolist()
    [5.0]
    """
    traded = traded_bars(bars)
    before = traded.groupby("ticker")["close"].shift()
    ratio = traded["close"] * step_factors(traded, actions) / before
    size = ratio.where(ratio >= 1, 1 / ratio)
    moves = traded[["ticker", "session"]].assign(move=ratio - 1, size=size)
    return (
        moves[size > bound].sort_values("size", ascending=False, kind="stable", ignore_index=True).drop(columns="size")
    )
