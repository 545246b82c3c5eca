"""From a table of daily prices, in whatever basis, to as-traded bars and actions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.errors import SourceError
from stockseq.prices import later_splits
from stockseq.schemas import (
    NUMBER,
    PRICES,
    SESSION,
    Dropped,
    as_actions,
    as_bars,
    bar_faults,
    count_dropped,
    valid_ticker,
)
from stockseq.sessions import TradingCalendar
from stockseq.sources.files.dividends import dividends_per_share
from stockseq.sources.files.tables import BAR_EXTRAS, Table, read_instants_or_dates
from stockseq.sources.listing import find_foreign
from stockseq.sources.settings import Basis
from stockseq.sources.source import TickerBars

STAGE = "read bars"
CONFLICT, NOT_FINAL = "session repeated with other values", "session not final yet"
# Splits below 5:4 hide in a day's move; four fifths of the others must agree on the basis.
LEAST_VISIBLE_SPLIT, AGREEMENT = 1.25, 0.8


@dataclass(frozen=True)
class BarsFile(TickerBars):
    """What one file gave: as-traded bars, actions, what was left out, and notes for the user."""

    notes: tuple[str, ...]


def build_bars(
    table: Table, *, basis: Basis | None, source: str, now: pd.Timestamp, calendar: TradingCalendar
) -> BarsFile:
    """Return the file's bars as traded, final by `now`, and its splits and dividends per as-traded share.

    Parameters
    ----------
    table : Table
        ticker, date, open, high, low, close, volume, and where there are adj_close, dividends, splits (new shares per
        old; 0, 1 and blank are none).
    basis : "as_traded", "split_adjusted", "adjusted" or None
        What the prices are adjusted for; None judges it by how they move at the file's own splits. Adjusted prices
        are taken as they are, without actions: returns hold, levels don't.
    source : str
        Written in each row.
    now : Timestamp, tz-aware
        `fetched_at` of every row; bars that weren't final by then are left out.
    calendar : TradingCalendar
        Its sessions are the dates that a bar may have.

    Raises
    ------
    SourceError
        If the basis contradicts the prices, can't be judged, or no row is a bar.
    """
    rows, dropped, conflict = _with_keys(table, calendar)
    faults = bar_faults(rows)
    # A faulty price must not enter the arithmetic of its neighbours; its session's split still counts.
    rows["close"] = rows["close"].where(faults.isna())
    basis, note = _judge_basis(rows, basis, table)
    later = _later_splits(rows)
    dividends, unconfirmed = dividends_per_share(rows, later, split_adjusted=basis == "split_adjusted")
    if basis == "adjusted":
        dividends, rows["split"], unconfirmed = 0.0 * dividends, 1.0, ()
    last = calendar.last_final_session(now)
    faults[rows["session"] > last] = NOT_FINAL
    dropped = (*dropped, *count_dropped(STAGE, rows["ticker"], faults), *unconfirmed)
    if faults.notna().all():
        raise _no_usable_bar(table, dropped)
    restated = later if basis == "split_adjusted" else np.ones(len(rows))
    traded = rows.assign(**{price: rows[price] * restated for price in PRICES})
    traded = traded.assign(volume=(rows["volume"] / restated).round(), source=source, fetched_at=now)
    actions = _actions(rows, dividends, last=last).assign(source=source, fetched_at=now)
    notes = (*table.notes, *conflict, note, *_dividend_note(rows, basis, table))
    return BarsFile(as_bars(traded[faults.isna()]), as_actions(actions), dropped, notes)


def _later_splits(rows: pd.DataFrame) -> np.ndarray:
    """Return for each row the product of its ticker's splits after it."""
    products = []
    for _, group in rows.groupby("ticker", sort=False):
        splits = group[group["split"] != 1]
        products.append(later_splits(group["session"], dict(zip(splits["session"], splits["split"], strict=True))))
    return np.concatenate(products)


def _actions(rows: pd.DataFrame, dividends: pd.Series, *, last: pd.Timestamp) -> pd.DataFrame:
    splits = rows[rows["split"] != 1].assign(kind="split", value=rows["split"])
    events = pd.concat([splits, rows[dividends > 0].assign(kind="dividend", value=dividends)])
    return events[events["session"] <= last]


def _dividend_note(rows: pd.DataFrame, basis: Basis, table: Table) -> tuple[str, ...]:
    if basis == "adjusted" or "dividends" in rows:
        return ()
    source = "implied by its adjusted closes" if "adj_close" in rows else "unknown"
    return (f"{table.path.name} states no dividends: they are {source}.",)


def _no_usable_bar(table: Table, dropped: tuple[Dropped, ...]) -> SourceError:
    return SourceError(f"{table.path} holds no usable bar: {'; '.join(sorted({drop.reason for drop in dropped}))}.")


def _with_keys(table: Table, calendar: TradingCalendar) -> tuple[pd.DataFrame, tuple[Dropped, ...], tuple[str, ...]]:
    """Return typed rows in order of ticker and session, one of each, what has no such key, and notes on it."""
    frame = table.frame.copy()
    frame["ticker"] = frame["ticker"].astype("str").str.strip()
    numbers = [column for column in (*PRICES, "volume", *BAR_EXTRAS) if column in frame]
    for column in numbers:
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(NUMBER)
    frame["session"] = _sessions(frame["date"], calendar)
    names = frame["ticker"].unique()
    faults = calendar.date_faults(frame["session"])
    faults[frame["session"].isna()] = "date not readable as YYYY-MM-DD"
    for name, reason in find_foreign(frame, calendar).items():
        faults[frame["ticker"] == name] = reason
    broken = [name for name in names if not valid_ticker(name)]
    for name in broken:
        faults[frame["ticker"] == name] = f"not a ticker: {name[:20]!r}"
    keyed = frame[faults.isna()]
    repeated = keyed[keyed.duplicated(["ticker", "session"])]
    conflicting = repeated[~keyed.duplicated(["ticker", "session", *numbers])[repeated.index]]
    faults[repeated.index] = "session repeated"
    faults[conflicting.index] = CONFLICT
    dropped = count_dropped(STAGE, frame["ticker"].where(~frame["ticker"].isin(broken), "?"), faults)
    rows = frame[faults.isna()].sort_values(["ticker", "session"], ignore_index=True)
    if rows.empty:
        raise _no_usable_bar(table, dropped)
    splits = rows["splits"] if "splits" in rows else pd.Series(1.0, index=rows.index)
    rows["split"] = splits.where(np.isfinite(splits) & (splits > 0), 1.0)
    return rows, dropped, _conflict(conflicting, table)


def _conflict(conflicting: pd.DataFrame, table: Table) -> tuple[str, ...]:
    """Return a note of the rows that contradict an earlier one, with the first of them."""
    if conflicting.empty:
        return ()
    first, n_rows = conflicting.iloc[0], len(table.frame)
    return (
        f"{table.path.name}: {len(conflicting)} of {n_rows} rows give other values for a session that came before, "
        f"first {first['ticker']} on {first['session'].date()}: the values that came first are kept.",
    )


def _sessions(dates: pd.Series, calendar: TradingCalendar) -> pd.Series:
    values = read_instants_or_dates(dates)
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        # Distinct dates are few, so parsing them once each is fast however long the file.
        distinct = pd.Series(values.unique())
        aware = distinct.str.contains(r"[T ].*(?:Z|[+-]\d\d:?\d\d)$", regex=True)
        day = pd.to_datetime(distinct.where(~aware, distinct.str[:10]), format="ISO8601", errors="coerce")
        values = values.map(dict(zip(distinct, day, strict=True)))
    elif values.dt.tz is not None:
        values = values.dt.tz_convert(calendar.timezone).dt.tz_localize(None)
    return pd.to_datetime(values).dt.normalize().astype(SESSION)


def _judge_basis(rows: pd.DataFrame, declared: Basis | None, table: Table) -> tuple[Basis, str]:
    """Return the basis: the declared one unless the prices at the splits contradict it, or the one that they show."""
    before = rows.groupby("ticker", sort=False)["close"].transform(lambda closes: closes.ffill().shift(1))
    ratio = np.abs(np.log(rows["split"]))
    visible = (ratio >= np.log(LEAST_VISIBLE_SPLIT)) & before.notna() & rows["close"].notna()
    jump, split = np.log(rows["close"] / before)[visible], np.log(rows["split"])[visible]
    name = table.path.name
    if declared == "adjusted":
        return "adjusted", f"{name}: adjusted prices are taken as they are, without splits and dividends."
    if split.empty:
        return declared or "as_traded", f"{name}: no visible split, prices read as {declared or 'as_traded'}."
    falls = float((np.abs(jump + split) < np.abs(jump)).mean())
    judged: Basis | None = "as_traded" if falls >= AGREEMENT else "split_adjusted" if falls <= 1 - AGREEMENT else None
    count = f"{round(falls * len(split))} of {len(split)} splits show in its prices"
    if judged is None and declared is None:
        raise SourceError(f"{table.path}: {count}, so its basis can't be judged; set files.basis.")
    if declared is not None and judged not in (None, declared):
        raise SourceError(f"{table.path} is declared {declared}, but {count}: set files.basis to {judged}.")
    basis: Basis = declared or judged or "as_traded"
    return basis, f"{name}: {count}, so they are read as {basis}."
