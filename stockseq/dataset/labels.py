"""The label of a session: the return of the trade that the backtest makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.prices import (
    LEAST_VARIANCE,
    adjustment_factors,
    garman_klass,
    is_traded,
    traded_bars,
    volatility_before,
    volatility_path,
)
from stockseq.schemas import LABELS, Actions, Bars, Dropped, Labels, as_labels, count_dropped
from stockseq.sessions import TradingCalendar

Horizon = Literal["open_to_close", "open_to_next_open"]

# Sessions from the entry to the exit, as the purge between folds counts them.
HORIZON_SESSIONS: Mapping[Horizon, int] = {"open_to_close": 0, "open_to_next_open": 1}


@dataclass(frozen=True)
class LabelledTrades:
    """The labels, and by ticker and reason the bars that have none."""

    labels: Labels
    dropped: tuple[Dropped, ...]


def compute_labels(
    bars: Bars, actions: Actions, *, calendar: TradingCalendar, horizon: Horizon = "open_to_close"
) -> Labels:
    """Return the total return of a trade entered at the open of each session.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded; one vintage.
    calendar : TradingCalendar
        Gives the instants of entry and exit, and which session is the next.
    horizon : "open_to_close" or "open_to_next_open"
        Where the trade is left. Splits and dividends with ex-date after the entry, up to the exit, are undone.

    Returns
    -------
    Labels of at most n_bars rows
        `realised_return` is a fraction; `volatility` is known when the session is decided. `realised_variance` is that
        of the trade's log return: Garman and Klass's from open to close, the sum of squared log returns within the
        session and overnight for a longer trade. There is no row, rather than a NaN, where the trade was impossible;
        `label_trades` says why.

    Raises
    ------
    DataError
        If `bars` or `actions` hold more than one vintage.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> prices = {"open": 100.0, "high": 104.0, "low": 98.0, "close": [99.0, 101.0, 103.0], "volume": 1.0}
    >>> bars = pd.DataFrame({"ticker": "A", "session": sessions, **prices})
    >>> actions = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> compute_labels(bars, actions, calendar=calendar)["realised_return"].round(9).tolist()
    [0.03]
    """
    return label_trades(bars, actions, calendar=calendar, horizon=horizon).labels


def label_trades(
    bars: Bars,
    actions: Actions,
    *,
    calendar: TradingCalendar,
    horizon: Horizon = "open_to_close",
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


def _trades(bars: Bars, actions: Actions, calendar: TradingCalendar, horizon: Horizon) -> pd.DataFrame:
    """Return ticker, session, entry_at, exit_at and realised_return of every bar that traded."""
    if horizon not in HORIZON_SESSIONS:
        raise ValueError(f"`label` must be one of {list(HORIZON_SESSIONS)}, received {horizon!r}.")
    traded = traded_bars(bars)
    trades = traded[["ticker", "session"]].copy()
    schedule = calendar.schedule
    trades["entry_at"] = trades["session"].map(schedule["open"])
    if horizon == "open_to_close":
        trades["exit_at"] = trades["session"].map(schedule["close"])
        exit_price, trades["realised_variance"] = traded["close"], garman_klass(traded)
    else:
        trades["exit_at"] = trades["session"].map(schedule["open"].shift(-1))
        exit_price = _next_open(traded, actions, schedule)
        within, overnight = np.log(traded["close"] / traded["open"]), np.log(exit_price / traded["close"])
        trades["realised_variance"] = (within**2 + overnight**2).clip(lower=LEAST_VARIANCE)
    trades["realised_return"] = exit_price / traded["open"] - 1.0
    return trades


def _next_open(traded: pd.DataFrame, actions: Actions, schedule: pd.DataFrame) -> pd.Series:
    """Return the open of the next session on the basis of this one; NaN where that session has no trade."""
    sessions = pd.Series(schedule.index, index=schedule.index)
    adjusted = traded["open"] * adjustment_factors(traded, actions)
    following = traded.assign(adjusted=adjusted).groupby("ticker")[["session", "adjusted"]].shift(-1)
    is_next = following["session"] == traded["session"].map(sessions.shift(-1))
    return following["adjusted"].where(is_next)


def _faults(trades: pd.DataFrame, calendar: TradingCalendar) -> pd.Series:
    """Return why each trade has no label; None where it has one."""
    faults = pd.Series(None, index=trades.index, dtype=object)
    faults[trades["volatility"].isna()] = "fewer than two closes before it, so no volatility"
    faults[trades["realised_return"].isna()] = "no usable open on the next session (halt, delisting, or still to come)"
    faults[trades["exit_at"].isna()] = "the exit lies beyond the calendar"
    faults[trades["entry_at"].isna()] = f"not a session of {calendar.exchange}"
    return faults
