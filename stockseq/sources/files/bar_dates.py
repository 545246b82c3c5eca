"""Dates of bars as exports write them: filed under the date they name, whatever zone stands beside a midnight."""

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

import pandas as pd

from stockseq.errors import SourceError
from stockseq.sources.files.instants import read_days

DateOrder = Literal["DMY", "MDY"]
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?: .*)?")
_YEAR_LAST = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ ,T]+(\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?))?", re.IGNORECASE
)
_NAMED = ("%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%a, %b %d, %Y")


def read_dates(
    column: pd.Series, *, timezone: str, order: DateOrder | None = None, path: str = ""
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the date of each cell, with its time of day where the column is of times, and notes for the user.

    Stamps that are nearly all midnights are dates: each is filed under the date that it names, in whatever zone. Other
    stamps with a zone are moved to the exchange's.

    Parameters
    ----------
    column : Series of shape (n_rows,)
        ISO 8601, `20240603`, `06/03/2024`, `03.06.2024`, `03-Jun-2024`, `Jun 3, 2024`, an epoch, or timestamps.
    timezone : str
        Of the exchange.
    order : "DMY" or "MDY", optional
        Of dates with slashes or dashes that end in the year, where no row tells.
    path : str
        Names the file in errors.

    Returns
    -------
    (Series of shape (n_rows,), tuple of str)
        Naive timestamps; NaT where a cell is blank or can't be read.

    Raises
    ------
    SourceError
        If day and month can't be told apart.

    Examples
    --------
    >>> days, notes = read_dates(pd.Series(["12/30/2024", "01/02/2025"]), timezone="America/New_York")
    >>> days.dt.date.astype(str).tolist(), notes
    (['2024-12-30', '2025-01-02'], ('dates are read as month/day/year',))
    """
    days = read_days(column, exchange_timezone=timezone)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return days, ()
    texts = column.astype("str").str.strip()[days.isna()]
    others = pd.Series(texts.dropna().unique(), dtype=object)
    read, notes = _numbered(others, order, path)
    named = {text: _named(text) for text in others if text not in read}
    return days.fillna(pd.to_datetime(texts.map({**named, **read})).astype(days.dtype)), notes


def _numbered(texts: pd.Series, order: DateOrder | None, path: str) -> tuple[dict[str, pd.Timestamp], tuple[str, ...]]:
    """Return the dates that end in their year, by the one order of day and month that all of them admit."""
    found = {str(text): match for text in texts if (match := _YEAR_LAST.fullmatch(str(text)))}
    if not found:
        return {}, ()
    parts = pd.DataFrame({text: [int(match[1]), int(match[3]), int(match[4])] for text, match in found.items()}).T
    readings: dict[DateOrder, pd.Series] = {"DMY": _dates(parts, 0, 1), "MDY": _dates(parts, 1, 0)}
    valid = {name: days for name, days in readings.items() if days.notna().all()}
    if order is None and all(match[2] == "." for match in found.values()):
        order = "DMY"
    if order is None and len(valid) > 1 and not readings["DMY"].equals(readings["MDY"]):
        # Exchanges keep their weekends: an order that puts bars there is none.
        valid = {name: days for name, days in valid.items() if (days.dt.dayofweek < 5).all()} or valid
    if order is None and len(valid) != 1 and not readings["DMY"].equals(readings["MDY"]):
        first = next(iter(found))
        why = "no row tells which" if valid else "rows contradict each other"
        raise SourceError(
            f'{path}: dates such as {first} can be day/month or month/day, and {why}. Set files.date_order to "DMY" or '
            '"MDY".'
        )
    chosen: DateOrder = next(iter(valid), "MDY") if order is None else order
    words = "day/month/year" if chosen == "DMY" else "month/day/year"
    times = [pd.Timestamp(f"1970-01-01 {match[5] or '00:00'}") - pd.Timestamp("1970-01-01") for match in found.values()]
    return dict(zip(found, readings[chosen] + pd.to_timedelta(times), strict=True)), (f"dates are read as {words}",)


def _dates(parts: pd.DataFrame, day: int, month: int) -> pd.Series:
    columns = {"year": parts[2], "month": parts[month], "day": parts[day]}
    return pd.to_datetime(pd.DataFrame(columns), errors="coerce")


def _named(text: str) -> pd.Timestamp | None:
    """Return the date of a text that names its month, or begins with its year; None where it can't be read."""
    if match := _YEAR_FIRST.fullmatch(text):
        return _attempt(lambda: pd.Timestamp(year=int(match[1]), month=int(match[2]), day=int(match[3])))
    days = (_attempt(partial(pd.to_datetime, text, format=form)) for form in _NAMED)
    return next((day for day in days if day is not None), None)


def _attempt(read: Callable[[], pd.Timestamp]) -> pd.Timestamp | None:
    try:
        return read()
    except (ValueError, OverflowError):
        return None
