"""From Yahoo's history, adjusted as of today, back to as-traded bars, splits and confirmed dividends."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stockseq.prices import later_splits
from stockseq.schemas import PRICES, SESSION, Dropped, as_actions, as_bars, bar_faults
from stockseq.sessions import CLOSE_LAG, TradingCalendar
from stockseq.sources.listing import ListedElsewhere, judge_zone
from stockseq.sources.source import TickerBars
from stockseq.sources.yahoo.chart import Chart
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


def read_history(
    history: pd.DataFrame,
    chart: Chart,
    *,
    ticker: str,
    first: pd.Timestamp,
    now: pd.Timestamp,
    calendar: TradingCalendar,
) -> TickerBars:
    """Return the final as-traded bars from `first` on, and the actions that go with them.

    Parameters
    ----------
    history : DataFrame indexed by tz-aware date
        What yfinance gives with `auto_adjust=False, keepna=True`: prices, volume split-adjusted as of today.
    chart : Chart
        Of the answer that `history` was read from.
    ticker : str
        Must be the symbol of the chart.
    first : Timestamp, tz-naive
        Earlier rows only serve to check dividends.
    now : Timestamp, tz-aware
        Bars that weren't final by then are left out.
    calendar : TradingCalendar
        The ticker's exchange.

    Raises
    ------
    ValueError
        If the answer is another symbol's.
    ListedElsewhere
        If the ticker trades in another time zone than the calendar's exchange.
    """
    if chart.symbol != ticker:
        raise ValueError(f"it is the data of {chart.symbol!r}")
    elsewhere = judge_zone(chart.zone, calendar)
    if elsewhere is not None:
        raise ListedElsewhere(elsewhere)
    last = min(calendar.last_final_session(now), _last_closed_day(chart, now))
    rows, row_faults = _usable(_rows(history), ticker=ticker, first=first, last=last, calendar=calendar)
    rows, split_faults = _consistent(rows, chart.splits, ticker)
    dividends, dividend_faults = confirm_dividends(chart.dividends, rows, chart.splits, ticker=ticker, since=first)

    later = later_splits(rows["session"], chart.splits)
    traded = rows.assign(**{price: rows[price] * later for price in PRICES}, volume=(rows["volume"] / later).round())
    traded = traded[traded["session"] >= first].assign(ticker=ticker, source=SOURCE, fetched_at=now)
    events = [("split", *event) for event in chart.splits.items()]
    events += [("dividend", *event) for event in dividends.items()]
    listed = pd.DataFrame(events, columns=["kind", "session", "value"]).astype({"session": SESSION})
    actions = listed[listed["session"].between(first, last)].assign(ticker=ticker, source=SOURCE, fetched_at=now)
    n_unreadable = chart.n_unreadable_dividends
    unreadable = [Dropped(STAGE, ticker, "dividend without a usable date or amount", n_unreadable)]
    dropped = (*unreadable[: bool(n_unreadable)], *row_faults, *split_faults, *dividend_faults)
    return TickerBars(as_bars(traded), as_actions(actions), dropped, currency=chart.currency)


def _last_closed_day(chart: Chart, now: pd.Timestamp) -> pd.Timestamp:
    """Return the day before the session that Yahoo itself shows as under way, for hours that no calendar knows."""
    if chart.session_end is None or now >= chart.session_end + CLOSE_LAG:
        return pd.Timestamp.max
    return chart.session_end.tz_localize(None).normalize() - pd.Timedelta(days=1)


def _rows(history: pd.DataFrame) -> pd.DataFrame:
    if history.empty:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS.values()}).assign(
            session=pd.Series(dtype=SESSION)
        )
    missing = [name for name in COLUMNS if name not in history.columns]
    if missing:
        raise ValueError(
            f"its answer lacks {', '.join(missing)} and has {', '.join(map(str, history.columns)) or 'none'}"
        )
    rows = history[list(COLUMNS)].rename(columns=COLUMNS).astype(float)
    sessions = pd.DatetimeIndex(history.index).tz_localize(None).normalize()
    return rows.assign(session=sessions.astype(SESSION)).reset_index(drop=True)


def _usable(
    rows: pd.DataFrame, *, ticker: str, first: pd.Timestamp, last: pd.Timestamp, calendar: TradingCalendar
) -> tuple[pd.DataFrame, list[Dropped]]:
    faults = bar_faults(rows)
    faults[rows["session"].duplicated(keep="first")] = "session repeated"
    faults = calendar.date_faults(rows["session"]).fillna(faults)
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
