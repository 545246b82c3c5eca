"""From a table of daily prices, in whatever basis, to as-traded bars and actions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stockseq.errors import SourceError, counted
from stockseq.prices import later_splits
from stockseq.schemas import (
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
from stockseq.sources.files.bar_dates import DateOrder, read_dates
from stockseq.sources.files.basis import judge_basis, turned
from stockseq.sources.files.dividends import dividends_per_share, unpayable
from stockseq.sources.files.file_actions import STAGE, FileActions, is_action_alone, place_actions, read_ratios
from stockseq.sources.files.frequency import require_daily
from stockseq.sources.files.layouts import BAR_EXTRAS
from stockseq.sources.files.numbers import Decimal, Numbers, read_columns
from stockseq.sources.files.tables import Table
from stockseq.sources.listing import find_foreign
from stockseq.sources.settings import Basis
from stockseq.sources.source import TickerBars

CONFLICT = "session repeated with other values"
NOT_FINAL = "the last session that was final at the instant of the run"
NO_VOLUME = "volume missing, infinite or negative"
OTHER_EXCHANGE = "of another exchange"
LONGEST_TICKER = 24
# Of the rows with a session: so many that contradict an earlier one are several tickers, or several bars a session.
MOST_CONFLICTS = 0.5
# The columns of one quantity share their notation.
BLOCKS = (("open", "high", "low", "close", "adj_close", "dividends"), ("volume",), ("splits",))


@dataclass(frozen=True)
class BarsFile(TickerBars):
    """What one file gave: as-traded bars, actions, what was left out, and notes and doubts for the user.

    `action_kinds` are the kinds that the file states: of the others it says nothing, not even that there are none.
    `foreign` are the tickers that trade elsewhere, with the reason.
    """

    notes: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    action_kinds: tuple[str, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rows:
    """Typed rows in order of ticker and session, one of each, and what was found on the way."""

    rows: pd.DataFrame
    faults: pd.Series
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    foreign: Mapping[str, str]


def build_bars(
    table: Table,
    *,
    basis: Basis | None,
    source: str,
    now: pd.Timestamp,
    calendar: TradingCalendar,
    decimal: Decimal | None = None,
    date_order: DateOrder | None = None,
) -> BarsFile:
    """Return the file's bars as traded, final by `now`, and its splits and dividends per as-traded share.

    Parameters
    ----------
    table : Table
        ticker, date, open, high, low, close, volume, and where there are adj_close, dividends, splits (new shares per
        old; 0, 1 and blank are none).
    basis : "as_traded", "split_adjusted", "adjusted" or None
        What the prices are adjusted for; None judges it by how they move at the file's own splits and dividends.
        Adjusted prices are taken as they are, without actions: returns hold, levels don't.
    source : str
        Written in each row.
    now : Timestamp, tz-aware
        `fetched_at` of every row; bars that weren't final by then are left out.
    calendar : TradingCalendar
        Its sessions are the dates that a bar may have.
    decimal, date_order : optional
        How numbers and dates are written, where the file itself can't tell.

    Raises
    ------
    SourceError
        If the file holds no daily bars, several tickers without naming them, or no row that is a bar; if its numbers or
        dates can be read in two ways; if the basis contradicts the prices or can't be judged.
    """
    last = calendar.last_final_session(now)
    read = _read_rows(table, calendar, decimal, date_order, last=last)
    rows, faults = read.rows, read.faults
    # A faulty price must not enter the arithmetic of its neighbours; its session's split still counts.
    rows[PRICES] = rows[PRICES].where(faults.isna())
    judged = judge_basis(rows, basis, name=table.path.name, path=str(table.path))
    if judged.inverted:
        rows["split"] = turned(rows["split"])
    later = _later_splits(rows)
    dividends, unconfirmed = dividends_per_share(rows, later, split_adjusted=judged.basis == "split_adjusted")
    if judged.basis == "adjusted":
        dividends, rows["split"], unconfirmed = 0.0 * dividends, 1.0, ()
    restated = later if judged.basis == "split_adjusted" else np.ones(len(rows))
    traded = rows.assign(**{price: rows[price] * restated for price in PRICES}, source=source, fetched_at=now)
    traded["volume"] = _volume(rows["volume"], restated)
    beyond = unpayable(traded, dividends)
    unpaid = count_dropped(
        STAGE, rows.loc[beyond, "ticker"], "dividend not below the price that it is paid from (the bar is kept)"
    )
    faults[(rows["session"] > last) & ~_is_filler(faults)] = _not_final(last)
    dropped = (
        *table.dropped,
        *read.dropped,
        *count_dropped(STAGE, rows["ticker"], faults.where(~_is_filler(faults))),
        *unconfirmed,
        *unpaid,
    )
    if faults.notna().all():
        raise _no_usable_bar(table, dropped, read.foreign)
    actions = _actions(rows, dividends.where(~beyond, 0.0), last=last).assign(source=source, fetched_at=now)
    bars = as_bars(traded[faults.isna()])
    notes = (*table.notes, *read.notes, *judged.notes, *_dividend_note(rows, judged.basis, table))
    doubts = (*judged.doubts, *_volume_doubt(bars, table))
    return BarsFile(bars, as_actions(actions), dropped, notes, doubts, _kinds(rows, judged.basis, table), read.foreign)


# Why a row that only carries an action is no bar: nothing is missing of it, so it isn't counted.
_ACTION_ALONE = "an action alone"


def _is_filler(faults: pd.Series) -> "pd.Series[bool]":
    return faults == _ACTION_ALONE


def _not_final(last: pd.Timestamp) -> str:
    return f"after {last.date()}, {NOT_FINAL}"


def _read_rows(
    table: Table,
    calendar: TradingCalendar,
    decimal: Decimal | None,
    date_order: DateOrder | None,
    *,
    last: pd.Timestamp,
) -> _Rows:
    """Return the rows that have a ticker and a session, with the actions of all rows at their sessions."""
    path = str(table.path)
    frame = table.frame.assign(ticker=table.frame["ticker"].astype("str").str.strip())
    if "splits" in frame:
        frame["splits"] = read_ratios(frame["splits"])
    dates, date_notes = read_dates(frame["date"], timezone=calendar.timezone, order=date_order, path=path)
    frame["date"] = dates
    require_daily(frame, path=path)
    numbers = read_columns(frame, BLOCKS, decimal=decimal, path=path)
    frame = frame.assign(**{name: column.amounts for name, column in numbers.items()})
    frame["session"] = dates.dt.normalize().astype(SESSION)
    unkeyed = _key_faults(frame, table.frame["date"])
    actions = place_actions(frame[unkeyed.isna()], calendar, name=table.path.name)
    alone = is_action_alone(frame) & unkeyed.isna()
    faults = unkeyed.where(~alone, _ACTION_ALONE)
    misdated = calendar.date_faults(frame["session"])
    misdated[misdated.notna() & (frame["session"] > last)] = _not_final(last)
    faults = faults.where(faults.notna(), misdated)
    foreign = find_foreign(frame[unkeyed.isna() & ~alone], calendar)
    faults[frame["ticker"].isin(foreign) & unkeyed.isna()] = OTHER_EXCHANGE
    repeated, note = _repeated(frame[faults.isna()], list(numbers), table)
    faults[repeated.index] = repeated
    tickers = frame["ticker"].where(frame["ticker"].map(_checked(frame["ticker"])), "?")
    dropped = count_dropped(STAGE, tickers, faults.where(~_is_filler(faults)))
    kept = frame[faults.isna()]
    if kept.empty:
        raise _no_usable_bar(table, dropped, foreign)
    rows = _with_actions(kept, actions)
    reasons = _number_faults(numbers, rows, (*PRICES, "volume"))
    broken = bar_faults(rows)
    broken[(broken == NO_VOLUME) & (rows["volume"] < 0)] = "volume negative"
    reasons = reasons.where(reasons.notna(), broken.where(rows["is_bar"], _ACTION_ALONE))
    extras = tuple(drop for name in BAR_EXTRAS if name in numbers for drop in _uncounted(numbers[name], frame, unkeyed))
    written = [column.converted for column in numbers.values() if column.converted]
    notes = [f"{table.path.name}: {sentence}." for sentence in date_notes]
    if written:
        notes.append(f"{table.path.name}: numbers are read as they are written: {', '.join(written)}.")
    return _Rows(rows, reasons, (*dropped, *extras, *actions.dropped), (*notes, *note, *actions.notes), foreign)


def _checked(tickers: pd.Series) -> Mapping[str, bool]:
    return {name: valid_ticker(name) for name in tickers.unique()}


def _key_faults(frame: pd.DataFrame, written: pd.Series) -> pd.Series:
    """Return why a row has no ticker or no date; None where it has both."""
    faults = pd.Series(None, index=frame.index, dtype=object)
    undated = frame["date"].isna()
    if undated.any():
        first = str(written[undated].iloc[0]).strip()[:20]
        faults[undated] = (
            "date missing" if first in ("", "nan", "NaT", "None") else f"date not readable, such as {first!r}"
        )
    for name, valid in _checked(frame["ticker"]).items():
        if not valid:
            faults[frame["ticker"] == name] = _no_ticker(name)
    return faults


def _no_ticker(name: str) -> str:
    shown = repr(name if len(name) <= LONGEST_TICKER else f"{name[:20]}...")
    if len(name) > LONGEST_TICKER and valid_ticker(name[:LONGEST_TICKER]):
        return f"ticker longer than {LONGEST_TICKER} characters: {shown} has {len(name)}"
    return f"not a ticker: {shown}{_yahoo_spelling(name)}"


def _repeated(keyed: pd.DataFrame, numbers: list[str], table: Table) -> tuple[pd.Series, tuple[str, ...]]:
    """Return why a row repeats an earlier one, and a note on those that contradict it.

    Raises `SourceError` where what repeats is several tickers, or several bars of a session.
    """
    again = keyed.duplicated(["ticker", "session"])
    other = again & ~keyed.duplicated(["ticker", "session", *numbers])
    faults = pd.Series("session repeated", index=keyed.index[again], dtype=object)
    faults[keyed.index[other]] = CONFLICT
    if not other.any():
        return faults, ()
    row = keyed[other].iloc[0]
    first = f"{row['ticker']} on {row['session'].date()}"
    if not table.has_ticker_column:
        raise SourceError(
            f"{table.path} has no ticker column and {counted(int(other.sum()), 'row')} with other values for a date "
            f"that came before, first {row['session'].date()}: it is of several tickers. Name the column that tells "
            'them apart in files.columns, such as ticker = "Company", or leave one row a date.'
        )
    if other.mean() > MOST_CONFLICTS:
        raise SourceError(
            f"{table.path}: {int(other.sum())} of {len(keyed)} rows give other values for a session that came before, "
            f"first {first}. It holds several bars a session, or more than its ticker column tells apart."
        )
    note = (
        f"{table.path.name}: {int(other.sum())} of {len(table.frame)} rows give other values for a session that came "
        f"before, first {first}: the values that came first are kept."
    )
    return faults, (note,)


def _with_actions(bars: pd.DataFrame, actions: FileActions) -> pd.DataFrame:
    """Return bars and actions by ticker and session; a session of an action alone has no prices."""
    bars = bars.drop(columns=["splits", "date"], errors="ignore").assign(row=bars.index)
    rows = bars.merge(actions.events, on=["ticker", "session"], how="outer")
    rows = rows[rows["ticker"].isin(bars["ticker"].unique())]
    rows["is_bar"] = rows["row"].notna()
    rows["split"] = rows["split"].fillna(1.0)
    if "dividends" in rows:
        rows["dividends"] = rows["dividend"].fillna(0.0)
    rows["dividend"] = rows["dividend"].fillna(0.0)
    return rows.sort_values(["ticker", "session"], ignore_index=True).astype({"session": SESSION})


def _number_faults(numbers: Mapping[str, Numbers], rows: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """Return per row the first of its numbers that can't be read, in words; None where all can."""
    faults = pd.Series(None, index=rows.index, dtype=object)
    for name in reversed(names):
        found = rows["row"].map(numbers[name].faults.dropna())
        faults = faults.where(found.isna(), found)
    return faults


def _uncounted(column: Numbers, frame: pd.DataFrame, unkeyed: pd.Series) -> tuple[Dropped, ...]:
    """Return the cells of an optional column that can't be read; their rows stay."""
    faults = column.faults.where(unkeyed.isna())
    return count_dropped(STAGE, frame["ticker"], faults.where(faults.isna(), faults + " (the bar is kept)"))


def _later_splits(rows: pd.DataFrame) -> np.ndarray:
    """Return for each row the product of its ticker's splits after it."""
    products = []
    for _, group in rows.groupby("ticker", sort=False):
        splits = group[group["split"] != 1]
        products.append(later_splits(group["session"], dict(zip(splits["session"], splits["split"], strict=True))))
    return np.concatenate(products)


def _volume(volume: pd.Series, restated: np.ndarray) -> pd.Series:
    """Return shares as traded; whole ones where the file's own are whole, for coins are traded in fractions."""
    shares = volume / restated
    finite = volume[np.isfinite(volume)]
    return shares.round() if (finite == finite.round()).all() else shares


def _actions(rows: pd.DataFrame, dividends: pd.Series, *, last: pd.Timestamp) -> pd.DataFrame:
    splits = rows[rows["split"] != 1].assign(kind="split", value=rows["split"])
    events = pd.concat([splits, rows[dividends > 0].assign(kind="dividend", value=dividends)])
    return events[events["session"] <= last]


def _kinds(rows: pd.DataFrame, basis: Basis, table: Table) -> tuple[str, ...]:
    if basis == "adjusted":
        return ()
    dividends = ("dividend",) if "dividends" in rows or "adj_close" in rows else ()
    return ("split", *dividends) if "splits" in table.frame else dividends


def _dividend_note(rows: pd.DataFrame, basis: Basis, table: Table) -> tuple[str, ...]:
    if basis == "adjusted" or "dividends" in rows:
        return ()
    source = "implied by its adjusted closes" if "adj_close" in rows else "unknown"
    return (f"{table.path.name} states no dividends: they are {source}.",)


def _yahoo_spelling(name: str) -> str:
    """Return how Yahoo writes a share class that others write with a slash or a blank, in words."""
    written = re.sub(r"(?<=\w)[/ ](?=\w)", "-", name.upper())
    return f" (Yahoo writes {written})" if written != name and valid_ticker(written) else ""


def _volume_doubt(bars: pd.DataFrame, table: Table) -> tuple[str, ...]:
    silent = bars.groupby("ticker")["volume"].agg(["max", "size"])
    silent = silent[silent["max"] == 0]
    if silent.empty:
        return ()
    names = ", ".join(str(ticker) for ticker in silent.index[:5]) + "..." * (len(silent) > 5)
    return (
        f"{table.path.name}: {names} {'has' if len(silent) == 1 else 'have'} no volume in any of "
        f"{counted(int(silent['size'].sum()), 'bar')}, as indices and exchange rates have none, so nothing of "
        f"{'it' if len(silent) == 1 else 'them'} can be traded or forecast.",
    )


def _no_usable_bar(table: Table, dropped: tuple[Dropped, ...], foreign: Mapping[str, str]) -> SourceError:
    found = {drop.reason for drop in dropped}
    reasons = sorted(found - {OTHER_EXCHANGE}) + [f"{ticker}: {reason}" for ticker, reason in foreign.items()]
    if reasons == [NO_VOLUME]:
        return SourceError(
            f"{table.path} has no volume in any row, as indices and exchange rates have none; a bar without volume "
            "can't be traded. Import tickers that trade."
        )
    return SourceError(f"{table.path} holds no usable bar: {'; '.join(reasons)}.")
