"""Each stamp of a column as it is written: its wall clock, the zone that it names, and whether it is a bare date."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import numpy as np
import pandas as pd

NAIVE: Final = "datetime64[us]"
# Minutes; no place on earth is farther from UTC.
_LARGEST_OFFSET = 14 * 60
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
UNITS: Mapping[str, float] = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1.0, "nanoseconds": 1e-3}
_FIRST_EPOCH, _LAST_EPOCH = pd.Timestamp("1980-01-01"), pd.Timestamp("2101-01-01")
_FIRST_CLOCK, _LAST_CLOCK = pd.Timestamp("1700-01-01"), pd.Timestamp("9000-01-01")
# What most archives write, read a column at a time.
_PLAIN = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?: UTC|Z)?"


def parse_stamps(values: pd.Series) -> pd.DataFrame:
    """Return per stamp its wall clock, the offset that it names (NaT: none), bare, unreadable, and an epoch's unit."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _parse_times(values)
    if pd.api.types.is_string_dtype(values.dtype) and values.dtype != object:
        texts = values.astype("str").fillna("").str.strip()
    else:
        texts = pd.Series([_as_text(value) for value in values], index=values.index, dtype="str")
    # Distinct stamps are fewer, so parsing them once each is fast however long the file.
    distinct = pd.Series(texts.unique(), dtype="str")
    parsed = _parse_distinct(distinct)
    parsed = parsed.iloc[pd.Index(distinct).get_indexer(pd.Index(texts))].set_index(values.index)
    parsed["wall"] = _within_reach(parsed["wall"])
    parsed["bare"] &= parsed["wall"].notna()
    parsed["unreadable"] = parsed["wall"].isna() & ~texts.str.lower().isin(_BLANKS)
    return parsed


def _parse_distinct(texts: pd.Series) -> pd.DataFrame:
    plain = texts.str.fullmatch(_PLAIN).to_numpy(dtype=bool)
    walls = np.empty(len(texts), dtype=object)
    clocks = texts[plain]
    walls[plain] = (clocks.str.slice(0, 10) + " " + clocks.str.slice(11, 19)).to_numpy(dtype=object)
    minutes = np.zeros(len(texts))
    minutes[plain] = np.where(clocks.str.len() > len("2024-12-02 16:00:00"), 0.0, np.nan)
    bare, units = np.zeros(len(texts), dtype=bool), np.full(len(texts), None, dtype=object)
    for row in np.flatnonzero(~plain):
        walls[row], minutes[row], bare[row], units[row] = _parse_text(texts.iloc[row])
    return pd.DataFrame(
        {
            "wall": pd.to_datetime(walls, format="ISO8601", errors="coerce").astype(NAIVE),
            "offset": pd.to_timedelta(minutes, unit="m").astype("timedelta64[us]"),
            "bare": bare,
            "unit": units,
        }
    )


def _parse_times(values: pd.Series) -> pd.DataFrame:
    wall = (values if values.dt.tz is None else values.dt.tz_localize(None)).astype(NAIVE)
    offset = pd.Series(pd.NaT, index=values.index, dtype="timedelta64[us]")
    if values.dt.tz is not None:
        offset = wall - values.dt.tz_convert("UTC").dt.tz_localize(None).astype(NAIVE)
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
    for unit, microseconds in UNITS.items():
        n = int(whole) // 1000 if microseconds < 1 else int(whole) * int(microseconds)
        if microseconds > 1 and fraction:
            n += int(float(f"0.{fraction}") * microseconds)
        if _FIRST_EPOCH.value // 1000 <= n < _LAST_EPOCH.value // 1000:
            return pd.Timestamp(n, unit="us").isoformat(sep=" "), unit
    return None, None
