"""Splits and dividends: the one arithmetic that undoes them, without knowledge of later ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.errors import DataError
from stockseq.schemas import PRICES, SESSION, Actions, require_unique

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


class _Steps(NamedTuple):
    """What the actions between the bar before and each bar did to one share.

    `shares` is new shares per old. `growth` is what a price must be multiplied by to compare it with the bar before;
    NaN where a dividend isn't below the price that it is paid from. `refused` says why, per such dividend, and
    `refused_rows` is its position among the actions.
    """

    shares: Floats
    growth: Floats
    refused: list[str]
    refused_rows: list[int]


def adjust_forward(bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return one ticker's bars with every split and dividend since the first bar undone.

    The first bar stays as traded and later ones are scaled up, as if dividends had been reinvested; so a row depends
    on the past alone and never changes when a later split comes. Divided by any of its rows and multiplied by that
    bar's price as traded, it is the series as it was seen on that session.

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
    ordered = _in_order(actions)
    closes = bars["close"].to_numpy(dtype=float)
    steps = _compute_steps(_dates(bars).searchsorted(_dates(ordered)), ordered, np.r_[np.nan, closes[:-1]])
    if steps.refused:
        raise DataError(
            f"A dividend must be below the price it is paid from; {steps.refused[0]}. Correct or remove it."
        )
    growth = np.cumprod(steps.growth)
    prices = {name: bars[name] * growth for name in PRICES}
    return bars.assign(**prices, volume=bars["volume"] * (1.0 / np.cumprod(steps.shares)))


def without_unpayable(bars: pd.DataFrame, actions: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one ticker's actions without the dividends that can't be, and a sentence on each of those.

    Parameters
    ----------
    bars, actions : DataFrame
        As of `adjust_forward`.

    Examples
    --------
    >>> bars = pd.DataFrame({"session": pd.to_datetime(["2024-11-25", "2024-11-26"]), "close": [10.0, 9.0]})
    >>> dividend = pd.DataFrame({"session": [pd.Timestamp("2024-11-26")], "kind": ["dividend"], "value": [12.0]})
    >>> payable, refused = without_unpayable(bars, dividend)
    >>> len(payable), refused[0][:48]
    (0, 'A dividend must be below the price it is paid fr')
    """
    ordered = _in_order(actions)
    closes = bars["close"].to_numpy(dtype=float)
    steps = _compute_steps(_dates(bars).searchsorted(_dates(ordered)), ordered, np.r_[np.nan, closes[:-1]])
    payable = np.setdiff1d(np.arange(len(ordered)), steps.refused_rows)
    return ordered.iloc[payable], tuple(steps.refused)


@dataclass(frozen=True)
class ActionSteps:
    """What the splits and dividends did to the bars of any number of tickers.

    Parameters
    ----------
    shares, growth : arrays of shape (n_bars,)
        New shares per old since the bar before, and what a price must be multiplied by to compare it with that bar; 1
        without events.
    actions : DataFrame of n_actions rows
        Those that took effect or came before the first bar, by ex-date, a split first.
    positions : array of shape (n_actions,)
        The bar at which each takes effect; n_bars for none.
    refused : tuple of (ticker, sentence)
        The dividends that can't be, which were left out.
    """

    shares: Floats
    growth: Floats
    actions: pd.DataFrame
    positions: Positions
    refused: tuple[tuple[str, str], ...]


def compute_action_steps(bars: pd.DataFrame, actions: pd.DataFrame) -> ActionSteps:
    """Return what the actions did to the bars, without the dividends that can't be, for all tickers at once.

    Parameters
    ----------
    bars : DataFrame of n_bars rows
        As traded, sorted by `ticker` and `session`, with `close`.
    actions : DataFrame
        One vintage; see `adjust_forward`.

    Examples
    --------
    >>> bars = pd.DataFrame(
    ...     {"ticker": ["A", "A"], "session": pd.to_datetime(["2024-11-25", "2024-11-26"]), "close": [10.0, 9.0]})
    >>> split = pd.DataFrame({"ticker": "A", "session": bars["session"][1:], "kind": "split", "value": 2.0})
    >>> compute_action_steps(bars, split).shares.tolist()
    [1.0, 2.0]
    """
    before = bars.groupby("ticker")["close"].shift().to_numpy(dtype=float)
    ordered = _in_order(actions)
    positions = _first_bars(bars, ordered)
    steps = _compute_steps(positions, ordered, before)
    refused = tuple(zip(ordered["ticker"].iloc[steps.refused_rows].astype(str), steps.refused, strict=True))
    if refused:
        payable = np.setdiff1d(np.arange(len(ordered)), steps.refused_rows)
        ordered, positions = ordered.iloc[payable], positions[payable]
        steps = _compute_steps(positions, ordered, before)
    return ActionSteps(steps.shares, steps.growth, ordered, positions, refused)


def adjustment_factors(traded: pd.DataFrame, actions: Actions) -> pd.Series:
    """Return what a price must be multiplied by to compare it with the bar before.

    Parameters
    ----------
    traded : DataFrame of n_bars rows with ticker, session, close
        What `traded_bars` gives: as traded, sorted by ticker and session.
    actions : Actions
        Splits (new shares per old) and dividends per share on the post-split basis; one vintage.

    Returns
    -------
    Series of shape (n_bars,)
        The product of s and R / (R - D) over the splits s and dividends D with ex-date after the bar before, up to
        this bar; R is the close of the bar before, less what was split and paid of it since. 1 without events; NaN
        where a dividend is not below the price that it is paid from.

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
    >>> (bars["close"] * adjustment_factors(bars, actions)).round(9).tolist()
    [100.0, 100.0]
    """
    needs = "A label needs one action per ticker, kind and session"
    require_unique(actions, ["ticker", "kind", "session"], needs=needs, remedy="Read the newest vintage only.")
    before = traded.groupby("ticker")["close"].shift().to_numpy(dtype=float)
    ordered = _in_order(actions)
    return pd.Series(_compute_steps(_first_bars(traded, ordered), ordered, before).growth, index=traded.index)


def later_splits(sessions: pd.Series, splits: Mapping[pd.Timestamp, float]) -> Floats:
    """Return for each session the product of the splits after it: shares of today per share of then.

    Parameters
    ----------
    sessions : Series of shape (n_rows,)
        Of one ticker, in any order.
    splits : mapping of ex-date to new shares per old
        Of the same ticker; no ex-date needs a session of its own.

    Returns
    -------
    array of shape (n_rows,)
        A vendor's split-adjusted price times this is the price as traded.

    Examples
    --------
    >>> sessions = pd.Series(pd.to_datetime(["2024-11-26", "2024-11-27"]))
    >>> later_splits(sessions, {pd.Timestamp("2024-11-27"): 4.0}).tolist()
    [4.0, 1.0]
    """
    ordered = sorted(splits.items())
    ex_dates = pd.Series([session for session, _ in ordered], dtype=SESSION).to_numpy()
    products: Floats = np.cumprod([1.0, *(ratio for _, ratio in reversed(ordered))])[::-1].astype(np.float64)
    return products[ex_dates.searchsorted(sessions.to_numpy(dtype=SESSION), side="right")]


def _in_order(actions: pd.DataFrame) -> pd.DataFrame:
    # On one ex-date the split comes first, since the dividend is per share after it.
    return actions.sort_values(["session", "kind"], ascending=[True, False], kind="stable")


def _dates(rows: pd.DataFrame) -> NDArray[np.datetime64]:
    return rows["session"].to_numpy(dtype=SESSION)


def _first_bars(traded: pd.DataFrame, actions: pd.DataFrame) -> Positions:
    """Return the position of the bar at which each action takes effect: of its ex-date or later, n_bars if none."""
    codes, tickers = pd.factorize(traded["ticker"])
    # One number per ticker and date keeps the order of the bars, so that one search serves all tickers.
    action_codes = pd.Index(tickers).get_indexer(pd.Index(actions["ticker"]))
    bar_keys, action_keys = (
        number * 10**6 + _dates(rows).astype("datetime64[D]").astype(np.int64)
        for number, rows in ((codes.astype(np.int64), traded), (action_codes.astype(np.int64), actions))
    )
    positions = bar_keys.searchsorted(action_keys)
    same_ticker = (action_codes >= 0) & (np.r_[codes, -1][positions] == action_codes)
    return np.where(same_ticker, positions, len(traded))


def _compute_steps(positions: Positions, actions: pd.DataFrame, closes_before: Floats) -> _Steps:
    """Compound the actions of each bar, given in order of ex-date; those without a bar, or a bar before, do nothing."""
    n_bars = len(closes_before)
    shares, growth = np.ones(n_bars), np.ones(n_bars)
    refused: list[str] = []
    refused_rows: list[int] = []
    # What is left of the close before, after the splits and dividends since.
    reference: dict[int, float] = {}
    events = zip(positions.tolist(), actions["session"], actions["kind"], actions["value"].tolist(), strict=True)
    for row, (position, session, kind, value) in enumerate(events):
        before = reference.get(position, float(closes_before[position]) if position < n_bars else np.nan)
        if np.isnan(before):
            continue
        if kind == "split":
            reference[position] = before / value
            shares[position] *= value
            growth[position] *= value
        elif 0 <= value < before:
            reference[position] = before - value
            growth[position] *= before / (before - value)
        else:
            growth[position] = np.nan
            refused_rows.append(row)
            refused.append(
                f"A dividend must be below the price it is paid from; the one of {session.date()} is "
                f"{value} a share and the close before it, after splits, {before}. Correct or remove it."
            )
    return _Steps(shares, growth, refused, refused_rows)
