"""Splits and dividends of a price file: read in every spelling, and counted at a session whatever row names them."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.errors import counted
from stockseq.schemas import PRICES, SESSION, Dropped, count_dropped
from stockseq.sessions import TradingCalendar

STAGE = "read bars"
_RATIO = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?::|/|-?\s*for\s*-?|-|old\s*to)\s*(\d+(?:\.\d+)?)(?:\s*(?:stock\s*)?split)?", re.IGNORECASE
)


@dataclass(frozen=True)
class FileActions:
    """What a file's rows say of splits and dividends.

    Parameters
    ----------
    events : DataFrame of ticker, session, split, dividend
        One row per ticker and session; a split of 1 and a dividend of 0 are none.
    dropped : tuple of Dropped
    notes : tuple of str
    """

    events: pd.DataFrame
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


def read_ratios(column: pd.Series) -> pd.Series:
    """Return a column of splits with `3:2`, `3/2` and `3-for-2` as numbers; other cells stay as they are.

    Examples
    --------
    >>> read_ratios(pd.Series(["3:2", "1/10", "3-for-2", "1.5", ""])).tolist()
    [1.5, 0.1, 1.5, '1.5', '']
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return column.astype(object).map(_ratio)


def place_actions(frame: pd.DataFrame, calendar: TradingCalendar, *, name: str) -> FileActions:
    """Gather the splits and dividends of all rows, each at its session or at the next one.

    Parameters
    ----------
    frame : DataFrame of ticker, session (any date), open, high, low, close, and where there are splits, dividends
        Rows with a ticker and a date; numbers.
    calendar : TradingCalendar
    name : str
        Of the file.

    Returns
    -------
    FileActions
        An action on a weekend or holiday counts at the next session. Of two values for one date the first counts.
    """
    events: list[pd.DataFrame] = []
    dropped: list[Dropped] = []
    notes: list[str] = []
    for column, kind, none in (("splits", "split", 1.0), ("dividends", "dividend", 0.0)):
        if column not in frame:
            continue
        values = frame[column].fillna(none)
        values = values.where(values != 0, none)
        bad = (values < 0) | ~np.isfinite(values)
        dropped += count_dropped(STAGE, frame.loc[bad, "ticker"], f"{kind} negative or infinite (the bar is kept)")
        acts = (values != none) & ~bad
        # An empty frame would grow a row for a series that is longer.
        stated = frame.loc[acts, ["ticker", "session"]].assign(kind=kind, value=values[acts])
        repeated = stated.duplicated(["ticker", "session"])
        other = repeated & ~stated.duplicated(["ticker", "session", "value"])
        dropped += count_dropped(STAGE, stated.loc[other, "ticker"], f"{kind} repeated with another value")
        events.append(stated[~repeated])
    listed = pd.concat([rows for rows in events if len(rows)] or [_empty()], ignore_index=True)
    if listed.empty:
        return FileActions(_empty(), tuple(dropped), ())
    listed = listed.astype({"session": SESSION})
    beyond = (listed["session"] > calendar.sessions[-1]).to_numpy()
    dropped += count_dropped(STAGE, listed.loc[beyond, "ticker"], "split or dividend beyond the calendar")
    listed = listed[~beyond].assign(named=lambda rows: rows["session"])
    listed["session"] = calendar.sessions[calendar.sessions.searchsorted(listed["named"].to_numpy())]
    moved = listed[listed["session"] != listed["named"]]
    if len(moved):
        row = moved.iloc[0]
        notes.append(
            f"{name}: {counted(len(moved), 'action')} on a date that is no session of {calendar.exchange} counted at "
            f"the next one, first the {row['kind']} of {row['value']:g} of {row['ticker']}: {row['named'].date()} "
            f"counts at {row['session'].date()}."
        )
    keys = [listed["ticker"], listed["session"]]
    splits = listed["value"].where(listed["kind"] == "split", 1.0).groupby(keys).prod()
    dividends = listed["value"].where(listed["kind"] == "dividend", 0.0).groupby(keys).sum()
    placed = pd.DataFrame({"split": splits, "dividend": dividends}).reset_index()
    return FileActions(placed, tuple(dropped), tuple(notes))


def is_action_alone(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows hold a split or a dividend and no price: they are no bars, and none is missing."""
    acts = pd.Series(False, index=frame.index)
    for column, nothing in (("splits", (0.0, 1.0)), ("dividends", (0.0,))):
        if column in frame:
            acts |= frame[column].notna() & ~frame[column].isin(nothing)
    return acts & frame[PRICES].isna().all(axis=1)


def _empty() -> pd.DataFrame:
    columns = {"ticker": "str", "session": "datetime64[us]", "split": "float64", "dividend": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def _ratio(cell: object) -> object:
    match = _RATIO.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if match is None or float(match[2]) == 0:
        return cell
    return float(match[1]) / float(match[2])
