"""When a filing was accepted: EDGAR's lists end each stamp in Z, and write New York's clock for part of the filers."""

import re
from typing import Final, Literal

import pandas as pd

Clock = Literal["utc", "new_york"]

NEW_YORK: Final = "America/New_York"
# Two services write down one event; hours are what tells their clocks apart.
SLACK: Final = pd.Timedelta(minutes=1)
EARLIEST_YEAR, LATEST_YEAR = 1990, 2199
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
# The page shows the header twice: in a comment, and escaped.
_HEADER = re.compile(r"(?:<|&lt;)ACCEPTANCE-DATETIME(?:>|&gt;)\s*(\d+)", re.ASCII)


def read_stamp(stamp: object) -> pd.Timestamp:
    """Return what stands before the Z of a list's stamp, tz-naive; raise `ValueError` for any other form.

    Examples
    --------
    >>> read_stamp("2025-05-01T16:21:59.000Z")
    Timestamp('2025-05-01 16:21:59')
    """
    # A guess at another form could be wrong by hours and look into the future.
    if not isinstance(stamp, str) or _STAMP.fullmatch(stamp) is None:
        raise ValueError("it is no stamp as EDGAR's lists write it")
    return _within_reach(pd.Timestamp(stamp).tz_localize(None))


def read_header(page: str, accession: str) -> pd.Timestamp:
    """Return New York's clock at the acceptance, tz-naive, of the page of a filing's header.

    Raises
    ------
    ValueError
        If it is another page or names no instant, or two.

    Examples
    --------
    >>> read_header("0001163302-25-000028 <ACCEPTANCE-DATETIME>20250501162159", "0001163302-25-000028")
    Timestamp('2025-05-01 16:21:59')
    """
    stamps = set(_HEADER.findall(page))
    if accession not in page or len(stamps) != 1:
        raise ValueError("it isn't the header of this filing with one instant of acceptance")
    (digits,) = stamps
    if len(digits) != 14:
        raise ValueError("its instant of acceptance has not the form YYYYMMDDHHMMSS")
    return _within_reach(pd.to_datetime(digits, format="%Y%m%d%H%M%S"))


def judge_clock(stamp: pd.Timestamp, header: pd.Timestamp) -> Clock | None:
    """Return which clock a list's stamp shows, by the header of the same filing; None is neither.

    Parameters
    ----------
    stamp, header : Timestamp, tz-naive
        Of `read_stamp` and `read_header`.

    Examples
    --------
    >>> header = pd.Timestamp("2025-05-01 16:21:59")
    >>> judge_clock(pd.Timestamp("2025-05-01 20:21:59"), header), judge_clock(header, header)
    ('utc', 'new_york')
    """
    if abs(stamp - header) < SLACK:
        return "new_york"
    # Of the hour that comes twice when the clock is set back, either may be meant.
    meant = (_localised(header, is_daylight=is_daylight) for is_daylight in (True, False))
    return "utc" if any(abs(stamp.tz_localize("UTC") - instant) < SLACK for instant in meant) else None


def accepted_at(stamp: pd.Timestamp, clock: Clock) -> pd.Timestamp:
    """Return the instant (UTC) of a stamp read by a clock; of two that it may mean, the later.

    Examples
    --------
    >>> stamp = pd.Timestamp("2024-11-03 01:30")
    >>> accepted_at(stamp, "utc").isoformat(), accepted_at(stamp, "new_york").isoformat()
    ('2024-11-03T01:30:00+00:00', '2024-11-03T06:30:00+00:00')
    """
    return stamp.tz_localize("UTC") if clock == "utc" else _localised(stamp, is_daylight=False)


def is_at_night(instant: pd.Timestamp) -> bool:
    """Return whether EDGAR, which is open from 6 to 22 o'clock in New York, was shut: the clock is doubtful.

    Examples
    --------
    >>> is_at_night(pd.Timestamp("2025-04-30T07:30:32Z")), is_at_night(pd.Timestamp("2025-04-30T11:30:32Z"))
    (True, False)
    """
    return not 6 <= instant.tz_convert(NEW_YORK).hour < 22


def _localised(wall: pd.Timestamp, *, is_daylight: bool) -> pd.Timestamp:
    # In the hour that is left out when the clock is set forward, a clock that wasn't set is the later reading.
    return wall.tz_localize(NEW_YORK, ambiguous=is_daylight, nonexistent=pd.Timedelta(hours=1)).tz_convert("UTC")


def _within_reach(stamp: pd.Timestamp) -> pd.Timestamp:
    if not EARLIEST_YEAR <= stamp.year <= LATEST_YEAR:
        raise ValueError("it lies out of reach")
    return stamp.as_unit("us")
