"""Dividends of a price file: what each share was paid, by the stated amounts and the adjusted closes."""

import numpy as np
import pandas as pd

from stockseq.schemas import Dropped, count_dropped

# Below: rounding of the adjusted close. Above: no ordinary dividend, but a split, a spin-off or a spliced series.
SMALLEST_STEP, LARGEST_STEP = 1e-4, 0.25
TOLERANCE = 0.01


def dividends_per_share(
    rows: pd.DataFrame, later_splits: np.ndarray, *, split_adjusted: bool
) -> tuple[pd.Series, tuple[Dropped, ...]]:
    """Return the dividend per as-traded share of each row, 0 where there is none, and what can't be one.

    Stated amounts are checked against the adjusted closes, if there are any: across the ex-date, adjusted / close
    grows by 1 / (1 - D / close before), or by 1 + D / close for vendors that reinvest at the close. An amount that fits
    within 1 % as stated, or restated for later splits, stands; any other is left out. Without stated amounts, they are
    what the adjusted closes imply: steps below 1e-4 are rounding (real files leave 1e-5 to 1e-4 empty), steps above .25
    or downwards are no dividends and are left out, too.

    Parameters
    ----------
    rows : DataFrame of ticker, session, close, split, and where there are adj_close, dividends
        In order of ticker and session; close is NaN where the bar is faulty.
    later_splits : array of shape (n_rows,)
        The product of the ticker's splits after each row.
    split_adjusted : bool
        Whether prices are adjusted for splits; if not, they fall at each.
    """
    unit = pd.Series(later_splits if split_adjusted else 1.0, index=rows.index)
    stated = rows["dividends"].fillna(0.0).clip(lower=0.0) if "dividends" in rows else None
    if "adj_close" not in rows:
        return (pd.Series(0.0, index=rows.index) if stated is None else stated * unit), ()
    before, retained = _across(rows, split_adjusted)
    implied = before * (1 - retained) * unit
    if stated is None:
        return _implied_dividends(rows, implied, retained)
    reinvested = rows["close"] * (1 / retained - 1) * unit
    amounts = pd.Series(0.0, index=rows.index)
    # The file's own basis comes first; a vendor that mixes the two is caught by the second.
    for restated in (stated * unit, stated * (1.0 if split_adjusted else later_splits)):
        fits = np.logical_or.reduce(
            [np.abs(value - restated) <= TOLERANCE * restated for value in (implied, reinvested)]
        )
        amounts = amounts.where((amounts > 0) | ~(fits | implied.isna()), restated)
    return amounts, _drop(rows, (stated > 0) & (amounts == 0), "dividend that the adjusted closes contradict")


def unpayable(traded: pd.DataFrame, dividends: pd.Series) -> "pd.Series[bool]":
    """Return which dividends aren't below the price that they are paid from: the close before, after the split.

    Parameters
    ----------
    traded : DataFrame of ticker, close, split
        As traded, in order of ticker and session; close is NaN where the bar is faulty.
    dividends : Series of shape (n_rows,)
        Per as-traded share.

    Examples
    --------
    >>> traded = pd.DataFrame({"ticker": "KOLA", "close": [10.0, 9.0], "split": 1.0})
    >>> unpayable(traded, pd.Series([0.0, 12.0])).tolist()
    [False, True]
    """
    return (dividends > 0) & (dividends >= last_before(traded["close"], traded["ticker"]) / traded["split"])


def last_before(values: pd.Series, tickers: pd.Series) -> pd.Series:
    """Return the last value before each row of its ticker that isn't missing; NaN or NaT where there is none.

    Examples
    --------
    >>> last_before(pd.Series([10.0, None, 9.0]), pd.Series(["KOLA"] * 3)).tolist()
    [nan, 10.0, 10.0]
    """
    return values.groupby(tickers, sort=False).transform(lambda each: each.ffill().shift(1))


def _across(rows: pd.DataFrame, split_adjusted: bool) -> tuple[pd.Series, pd.Series]:
    """Return the last close before each row in the row's own shares, and the part of it that the dividend left."""
    valid = rows["close"].notna() & (rows["adj_close"] > 0)
    table = pd.DataFrame({"close": rows["close"], "ratio": rows["adj_close"] / rows["close"]}).where(valid)
    last = table.groupby(rows["ticker"], sort=False).ffill().groupby(rows["ticker"], sort=False).shift(1)
    split = 1.0 if split_adjusted else rows["split"]
    return last["close"] / split, last["ratio"] / table["ratio"] * split


def _implied_dividends(
    rows: pd.DataFrame, amounts: pd.Series, retained: pd.Series
) -> tuple[pd.Series, tuple[Dropped, ...]]:
    step = (1 - retained).fillna(0.0)
    paid = (step > SMALLEST_STEP) & (step <= LARGEST_STEP)
    reason = "step of the adjusted close that is no dividend"
    return amounts.where(paid, 0.0), _drop(rows, (np.abs(step) > SMALLEST_STEP) & ~paid, reason)


def _drop(rows: pd.DataFrame, dropped: pd.Series, reason: str) -> tuple[Dropped, ...]:
    return count_dropped("read bars", rows.loc[dropped, "ticker"], reason)
