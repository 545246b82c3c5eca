"""What a column of stamps means: instants with their zone, bare dates, and the sessions that bars name."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from stockseq.errors import SourceError, counted, listed
from stockseq.schemas import INSTANT
from stockseq.sources.files.stamp_facts import ColumnFacts, find_midnights, measure
from stockseq.sources.files.stamps import NAIVE, UNITS, parse_stamps

_NO_OFFSET: Final = pd.Timedelta(0)
_END_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
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
    values: pd.Series,
    *,
    name: str,
    timezone: str | None,
    exchange_timezone: str,
    preset: str = "none",
    facts: ColumnFacts | None = None,
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
    facts : ColumnFacts, optional
        Of the whole column, where `values` are a part of it; see `measure_column`.

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
    stamps, done = _trust(parse_stamps(values), preset)
    if facts is None:
        facts = measure(values, stamps, exchange_timezone, done=done)
    if facts.n_naive and timezone is None:
        raise SourceError(
            f"{name} has stamps that name no time zone ({facts.n_naive} of {facts.n_rows}), first "
            f"{facts.first_naive}; set files.timezone, such as America/New_York or UTC."
        )
    dates = find_midnights(stamps, exchange_timezone, facts.are_dates)
    stamps = stamps.assign(wall=stamps["wall"].where(dates.isna(), dates), bare=stamps["bare"] | dates.notna())
    naive = stamps["wall"].notna() & ~stamps["bare"] & stamps["offset"].isna()
    instants = (stamps["wall"] - stamps["offset"]).astype(NAIVE).dt.tz_localize("UTC").astype(INSTANT)
    instants[naive] = _localise(stamps.loc[naive, "wall"], "UTC" if timezone is None else timezone)
    instants[stamps["bare"]] = _localise(stamps.loc[stamps["bare"], "wall"] + _END_OF_DAY, exchange_timezone)
    notes = (
        *_unit_note(facts.units, name),
        *_clock_notes(facts, name),
        *_midnight_note(facts, name, exchange_timezone),
    )
    return Instants(instants, stamps["bare"], stamps["unreadable"], facts.example, notes)


def measure_column(
    values: pd.Series, *, weights: np.ndarray, exchange_timezone: str, preset: str = "none"
) -> ColumnFacts:
    """Return what must be known of a whole column before any of its stamps can be read, of a part of it.

    Parameters
    ----------
    values : Series
        Distinct stamps of the part, in the order in which they first stand there.
    weights : array of int
        How often each stands there.
    exchange_timezone, preset : str
        As for `read_instants`.

    Examples
    --------
    >>> zone = {"exchange_timezone": "America/New_York"}
    >>> stamps = pd.Series(["2024-07-01T00:00:00Z", "2024-07-02T00:00:00Z", "2024-07-02T15:20:00Z"])
    >>> facts = measure_column(stamps[:1], weights=np.array([2]), **zone)
    >>> facts += measure_column(stamps[1:], weights=np.array([1, 1]), **zone)
    >>> facts.n_rows, facts.are_dates, facts.n_dates
    (4, (True, False, False), 3)
    """
    stamps, done = _trust(parse_stamps(values), preset)
    return measure(values, stamps, exchange_timezone, weights=weights, done=done)


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
    stamps = parse_stamps(values)
    wall, offset = stamps["wall"], stamps["offset"]
    named = stamps["bare"] | offset.isna() | _is_midnight(wall)
    dates = find_midnights(stamps, exchange_timezone, measure(values, stamps, exchange_timezone).are_dates)
    there = (wall - offset).astype(NAIVE).dt.tz_localize("UTC").dt.tz_convert(exchange_timezone).dt.tz_localize(None)
    return wall.where(named, dates.where(dates.notna(), there.astype(NAIVE))).astype(NAIVE)


def _trust(stamps: pd.DataFrame, preset: str) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Return the stamps with the clocks of a preset put right, and which of them were changed, by how."""
    if preset == "fnspid":
        return _undo_fnspid(stamps)
    if preset == "kaggle_ratings":
        return _undo_fixed_offset(stamps)
    return stamps, {}


def _undo_fnspid(stamps: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
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
    return fixed, {"fnspid shifted": shifted, "fnspid midnight": midnight}


def _undo_fixed_offset(stamps: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Kaggle's set writes -04:00 in winter, too, where New York's clock is meant or an hour is lost."""
    named = stamps["offset"] == _DAYLIGHT
    there = (stamps["wall"] - _STANDARD).dt.tz_localize("UTC")
    doubtful = named & (_new_york_offset(there) == _STANDARD)
    fixed = stamps.assign(offset=stamps["offset"].where(~doubtful, _STANDARD).astype("timedelta64[us]"))
    return fixed, {"kaggle doubtful": doubtful}


def _clock_notes(facts: ColumnFacts, name: str) -> tuple[str, ...]:
    n_shifted, n_midnights = facts.done["fnspid shifted"], facts.done["fnspid midnight"]
    done = [
        *(
            [f"{counted(n_shifted, 'stamp')} read 8 hours later in daylight time and 10 in standard time"]
            if n_shifted
            else []
        ),
        *([f"{counted(n_midnights, 'midnight')} as dates"] if n_midnights else []),
    ]
    notes = (
        [f"{name}: FNSPID's clock is New York's with its offset added the wrong way: {listed(done)}."] if done else []
    )
    if n_doubtful := facts.done["kaggle doubtful"]:
        notes.append(
            f"{name}: -04:00 stands in New York's standard time in {counted(n_doubtful, 'stamp')}: read as -05:00, the "
            "later instant."
        )
    return tuple(notes)


def _new_york_offset(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_convert(_NEW_YORK).dt.tz_localize(None) - instants.dt.tz_localize(None)


def _midnight_note(facts: ColumnFacts, name: str, exchange_timezone: str) -> tuple[str, ...]:
    if not facts.n_dates:
        return ()
    return (
        f"{name}: {facts.n_dates:,} of {facts.n_clocked:,} times are midnights, so these are dates, known at the end "
        f"of their day in {exchange_timezone}.",
    )


def _is_midnight(times: pd.Series) -> pd.Series:
    return times == times.dt.normalize()


def _localise(times: pd.Series, timezone: str) -> pd.Series:
    try:
        local = times.dt.tz_localize(timezone, ambiguous=np.zeros(len(times), dtype=bool), nonexistent="shift_forward")
    except (KeyError, ValueError, AttributeError, OSError) as error:
        raise SourceError(f"There is no time zone {timezone!r}; write one such as America/New_York or UTC.") from error
    return local.dt.tz_convert("UTC").astype(INSTANT)


def _unit_note(counts: Counter[str], name: str) -> tuple[str, ...]:
    if not counts:
        return ()
    words = listed([f"{unit} ({counts[unit]:,})" for unit in UNITS if counts[unit]])
    return (f"{name}: numbers are read as {words} since 1970.",)
