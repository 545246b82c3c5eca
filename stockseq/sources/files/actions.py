"""Splits and dividends of a price file: what each share was paid, told from amounts and adjusted closes."""

import numpy as np
import pandas as pd

from stockseq.prices import later_splits
from stockseq.schemas import Dropped

# Below: rounding of the adjusted close. Above: no ordinary dividend, but a split, a spin-off or a spliced series.
LEAST_ADJUSTMENT, MOST_ADJUSTMENT = 1e-4, 0.25
TOLERANCE = 0.01


def shares_of_today(rows: pd.DataFrame) -> np.ndarray:
    """Return for each row how many shares of today one share of its day has become, by the splits after it.

    Parameters
    ----------
    rows : DataFrame of ticker, session, split
        In order of ticker and session; split 1 where there is none.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-26", "2024-11-27", "2024-11-26"])
    >>> rows = pd.DataFrame({"ticker": ["A", "A", "B"], "session": sessions, "split": [1.0, 4.0, 2.0]})
    >>> shares_of_today(rows).tolist()
    [4.0, 1.0, 1.0]
    """
    shares = []
    for _, group in rows.groupby("ticker", sort=False):
        splits = group[group["split"] != 1]
        shares.append(later_splits(group["session"], dict(zip(splits["session"], splits["split"], strict=True))))
    return np.concatenate(shares)


def dividends_per_share(rows: pd.DataFrame, *, split_adjusted: bool) -> tuple[pd.Series, list[Dropped]]:
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
    split_adjusted : bool
        Whether prices are adjusted for splits; if not, they fall at each.
    """
    later = shares_of_today(rows)
    stated = rows["dividends"].fillna(0.0).clip(lower=0.0) if "dividends" in rows else None
    if "adj_close" not in rows:
        amounts = pd.Series(0.0, index=rows.index) if stated is None else stated
        return (amounts * later if split_adjusted else amounts), []
    before, factor = _across(rows, split_adjusted)
    unit = pd.Series(later if split_adjusted else 1.0, index=rows.index)
    if stated is None:
        return _implied_dividends(rows, before * (1 - factor) * unit, factor)
    implied = [before * (1 - factor) * unit, rows["close"] * (1 / factor - 1) * unit]
    amounts = pd.Series(0.0, index=rows.index)
    # The file's own basis comes first; a vendor that mixes the two is caught by the second.
    for restated in (stated * unit, stated * (1.0 if split_adjusted else later)):
        fits = np.logical_or.reduce([np.abs(value - restated) <= TOLERANCE * restated for value in implied])
        unchecked = implied[0].isna()
        amounts = amounts.where((amounts > 0) | ~(fits | unchecked), restated)
    refused = (stated > 0) & (amounts == 0)
    return amounts, _left_out(rows, refused, "dividend that the adjusted closes contradict")


def _across(rows: pd.DataFrame, split_adjusted: bool) -> tuple[pd.Series, pd.Series]:
    """Return the last close before each row in the row's own shares, and the part of it that the dividend left."""
    valid = rows["close"].notna() & (rows["adj_close"] > 0)
    table = pd.DataFrame({"close": rows["close"], "ratio": rows["adj_close"] / rows["close"]}).where(valid)
    last = table.groupby(rows["ticker"], sort=False).ffill().groupby(rows["ticker"], sort=False).shift(1)
    split = 1.0 if split_adjusted else rows["split"]
    return last["close"] / split, last["ratio"] / table["ratio"] * split


def _implied_dividends(rows: pd.DataFrame, amounts: pd.Series, factor: pd.Series) -> tuple[pd.Series, list[Dropped]]:
    step = (1 - factor).fillna(0.0)
    paid = (step > LEAST_ADJUSTMENT) & (step <= MOST_ADJUSTMENT)
    reason = "step of the adjusted close that is no dividend"
    return amounts.where(paid, 0.0), _left_out(rows, (np.abs(step) > LEAST_ADJUSTMENT) & ~paid, reason)


def _left_out(rows: pd.DataFrame, left_out: pd.Series, reason: str) -> list[Dropped]:
    counted = rows.loc[left_out, "ticker"].value_counts(sort=False)
    return [Dropped("read bars", str(ticker), reason, int(n)) for ticker, n in counted.items()]
