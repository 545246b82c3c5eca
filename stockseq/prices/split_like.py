"""Moves that no listed split explains and that look like one: a fall to a half, a third, two thirds overnight."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.prices.corporate_actions import adjustment_factors
from stockseq.prices.silence import find_stretches
from stockseq.prices.traded_bars import traded_bars
from stockseq.schemas import Actions, Bars

# New shares per old of the splits that companies make; each can be the other way round.
COMMON_RATIOS = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
RATIOS = np.array([*COMMON_RATIOS, *(1 / ratio for ratio in COMMON_RATIOS)])
TOLERANCE = 0.02


def nearest_split(ratios: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the common split that each ratio is within 2 % of, NaN where there is none.

    Parameters
    ----------
    ratios : float64 array of shape (n,)
        New shares per old, or old per new: both are among the common ones.

    Examples
    --------
    >>> nearest_split(np.array([2.01, 0.1, 1.2])).tolist()
    [2.0, 0.1, nan]
    """
    distance = np.abs(ratios[:, None] / RATIOS - 1)
    nearest = np.nan_to_num(distance, nan=np.inf).argmin(axis=1)
    near = np.take_along_axis(distance, nearest[:, None], axis=1)[:, 0] <= TOLERANCE
    return np.where(near, RATIOS[nearest], np.nan)


def find_split_like_jumps(bars: Bars, actions: Actions) -> pd.DataFrame:
    """Return the sessions whose price is within 2 % of a common split of the close before, beyond any that is listed.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.

    Returns
    -------
    DataFrame with ticker, session, ratio, listed
        `ratio` is the new shares per old that would explain the move, beyond the split that is `listed` at the session
        (1.0: none). By ticker and session; nothing is repaired.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-06-03", "2024-06-04"])
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, "open": [90.0, 45.1], "close": [90.0, 46.0],
    ...     "volume": 1.0})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> find_split_like_jumps(bars, actions)["ratio"].tolist()
    [2.0]
    """
    traded = traded_bars(bars)
    keys = [traded["ticker"], find_stretches(traded)]
    before = traded["close"].groupby(keys).shift() / adjustment_factors(traded, actions)
    # The open shows a split best, the close where the open is no print of its own.
    by_open, by_close = (nearest_split((before / traded[price]).to_numpy()) for price in ("open", "close"))
    found = pd.Series(np.where(np.isnan(by_open), by_close, by_open), index=traded.index)
    rows = traded[["ticker", "session"]].assign(ratio=found)[found.notna()]
    splits = actions[actions["kind"] == "split"]
    listed = splits.groupby(["ticker", "session"])["value"].prod()
    at = pd.MultiIndex.from_frame(rows[["ticker", "session"]])
    return rows.assign(listed=listed.reindex(at).fillna(1.0).to_numpy()).reset_index(drop=True)
