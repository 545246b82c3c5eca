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
# Closing auctions and late prints end well before; midnight in UTC is later than that in New York.
LATEST_STAMP = pd.Timedelta(hours=2)
# Beyond this the prices of two rows of one session are not the same.
SAME_PRICE = 1e-6
NOT_FINAL = "session not final yet"
# A split below 5:4 moves the price no more than news can.
LEAST_VISIBLE_SPLIT = 1.25


def read_history(
    chart: Chart,
    *,
    ticker: str,
    first: pd.Timestamp,
    now: pd.Timestamp,
    calendar: TradingCalendar,
    answered_at: pd.Timestamp | None = None,
) -> TickerBars:
    """Return the final as-traded bars from `first` on, and the actions that go with them.

    Parameters
    ----------
    chart : Chart
        Prices and volume split-adjusted as of today.
    ticker : str
        Must be the symbol of the chart.
    first : Timestamp, tz-naive
        Earlier rows only serve to check dividends.
    now : Timestamp, tz-aware
        Bars that weren't final by then are left out.
    calendar : TradingCalendar
        The ticker's exchange.
    answered_at : Timestamp, tz-aware, or None
        By the server's own clock: a machine whose clock is ahead doesn't make a bar final.

    Raises
    ------
    ValueError
        If the answer is another symbol's, or there are rows and not one can be used.
    ListedElsewhere
        If the ticker trades in another time zone than the calendar's exchange.
    """
    if chart.symbol != ticker:
        raise ValueError(f"it is the data of {repr(chart.symbol)[:40]}")
    elsewhere = judge_zone(chart.zone, calendar)
    if elsewhere is not None:
        raise ListedElsewhere(elsewhere)
    known_at = _known_at(chart, now, answered_at)
    last = min(calendar.last_final_session(known_at), _last_closed_day(chart, known_at))
    rows, row_faults = _usable(chart, ticker=ticker, first=first, last=last, calendar=calendar)
    if rows.empty and any(fault.reason != NOT_FINAL for fault in row_faults):
        faults = "; ".join(f"{fault.n_rows} {fault.reason}" for fault in row_faults)
        raise ValueError(f"not one of its {len(chart.rows)} rows can be used: {faults}")
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


def _known_at(chart: Chart, now: pd.Timestamp, answered_at: pd.Timestamp | None) -> pd.Timestamp:
    """Return the earlier of our clock and of Yahoo's, which is no earlier than the newest thing that it tells of."""
    stamps = chart.rows["stamp"]
    told = [at for at in (answered_at, chart.traded_at, stamps[stamps <= now].max()) if at is not None and at == at]
    return min(now, max(told)) if told else now


def _usable(
    chart: Chart, *, ticker: str, first: pd.Timestamp, last: pd.Timestamp, calendar: TradingCalendar
) -> tuple[pd.DataFrame, list[Dropped]]:
    rows = chart.rows.assign(session=_sessions(chart.rows["stamp"], calendar.timezone))
    faults = bar_faults(rows)
    closes = rows["session"].map(calendar.schedule["close"])
    late = (rows["stamp"] > closes + LATEST_STAMP) & (rows["stamp"] != chart.traded_at)
    faults[late] = "stamped hours after its session's close"
    faults = calendar.date_faults(rows["session"]).fillna(faults)
    faults[rows["session"] > last] = NOT_FINAL
    faults[rows["session"].isna()] = "without a time that can be read"
    for session in rows["session"][faults.isna()].value_counts()[lambda counts: counts > 1].index:
        faults.update(_repeated(rows[faults.isna() & (rows["session"] == session)], calendar.schedule.loc[session]))
    # What lies before `first` wasn't asked for, so its faults are nobody's concern.
    counted = faults[~(rows["session"] < first)].value_counts()
    dropped = [Dropped(STAGE, ticker, str(reason), int(n_rows)) for reason, n_rows in counted.items()]
    return rows[faults.isna()].reset_index(drop=True), dropped


def _sessions(stamps: pd.Series, zone: str) -> pd.Series:
    local = stamps.dt.tz_convert(zone).dt.tz_localize(None)
    # After a change of the clocks Yahoo's midnight is off by an hour or two, and would be the day before.
    early = (local.dt.minute == 0) & local.dt.hour.isin([22, 23])
    return (local + pd.Timedelta(hours=2) * early).dt.normalize().astype(SESSION)


def _repeated(rows: pd.DataFrame, hours: pd.Series) -> pd.Series:
    """Return why rows of one session are left out: one at most stays, and none where two finished ones differ."""
    live = (rows["stamp"] > hours["open"]) & (rows["stamp"] < hours["close"])
    finished = rows[~live]
    if finished.empty or (finished[PRICES].max() / finished[PRICES].min() - 1 > SAME_PRICE).any():
        return pd.Series("session given more than once with different prices", index=rows.index)
    faults = pd.Series("session repeated", index=finished.index[:-1], dtype=object)
    return pd.concat([faults, pd.Series("session repeated unfinished", index=rows.index[live], dtype=object)])


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
