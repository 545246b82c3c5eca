"""What a column of stamps means: instants with their zone, bare dates, and the sessions that bars name."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import binom

from stockseq.errors import SourceError, counted, listed
from stockseq.printable import visible
from stockseq.schemas import INSTANT

_NAIVE: Final = "datetime64[us]"
_NO_OFFSET = pd.Timedelta(0)
# Minutes; no place on earth is farther from UTC.
_LARGEST_OFFSET = 14 * 60
_END_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
_BLANKS = frozenset({"", "nan", "nat", "none", "null", "<na>"})
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{4}/\d\d/\d\d|\d{8})"
    r"(?:[T ]\s*(?P<time>\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?|\d{4}(?:\d\d)?)"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?(?:\[[\w/+-]+\])?)?",
    re.ASCII | re.IGNORECASE,
)
_RFC_2822 = re.compile(
    r"(?:[a-z]{3},\s*)?\d{1,2}\s+[a-z]{3}\s+\d{4}\s+\d\d:\d\d(?::\d\d)?\s+"
    r"(?:GMT|UTC?|Z|[ECMP][SD]T|[+-]\d{4})(?:\s*\([\w ]+\))?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"(\d{9,19})(?:\.(\d+))?", re.ASCII)
# Microseconds of each unit, and the years that an epoch may lie in: no number is in reach of two units.
_UNITS: Mapping[str, float] = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1.0, "nanoseconds": 1e-3}
_FIRST_EPOCH, _LAST_EPOCH = pd.Timestamp("1980-01-01"), pd.Timestamp("2101-01-01")
_FIRST_CLOCK, _LAST_CLOCK = pd.Timestamp("1700-01-01"), pd.Timestamp("9000-01-01")
# A clock shows midnight once in 1,440 minutes; more midnights than one column of 10,000 has by chance are dates.
_MIDNIGHT, _CHANCE = 1 / 1440, 1e-4
_NEW_YORK = "America/New_York"
_DAYLIGHT, _STANDARD = pd.Timedelta(hours=-4), pd.Timedelta(hours=-5)


@dataclass(frozen=True)
class Instants:
    """A column of stamps, read.

    Parameters
    ----------
    instants : Series, UTC
        NaT where blank or unreadable.
    date_only : Series of bool
        Whether the stamp is a date, known at its end.
    unreadable : Series of bool
        Whether something stands there that can't be read.
    example : str
        The first of those, or "".
    notes : tuple of str
        What the user should know of the column.
    """

    instants: pd.Series
    date_only: pd.Series
    unreadable: pd.Series
    example: str
    notes: tuple[str, ...]


def read_instants(
    values: pd.Series, *, name: str, timezone: str | None, exchange_timezone: str, preset: str = "none"
) -> Instants:
    """Return instants of ISO 8601, RFC 2822, seconds, milli- or microseconds since 1970, and dates.

    More midnights than chance gives a clock, in the zone that they name, in UTC or at the exchange, are dates. Of
    the two instants that a clock shows when it is set back, the later is taken: a headline must not be early.

    Parameters
    ----------
    values : Series
        Text, numbers, dates or times.
    name : str
        File and column, for notes and errors.
    timezone : str or None
        Of stamps that name none; without it such stamps are refused.
    exchange_timezone : str
        A date is known at 23:59:59.999999 there.
    preset : str, default="none"
        "fnspid" and "kaggle_ratings" have clocks that are known to lie, and are put right.

    Raises
    ------
    SourceError
        For stamps that name no zone, or a zone that is none.

    Examples
    --------
    >>> stamps = pd.Series(["2024-07-01", "2024-07-01T09:30:00-04:00", "1719840600", "soon"])
    >>> read = read_instants(stamps, name="x.csv: date", timezone=None, exchange_timezone="America/New_York")
    >>> read.instants.dt.strftime("%m-%d %H:%M").fillna("").tolist(), read.date_only.tolist(), read.example
    (['07-02 03:59', '07-01 13:30', '07-01 13:30', ''], [True, False, False, False], 'soon')
    """
    stamps = _parse(values)
    stamps, clock_notes = _trust(stamps, preset, name)
    dates = _dates(stamps, exchange_timezone)
    stamps, midnight_note = _with_dates(stamps, dates, name, exchange_timezone)
    naive = stamps["wall"].notna() & ~stamps["bare"] & stamps["offset"].isna()
    if naive.any() and timezone is None:
        raise SourceError(
            f"{name} has stamps that name no time zone ({int(naive.sum())} of {len(stamps)}), first "
            f"{values[naive].iloc[0]}; set files.timezone, such as America/New_York or UTC."
        )
    instants = (stamps["wall"] - stamps["offset"]).astype(_NAIVE).dt.tz_localize("UTC").astype(INSTANT)
    instants[naive] = _localise(stamps.loc[naive, "wall"], "UTC" if timezone is None else timezone)
    instants[stamps["bare"]] = _localise(stamps.loc[stamps["bare"], "wall"] + _END_OF_DAY, exchange_timezone)
    notes = (*_unit_note(stamps["unit"], name), *clock_notes, *midnight_note)
    return Instants(instants, stamps["bare"], stamps["unreadable"], _example(values, stamps), notes)


def read_days(values: pd.Series, *, exchange_timezone: str) -> pd.Series:
    """Return the day that each stamp names: a midnight's own, whatever its zone, any other's clock at the exchange.

    Parameters
    ----------
    values : Series
        As in `read_instants`; a stamp without a zone names its own day.
    exchange_timezone : str

    Returns
    -------
    Series, tz-naive
        With the time of day where there is one; NaT where blank or unreadable.

    Examples
    --------
    >>> stamps = pd.Series(["2024-11-29", "2024-11-29T00:00:00Z", "2024-11-29 21:00:00+00:00"])
    >>> read_days(stamps, exchange_timezone="America/New_York").dt.strftime("%d %H:%M").tolist()
    ['29 00:00', '29 00:00', '29 16:00']
    """
    stamps = _parse(values)
    wall, offset = stamps["wall"], stamps["offset"]
    named = stamps["bare"] | offset.isna() | _is_midnight(wall)
    dates = _dates(stamps, exchange_timezone)
    there = (wall - offset).astype(_NAIVE).dt.tz_localize("UTC").dt.tz_convert(exchange_timezone).dt.tz_localize(None)
    return wall.where(named, dates.where(dates.notna(), there.astype(_NAIVE))).astype(_NAIVE)


def _parse(values: pd.Series) -> pd.DataFrame:
    """Return per stamp its wall clock, the offset that it names (NaT: none), bare, unreadable, and an epoch's unit."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _parse_times(values)
    texts = pd.Series([_as_text(value) for value in values], index=values.index, dtype="str")
    # Distinct stamps are fewer, so parsing them once each is fast however long the file.
    distinct = pd.Series(texts.unique())
    walls, minutes, bare, units = zip(*map(_parse_text, distinct), strict=True)
    parsed = pd.DataFrame(
        {
            "wall": pd.to_datetime(list(walls), format="ISO8601", errors="coerce").astype(_NAIVE),
            "offset": pd.to_timedelta(list(minutes), unit="m").astype("timedelta64[us]"),
            "bare": bare,
            "unit": units,
        }
    )
    parsed = parsed.iloc[pd.Index(distinct).get_indexer(pd.Index(texts))].set_index(values.index)
    parsed["wall"] = _within_reach(parsed["wall"])
    parsed["bare"] &= parsed["wall"].notna()
    parsed["unreadable"] = parsed["wall"].isna() & ~texts.str.lower().isin(_BLANKS)
    return parsed


def _parse_times(values: pd.Series) -> pd.DataFrame:
    wall = (values if values.dt.tz is None else values.dt.tz_localize(None)).astype(_NAIVE)
    offset = pd.Series(pd.NaT, index=values.index, dtype="timedelta64[us]")
    if values.dt.tz is not None:
        offset = wall - values.dt.tz_convert("UTC").dt.tz_localize(None).astype(_NAIVE)
    within = _within_reach(wall)
    unreadable = wall.notna() & within.isna()
    return pd.DataFrame({"wall": within, "offset": offset, "bare": False, "unit": None, "unreadable": unreadable})


def _within_reach(walls: pd.Series) -> pd.Series:
    """Return the clocks that have an instant in every zone: databases write 9999-12-31 for "never"."""
    return walls.where((walls >= _FIRST_CLOCK) & (walls < _LAST_CLOCK))


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else str(int(value)) if float(value).is_integer() else repr(float(value))
    return "" if value is None or value is pd.NaT or value is pd.NA else str(value)


def _parse_text(text: str) -> tuple[str | None, float, bool, str | None]:
    """Return wall clock, offset in minutes (NaN: none), bare date, and the unit of an epoch; no clock: unreadable."""
    if (iso := _ISO.fullmatch(text)) is not None:
        date, time, zone = iso["date"].replace("/", "-"), iso["time"], iso["zone"]
        if "-" not in date:
            date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        if time is None:
            return date, np.nan, True, None
        if ":" not in time:
            time = ":".join(time[start : start + 2] for start in range(0, len(time), 2))
        offset = _offset(zone)
        unreadable = abs(offset) > _LARGEST_OFFSET
        return None if unreadable else f"{date} {time.replace(',', '.')}", offset, False, None
    if _RFC_2822.fullmatch(text) is not None:
        return *_parse_rfc_2822(text), False, None
    if (number := _NUMBER.fullmatch(text)) is not None:
        wall, unit = _parse_epoch(number[1], number[2] or "")
        return wall, 0.0, False, unit
    return None, np.nan, False, None


def _offset(zone: str | None) -> float:
    if zone is None:
        return np.nan
    if zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return float(f"{zone[0]}1") * (60 * int(digits[:2]) + int(digits[2:]))


def _parse_rfc_2822(text: str) -> tuple[str | None, float]:
    try:
        stamp = parsedate_to_datetime(text.partition("(")[0])
    except ValueError:
        return None, np.nan
    # "-0000" says that the zone is not known.
    offset = stamp.utcoffset()
    return stamp.replace(tzinfo=None).isoformat(sep=" "), np.nan if offset is None else offset.total_seconds() / 60


def _parse_epoch(whole: str, fraction: str) -> tuple[str | None, str | None]:
    for unit, microseconds in _UNITS.items():
        n = int(whole) // 1000 if microseconds < 1 else int(whole) * int(microseconds)
        if microseconds > 1 and fraction:
            n += int(float(f"0.{fraction}") * microseconds)
        if _FIRST_EPOCH.value // 1000 <= n < _LAST_EPOCH.value // 1000:
            return pd.Timestamp(n, unit="us").isoformat(sep=" "), unit
    return None, None


def _trust(stamps: pd.DataFrame, preset: str, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the stamps with the clocks of a preset put right, and what was done."""
    if preset == "fnspid":
        return _undo_fnspid(stamps, name)
    if preset == "kaggle_ratings":
        return _undo_fixed_offset(stamps, name)
    return stamps, ()


def _undo_fnspid(stamps: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """New York's offset was added where it is to be taken away, and the result called UTC."""
    wall, offset = stamps["wall"], stamps["offset"]
    wrong = wall.notna() & ~stamps["bare"] & (offset.isna() | (offset == _NO_OFFSET))
    midnight = wrong & _is_midnight(wall)
    shifted = wrong & ~midnight
    later = {gap: (wall - 2 * gap).dt.tz_localize("UTC") for gap in (_DAYLIGHT, _STANDARD)}
    # In an hour that could be either, the later instant is taken.
    is_standard = _new_york_offset(later[_STANDARD]) == _STANDARD
    is_daylight = ~is_standard & (_new_york_offset(later[_DAYLIGHT]) == _DAYLIGHT)
    right = pd.Series(_STANDARD, index=stamps.index).where(~is_daylight, _DAYLIGHT).astype("timedelta64[us]")
    fixed = stamps.assign(
        wall=wall.where(~shifted, wall - right), offset=offset.where(~shifted, right), bare=stamps["bare"] | midnight
    )
    done = [
        f"{counted(int(shifted.sum()), 'stamp')} read 8 hours later in daylight time and 10 in standard time",
        f"{counted(int(midnight.sum()), 'midnight')} as dates",
    ]
    done = [words for words, rows in zip(done, (shifted, midnight), strict=True) if rows.any()]
    note = f"{name}: FNSPID's clock is New York's with its offset added the wrong way: {listed(done or [''])}."
    return fixed, (note,) if done else ()


def _undo_fixed_offset(stamps: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Kaggle's set writes -04:00 in winter, too, where New York's clock is meant or an hour is lost."""
    named = stamps["offset"] == _DAYLIGHT
    there = (stamps["wall"] - _STANDARD).dt.tz_localize("UTC")
    doubtful = named & (_new_york_offset(there) == _STANDARD)
    fixed = stamps.assign(offset=stamps["offset"].where(~doubtful, _STANDARD).astype("timedelta64[us]"))
    note = (
        f"{name}: -04:00 stands in New York's standard time in {counted(int(doubtful.sum()), 'stamp')}: read as "
        "-05:00, the later instant."
    )
    return fixed, (note,) if doubtful.any() else ()


def _new_york_offset(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_convert(_NEW_YORK).dt.tz_localize(None) - instants.dt.tz_localize(None)


def _dates(stamps: pd.DataFrame, exchange_timezone: str) -> pd.Series:
    """Return the date of each stamp with a clock that is a date all the same, NaT for any other.

    A stamp that was moved to another zone shows its midnight there no more, but in UTC or at the exchange.
    """
    clocked = stamps["wall"].notna() & ~stamps["bare"]
    utc = (stamps["wall"] - stamps["offset"]).astype(_NAIVE)
    there = utc.dt.tz_localize("UTC").dt.tz_convert(exchange_timezone).dt.tz_localize(None)
    dates = pd.Series(pd.NaT, index=stamps.index, dtype=_NAIVE)
    for reading in (stamps["wall"], utc, there.astype(_NAIVE)):
        midnights = clocked & dates.isna() & _is_midnight(reading)
        n, total = int(midnights.sum()), int(clocked.sum())
        # A single midnight is a time.
        if 2 * n > total or (n > 1 and binom.sf(n - 1, total, _MIDNIGHT) < _CHANCE):
            dates = dates.where(~midnights, reading)
    return dates


def _with_dates(
    stamps: pd.DataFrame, dates: pd.Series, name: str, exchange_timezone: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    found = dates.notna()
    n, total = int(found.sum()), int((stamps["wall"].notna() & ~stamps["bare"]).sum())
    if not n:
        return stamps, ()
    note = (
        f"{name}: {n:,} of {total:,} times are midnights, so these are dates, known at the end of their day in "
        f"{exchange_timezone}."
    )
    return stamps.assign(wall=stamps["wall"].where(~found, dates), bare=stamps["bare"] | found), (note,)


def _is_midnight(times: pd.Series) -> pd.Series:
    return times == times.dt.normalize()


def _localise(times: pd.Series, timezone: str) -> pd.Series:
    try:
        local = times.dt.tz_localize(timezone, ambiguous=np.zeros(len(times), dtype=bool), nonexistent="shift_forward")
    except (KeyError, ValueError, AttributeError, OSError) as error:
        raise SourceError(f"There is no time zone {timezone!r}; write one such as America/New_York or UTC.") from error
    return local.dt.tz_convert("UTC").astype(INSTANT)


def _unit_note(units: pd.Series, name: str) -> tuple[str, ...]:
    counts = Counter(units.dropna())
    if not counts:
        return ()
    words = listed([f"{unit} ({counts[unit]:,})" for unit in _UNITS if counts[unit]])
    return (f"{name}: numbers are read as {words} since 1970.",)


def _example(values: pd.Series, stamps: pd.DataFrame) -> str:
    return visible(str(values[stamps["unreadable"]].iloc[0])[:40]) if stamps["unreadable"].any() else ""
