"""Dates of bars as exports write them: filed under the date they name, whatever zone stands beside a midnight."""

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

import pandas as pd

from stockseq.errors import SourceError

DateOrder = Literal["DMY", "MDY"]
# Of the stamps that name a time: so many midnights make dates of all of them.
MOSTLY = 0.95
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d.*)?")
_ZONE = re.compile(r"\d\d:\d\d.*?\s*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$")
_COMPACT = re.compile(r"(?:19|20)\d{6}")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?: .*)?")
_YEAR_LAST = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ ,T]+(\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?))?", re.IGNORECASE
)
_NAMED = ("%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%a, %b %d, %Y")
_UNITS = (("s", 1e8, 1e10), ("ms", 1e11, 1e13), ("us", 1e14, 1e16), ("ns", 1e17, 1e19))


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
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _in_zone(column, timezone), ()
    texts = column.astype("str").str.strip().str.removesuffix(".0")
    distinct = pd.Series(texts.dropna().unique(), dtype=object)
    iso = distinct.map(lambda text: _ISO.fullmatch(text) is not None)
    read: dict[str, pd.Timestamp | None] = {**_iso(distinct[iso.astype(bool)], timezone)}
    others = distinct[~iso.astype(bool)]
    numbered, notes = _numbered(others, order, path)
    for text in others:
        read[text] = numbered[text] if text in numbered else _otherwise(text, timezone)
    return pd.to_datetime(texts.map(read)).astype("datetime64[us]"), notes


def _in_zone(stamps: pd.Series, timezone: str) -> pd.Series:
    if stamps.dt.tz is not None:
        wall = stamps.dt.tz_localize(None)
        stamps = wall if _mostly_midnights(wall) else stamps.dt.tz_convert(timezone).dt.tz_localize(None)
    return stamps.astype("datetime64[us]")


def _mostly_midnights(wall: pd.Series) -> bool:
    known = wall.dropna()
    return bool((known == known.dt.normalize()).mean() >= MOSTLY) if len(known) else True


def _iso(texts: pd.Series, timezone: str) -> dict[str, pd.Timestamp]:
    """Return the dates of ISO stamps: the written clock where midnights prevail, else that of the exchange."""
    aware = texts.map(lambda text: _ZONE.search(text) is not None).astype(bool)
    plain = texts.str.replace(r"\s*(?:Z|UTC|GMT|(?<=\d)[+-]\d\d(?::?\d\d)?)$", "", regex=True).where(aware, texts)
    wall = pd.to_datetime(plain, format="ISO8601", errors="coerce")
    if aware.any() and not _mostly_midnights(wall[aware]):
        zoned = texts[aware].str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
        instants = pd.to_datetime(zoned, format="ISO8601", utc=True, errors="coerce")
        wall = wall.where(~aware, instants.dt.tz_convert(timezone).dt.tz_localize(None))
    return dict(zip(texts, wall, strict=True))


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


def _otherwise(text: str, timezone: str) -> pd.Timestamp | None:
    """Return the date of a text that is neither ISO nor day and month by number; None where it can't be read."""
    if _COMPACT.fullmatch(text):
        return _attempt(lambda: pd.to_datetime(text, format="%Y%m%d"))
    if match := _YEAR_FIRST.fullmatch(text):
        return _attempt(lambda: pd.Timestamp(year=int(match[1]), month=int(match[2]), day=int(match[3])))
    if re.fullmatch(r"\d{9,19}", text):
        unit = next((unit for unit, low, high in _UNITS if low <= int(text) < high), None)
        instant = None if unit is None else _attempt(lambda: pd.Timestamp(int(text), unit=unit, tz="UTC"))
        if instant is None or instant == instant.normalize():
            return None if instant is None else instant.tz_localize(None)
        return instant.tz_convert(timezone).tz_localize(None)
    days = (_attempt(partial(pd.to_datetime, text, format=form)) for form in _NAMED)
    return next((day for day in days if day is not None), None)


def _attempt(read: Callable[[], pd.Timestamp]) -> pd.Timestamp | None:
    try:
        return read()
    except (ValueError, OverflowError):
        return None
