"""The label of a session: the return of the trade that the backtest makes."""

import difflib
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.errors import SettingsError
from stockseq.prices import (
    LEAST_VARIANCE,
    adjustment_factors,
    garman_klass,
    is_traded,
    traded_bars,
    volatility_before,
    volatility_path,
)
from stockseq.printable import LONGEST_SHOWN, shown
from stockseq.schemas import LABELS, Actions, Bars, Dropped, Labels, as_labels, count_dropped
from stockseq.sessions import TradingCalendar

OPEN_TO_CLOSE, OPEN_TO_NEXT_OPEN = "open_to_close", "open_to_next_open"
# A quarter; with longer trades too few of them fit into a test to say anything.
LONGEST_HORIZON = 63


@dataclass(frozen=True)
class LabelledTrades:
    """The labels, and by ticker and reason the bars that have none."""

    labels: Labels
    dropped: tuple[Dropped, ...]


def parse_label(label: str | int) -> int:
    """Return the horizon of a label: the sessions from the entry to the exit of its trade.

    Parameters
    ----------
    label : str or int
        "open_to_close", "open_to_next_open", or "open_to_open(h)" for h from 1 to 63; a number is the horizon itself.

    Returns
    -------
    int
        0 for the close of the session itself.

    Raises
    ------
    SettingsError
        For anything else; the nearest label is named.

    Examples
    --------
    >>> [parse_label(label) for label in ("open_to_close", "open_to_next_open", "open_to_open(10)", "10")]
    [0, 1, 10, 10]
    """
    text = str(label).replace(" ", "")
    if text in (OPEN_TO_CLOSE, OPEN_TO_NEXT_OPEN):
        return int(text == OPEN_TO_NEXT_OPEN)
    counted = re.fullmatch(r"open_to_open\(([0-9]{1,3})\)|([0-9]{1,3})", text)
    if counted is not None:
        horizon = int(counted[1] or counted[2])
        if horizon <= LONGEST_HORIZON and (horizon or counted[2]):
            return horizon
    near = difflib.get_close_matches(text[:LONGEST_SHOWN], (OPEN_TO_CLOSE, OPEN_TO_NEXT_OPEN, "open_to_open(5)"), n=1)
    raise SettingsError(
        f"A label is open_to_close, or open_to_open(h) for h from 1 to {LONGEST_HORIZON} sessions "
        f"(open_to_next_open is h = 1), received {shown(label)}"
        + (f"; did you mean {near[0]}?" if near and counted is None else ".")
    )


def name_label(horizon: int) -> str:
    """Return the one name of the label of a horizon.

    Examples
    --------
    >>> [name_label(horizon) for horizon in (0, 1, 10)]
    ['open_to_close', 'open_to_next_open', 'open_to_open(10)']
    """
    return (OPEN_TO_CLOSE, OPEN_TO_NEXT_OPEN)[horizon] if horizon < 2 else f"open_to_open({horizon})"


def compute_labels(bars: Bars, actions: Actions, *, calendar: TradingCalendar, horizon: int = 0) -> Labels:
    """Return the total return of a trade entered at the open of each session.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.
    calendar : TradingCalendar
        Gives the instants of entry and exit, and which session is how much later.
    horizon : int, default=0
        Sessions from the entry to the exit, at the open; 0 leaves at the close of the session itself. Splits and
        dividends with ex-date after the entry, up to the exit, are undone.

    Returns
    -------
    Labels of at most n_bars rows
        `realised_return` is a fraction; `volatility`, per session, is known when the session is decided.
        `realised_variance` is that of the trade's log return: Garman and Klass's from open to close, the sum of squared
        log returns within sessions and from each close to the next open for a longer trade. There is no row, rather
        than a NaN, where the trade was impossible, because there was no print to enter or to leave at (a halt in
        between does no harm); `label_trades` says why.

    Raises
    ------
    DataError
        If `bars` or `actions` hold more than one vintage.
    ValueError
        If `horizon` is not from 0 to 63.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> prices = {"open": [100.0, 102.0, 105.0], "high": 106.0, "low": 98.0, "close": [99.0, 101.0, 103.0]}
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, **prices, "volume": 1.0})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> compute_labels(bars, actions, calendar=calendar)["realised_return"].round(9).tolist()
    [-0.019047619]
    """
    return label_trades(bars, actions, calendar=calendar, horizon=horizon).labels


def label_trades(
    bars: Bars,
    actions: Actions,
    *,
    calendar: TradingCalendar,
    horizon: int = 0,
    path: pd.DataFrame | None = None,
) -> LabelledTrades:
    """Return what `compute_labels` gives, with an account of the bars that have no label.

    The arguments are those of `compute_labels`; `path` is the `volatility_path` of the bars, where it is there already.
    """
    trades = _trades(bars, actions, calendar, horizon)
    trades["volatility"] = volatility_before(trades, volatility_path(bars, actions) if path is None else path)
    faults = _faults(trades, calendar)
    halted = bars[~is_traded(bars)]
    return LabelledTrades(
        as_labels(trades.loc[faults.isna(), list(LABELS)]),
        (
            *count_dropped("labels", halted["ticker"], "no volume, or no open or close print"),
            *count_dropped("labels", trades["ticker"], faults),
        ),
    )


def _trades(bars: Bars, actions: Actions, calendar: TradingCalendar, horizon: int) -> pd.DataFrame:
    """Return ticker, session, entry_at, exit_at, realised_return and realised_variance of every bar that traded."""
    if not 0 <= horizon <= LONGEST_HORIZON:
        raise ValueError(f"`horizon` must be from 0 to {LONGEST_HORIZON} sessions, received {horizon!r}.")
    traded = traded_bars(bars)
    trades = traded[["ticker", "session"]].copy()
    schedule = calendar.schedule
    trades["entry_at"] = trades["session"].map(schedule["open"])
    if horizon == 0:
        trades["exit_at"] = trades["session"].map(schedule["close"])
        trades["realised_return"] = traded["close"] / traded["open"] - 1.0
        trades["realised_variance"] = garman_klass(traded)
        return trades
    trades["exit_at"] = trades["session"].map(schedule["open"].shift(-horizon))
    exit_session = trades["session"].map(pd.Series(schedule.index, index=schedule.index).shift(-horizon))
    return trades.join(_hold(traded, actions, exit_session))


def _hold(traded: pd.DataFrame, actions: Actions, exit_session: pd.Series) -> pd.DataFrame:
    """Return realised_return and realised_variance from the open of each bar to that of its exit session.

    NaN where that session has no trade, or a dividend in between can't be undone.
    """
    tickers = traded["ticker"]
    factors = adjustment_factors(traded, actions)
    overnight = np.log(traded["open"] * factors / traded.groupby("ticker")["close"].shift())
    within = pd.Series(np.log(traded["close"] / traded["open"])).groupby(tickers).shift()
    # What leads from a ticker's first bar to each, so that two bars tell what lies between them.
    path = pd.DataFrame(
        {
            "growth": traded["open"] * factors.fillna(1.0).groupby(tickers).cumprod(),
            "variance": (within**2 + overnight**2).fillna(0.0).groupby(tickers).cumsum(),
            "spoilt": factors.isna().groupby(tickers).cumsum(),
        }
    )
    bars = pd.MultiIndex.from_arrays([tickers, traded["session"]])
    exits = bars.get_indexer(pd.MultiIndex.from_arrays([tickers, exit_session]))
    left = path.iloc[exits].set_index(path.index)
    whole = (exits >= 0) & (left["spoilt"] == path["spoilt"])
    held = pd.DataFrame(
        {
            "realised_return": left["growth"] / path["growth"] - 1.0,
            "realised_variance": (left["variance"] - path["variance"]).clip(lower=LEAST_VARIANCE),
        }
    )
    return held.where(whole)


def _faults(trades: pd.DataFrame, calendar: TradingCalendar) -> pd.Series:
    """Return why each trade has no label; None where it has one."""
    faults = pd.Series(None, index=trades.index, dtype=object)
    faults[trades["volatility"].isna()] = "fewer than two closes before it, so no volatility"
    faults[trades["realised_return"].isna()] = "no usable open to leave at (halt, delisting, or still to come)"
    faults[trades["exit_at"].isna()] = "the exit lies beyond the calendar"
    faults[trades["entry_at"].isna()] = f"not a session of {calendar.exchange}"
    return faults
