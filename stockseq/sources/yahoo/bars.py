"""From Yahoo's chart, adjusted as of today, back to as-traded bars, splits and confirmed dividends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stockseq.schemas import PRICES, SESSION, Actions, Bars, Dropped, as_actions, as_bars, bar_faults
from stockseq.sessions import CLOSE_LAG, TradingCalendar
from stockseq.sources.yahoo.dividends import confirm_dividends

STAGE = "fetch bars"
SOURCE = "yahoo"
COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adjusted",
    "Volume": "volume",
}
# A split below 5:4 moves the price no more than news can.
LEAST_VISIBLE_SPLIT = 1.25


@dataclass(frozen=True)
class TickerHistory:
    """What one answer of Yahoo holds for one ticker."""

    bars: Bars
    actions: Actions
    dropped: tuple[Dropped, ...]


def read_history(
    history: pd.DataFrame,
    chart: Mapping[str, Any],
    *,
    ticker: str,
    first: pd.Timestamp,
    now: pd.Timestamp,
    calendar: TradingCalendar,
) -> TickerHistory:
    """Return the final as-traded bars from `first` on, and the actions that go with them.

    Parameters
    ----------
    history : DataFrame indexed by tz-aware date
        What yfinance gives with `auto_adjust=False, keepna=True`: prices, volume split-adjusted as of today.
    chart : mapping
        The result of the chart answer that `history` was read from: its `meta` and its `events` with their own dates,
        which yfinance moves to another session where one is missing.
    ticker : str
        Must be the symbol in `meta`.
    first : Timestamp, tz-naive
        Earlier rows only serve to check dividends.
    now : Timestamp, tz-aware
        Bars that weren't final by then are left out.
    calendar : TradingCalendar
        The ticker's exchange.

    Raises
    ------
    ValueError
        If the answer is another symbol's, or lists a split that can't be read.
    """
    symbol = chart["meta"].get("symbol")
    if symbol != ticker:
        raise ValueError(f"it is the data of {symbol!r}")
    last = min(calendar.last_final_session(now), _last_beyond_doubt(chart, now))
    splits = _splits(chart)
    amounts, amount_faults = _dividends(chart, ticker)
    rows, row_faults = _usable(_rows(history), ticker=ticker, first=first, last=last, calendar=calendar)
    rows, basis_faults = _consistent(rows, splits, ticker)
    dividends, dividend_faults = confirm_dividends(amounts, rows, splits, ticker=ticker, since=first)

    later = later_splits(rows["session"], splits)
    traded = rows.assign(**{price: rows[price] * later for price in PRICES}, volume=(rows["volume"] / later).round())
    traded = traded[traded["session"] >= first].assign(ticker=ticker, source=SOURCE, fetched_at=now)

    events = [("split", *event) for event in splits.items()] + [("dividend", *event) for event in dividends.items()]
    listed = pd.DataFrame(events, columns=["kind", "session", "value"]).astype({"session": SESSION})
    actions = listed[listed["session"].between(first, last)].assign(ticker=ticker, source=SOURCE, fetched_at=now)
    dropped = (*amount_faults, *row_faults, *basis_faults, *dividend_faults)
    return TickerHistory(as_bars(traded), as_actions(actions), dropped)


def later_splits(sessions: pd.Series, splits: Mapping[pd.Timestamp, float]) -> np.ndarray:
    """Return for each session the product of all splits after it: shares of today per share of then.

    Examples
    --------
    >>> sessions = pd.Series(pd.to_datetime(["2024-11-26", "2024-11-27"]))
    >>> later_splits(sessions, {pd.Timestamp("2024-11-27"): 4.0}).tolist()
    [4.0, 1.0]
    """
    product = np.ones(len(sessions))
    for session, ratio in splits.items():
        product[(sessions < session).to_numpy()] *= ratio
    return product


def _last_beyond_doubt(chart: Mapping[str, Any], now: pd.Timestamp) -> pd.Timestamp:
    """Return the day before the session that Yahoo itself shows as under way, for hours that no calendar knows."""
    try:
        ends = chart["meta"]["currentTradingPeriod"]["regular"]["end"]
        closes = pd.Timestamp(int(ends), unit="s", tz="UTC").tz_convert(chart["meta"]["exchangeTimezoneName"])
    except (KeyError, TypeError, ValueError):
        return pd.Timestamp.max
    if now >= closes + CLOSE_LAG:
        return pd.Timestamp.max
    return closes.tz_localize(None).normalize() - pd.Timedelta(days=1)


def _rows(history: pd.DataFrame) -> pd.DataFrame:
    if history.empty:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS.values()}).assign(
            session=pd.Series(dtype=SESSION)
        )
    rows = history[list(COLUMNS)].rename(columns=COLUMNS).astype(float)
    sessions = pd.DatetimeIndex(history.index).tz_localize(None).normalize()
    return rows.assign(session=sessions.astype(SESSION)).reset_index(drop=True)


def _usable(
    rows: pd.DataFrame, *, ticker: str, first: pd.Timestamp, last: pd.Timestamp, calendar: TradingCalendar
) -> tuple[pd.DataFrame, list[Dropped]]:
    faults = bar_faults(rows)
    faults[rows["session"].duplicated(keep="first")] = "session repeated"
    faults[~rows["session"].isin(calendar.sessions)] = f"not a session of {calendar.exchange}"
    faults[rows["session"] > last] = "session not final yet"
    # What lies before `first` wasn't asked for, so its faults are nobody's concern.
    counted = faults[rows["session"] >= first].value_counts()
    dropped = [Dropped(STAGE, ticker, str(reason), int(n_rows)) for reason, n_rows in counted.items()]
    return rows[faults.isna()].reset_index(drop=True), dropped


def _consistent(
    rows: pd.DataFrame, splits: Mapping[pd.Timestamp, float], ticker: str
) -> tuple[pd.DataFrame, list[Dropped]]:
    """Leave out what lies before a split that Yahoo lists but hasn't applied to the prices before it."""
    dropped: list[Dropped] = []
    for session, ratio in splits.items():
        before, after = rows[rows["session"] < session], rows[rows["session"] >= session]
        visible = max(ratio, 1 / ratio) >= LEAST_VISIBLE_SPLIT
        if not visible or before.empty or after.empty:
            continue
        jump = np.log(after["close"].iloc[0] / before["close"].iloc[-1])
        # Applied, the jump is a day's return; not applied, it is the split itself, give or take a day's return.
        if abs(jump + np.log(ratio)) < 0.1 * abs(np.log(ratio)):
            reason = f"before the split of {session.date()}, which Yahoo lists but hasn't applied to these prices"
            dropped.append(Dropped(STAGE, ticker, reason, len(before)))
            rows = after.reset_index(drop=True)
    return rows, dropped


def _splits(chart: Mapping[str, Any]) -> dict[pd.Timestamp, float]:
    """Return the splits by session, oldest first; without each of them no price before it can be recovered."""
    splits: dict[pd.Timestamp, float] = {}
    for event in _events(chart, "splits"):
        try:
            session, ratio = _session(event, chart), float(event["numerator"]) / float(event["denominator"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ValueError(f"a split without a usable date or ratio, {event!r}") from error
        splits[session] = splits.get(session, 1.0) * ratio
    if not all(np.isfinite(ratio) and ratio > 0 for ratio in splits.values()):
        raise ValueError(f"a split ratio that isn't positive among {list(splits.values())}")
    return dict(sorted(splits.items()))


def _dividends(chart: Mapping[str, Any], ticker: str) -> tuple[dict[pd.Timestamp, float], list[Dropped]]:
    """Return the amounts by ex-date, oldest first, in whatever basis Yahoo gives them."""
    amounts: dict[pd.Timestamp, float] = {}
    n_broken = 0
    for event in _events(chart, "dividends"):
        try:
            session, amount = _session(event, chart), float(event["amount"])
        except (KeyError, TypeError, ValueError):
            n_broken += 1
            continue
        if np.isfinite(amount) and amount > 0:
            amounts[session] = amounts.get(session, 0.0) + amount
        else:
            n_broken += 1
    reason = "dividend without a usable date or amount"
    return dict(sorted(amounts.items())), [Dropped(STAGE, ticker, reason, n_broken)] if n_broken else []


def _events(chart: Mapping[str, Any], kind: str) -> Iterable[Mapping[str, Any]]:
    return list(((chart.get("events") or {}).get(kind) or {}).values())


def _session(event: Mapping[str, Any], chart: Mapping[str, Any]) -> pd.Timestamp:
    opened = pd.Timestamp(int(event["date"]), unit="s", tz="UTC")
    return opened.tz_convert(chart["meta"]["exchangeTimezoneName"]).tz_localize(None).normalize()
