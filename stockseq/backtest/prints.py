"""Prints, splits, dividends and delistings, aligned on sessions and tickers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.backtest.costs import Floats
from stockseq.errors import DataError
from stockseq.prices import has_print
from stockseq.schemas import SESSION, Actions, Bars

Rows = NDArray[np.int64]

# Mean returns of delistings for poor performance: Shumway (1997) for NYSE, Shumway & Warther (1999) for Nasdaq.
NYSE_DELISTING_RETURN = -0.30
NASDAQ_DELISTING_RETURN = -0.55


class Delisting(NamedTuple):
    """The session from which a ticker trades no more, and what its holders get relative to the last mark."""

    session: pd.Timestamp
    price_return: float


@dataclass(frozen=True)
class Market:
    """As-traded arrays of shape (n_sessions, n_tickers).

    `open` and `close` are NaN without a valid print (no bar, no positive price, or no volume) and from a delisting on.
    `split` is new shares per old (1 where none), `dividend` is per share after that session's split (0 where none),
    `pay_row` the row on which it is paid (n_sessions if after the end), `delisting_return` NaN where none.
    """

    sessions: pd.DatetimeIndex
    tickers: pd.Index
    open: Floats
    close: Floats
    volume: Floats
    split: Floats
    dividend: Floats
    pay_row: Rows
    delisting_return: Floats

    def of(self, tickers: pd.Index) -> "Market":
        """Return the market of some tickers alone, in their order.

        Raises
        ------
        DataError
            If a ticker isn't part of this market.
        """
        if tickers.equals(self.tickers):
            return self
        _require_known(tickers, self.tickers)
        columns = self.tickers.get_indexer(tickers)
        names = ("open", "close", "volume", "split", "dividend", "pay_row", "delisting_return")
        return replace(self, tickers=tickers, **{name: getattr(self, name).take(columns, axis=1) for name in names})


def build_market(
    bars: Bars,
    actions: Actions,
    *,
    sessions: pd.DatetimeIndex,
    tickers: pd.Index,
    delistings: Mapping[str, Delisting],
    pay_dates: Mapping[tuple[str, pd.Timestamp], pd.Timestamp],
) -> Market:
    """Align bars and actions on sessions and tickers; an ex-date that is no session counts for the next one.

    Raises
    ------
    DataError
        If a ticker has two bars for a session, two actions of a kind for one, or no bar at all.
    ValueError
        If `sessions` aren't ascending and unique, or a delisting return is below -1.
    """
    sessions = _checked_sessions(sessions)
    # Each ticker is looked up once, for millions of bars name hundreds.
    codes, named = pd.factorize(bars["ticker"])
    if not _is_sorted(codes, bars["session"].to_numpy()):
        _require_unique(bars, ["ticker", "session"], "bar")
    _require_unique(actions, ["ticker", "session", "kind"], "action")
    _require_known(tickers, pd.Index(named))
    prints = _prints(bars, sessions, tickers.get_indexer(pd.Index(named))[codes], len(tickers))
    split, dividend, pay_row = _events(actions, sessions, tickers, pay_dates)
    gone = _delistings(delistings, sessions, tickers)
    after = np.logical_or.accumulate(np.isfinite(gone), axis=0)
    prints["open"][after] = prints["close"][after] = np.nan
    return Market(sessions, tickers, **prints, split=split, dividend=dividend, pay_row=pay_row, delisting_return=gone)


def _checked_sessions(sessions: pd.DatetimeIndex) -> pd.DatetimeIndex:
    if len(sessions) < 2 or not sessions.is_monotonic_increasing or not sessions.is_unique or sessions.tz is not None:
        raise ValueError(
            "`sessions` must be two or more tz-naive sessions, ascending and unique; "
            f"received {len(sessions)}: {sessions}."
        )
    return pd.DatetimeIndex(sessions.astype(SESSION))


def _is_sorted(codes: NDArray[np.intp], session: NDArray) -> bool:
    """Return whether rows come ticker by ticker, each in ascending sessions, so that none repeats."""
    later = session[1:] > session[:-1]
    return bool(((codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & later)).all())


def _require_known(tickers: pd.Index, known: pd.Index) -> None:
    unknown = tickers.difference(known)
    if len(unknown):
        raise DataError(
            f"Every target's ticker needs bars; {len(unknown)} of {len(tickers)} have none, first {unknown[0]}."
        )


def _require_unique(frame: pd.DataFrame, key: list[str], name: str) -> None:
    repeated = frame.duplicated(key)
    if repeated.any():
        first = frame[repeated].iloc[0]
        raise DataError(
            f"A backtest needs one {name} per {', '.join(key)}; {int(repeated.sum())} repeat, "
            f"first {first[key].tolist()}. Read one vintage of the table."
        )


def _prints(
    bars: pd.DataFrame, sessions: pd.DatetimeIndex, columns: NDArray[np.intp], n_tickers: int
) -> dict[str, Floats]:
    rows = sessions.get_indexer(pd.DatetimeIndex(bars["session"]))
    inside = (rows >= 0) & (columns >= 0)
    # By ticker first, as bars lie.
    spots = columns[inside] * len(sessions) + rows[inside]
    arrays = {}
    for name in ("open", "close", "volume"):
        by_ticker = np.full((n_tickers, len(sessions)), np.nan)
        by_ticker.ravel()[spots] = bars[name].to_numpy(dtype="float64")[inside]
        arrays[name] = np.ascontiguousarray(by_ticker.T)
    for name in ("open", "close"):
        arrays[name][~has_print(arrays[name], arrays["volume"])] = np.nan
    return arrays


def _events(
    actions: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    tickers: pd.Index,
    pay_dates: Mapping[tuple[str, pd.Timestamp], pd.Timestamp],
) -> tuple[Floats, Floats, Rows]:
    rows = sessions.searchsorted(pd.DatetimeIndex(actions["session"]), side="left")
    columns = tickers.get_indexer(pd.Index(actions["ticker"]))
    values = actions["value"].to_numpy(dtype="float64")
    inside = (rows < len(sessions)) & (columns >= 0)
    splits = inside & (actions["kind"] == "split").to_numpy()
    dividends = inside & (actions["kind"] == "dividend").to_numpy()
    shape = (len(sessions), len(tickers))
    split, dividend = np.ones(shape), np.zeros(shape)
    np.multiply.at(split, (rows[splits], columns[splits]), values[splits])
    np.add.at(dividend, (rows[dividends], columns[dividends]), values[dividends])
    pay_row = np.broadcast_to(np.arange(len(sessions))[:, None], shape).copy()
    for (ticker, ex_date), pay_date in pay_dates.items():
        row, (column,) = int(sessions.searchsorted(ex_date)), tickers.get_indexer(pd.Index([ticker]))
        if row < len(sessions) and column >= 0:
            pay_row[row, column] = sessions.searchsorted(pay_date)
    return split, dividend, pay_row


def _delistings(delistings: Mapping[str, Delisting], sessions: pd.DatetimeIndex, tickers: pd.Index) -> Floats:
    gone = np.full((len(sessions), len(tickers)), np.nan)
    for ticker, (session, price_return) in delistings.items():
        if not -1 <= price_return < np.inf:
            raise ValueError(f"The delisting return of {ticker} must be at least -1, received {price_return}.")
        row, (column,) = int(sessions.searchsorted(session)), tickers.get_indexer(pd.Index([ticker]))
        if row < len(sessions) and column >= 0:
            gone[row, column] = price_return
    return gone
