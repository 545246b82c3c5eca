"""Headlines that came before: the same ones under another id, and those that an earlier version stored too early."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stockseq.errors import StoreError, counted
from stockseq.headline_text import clean_text
from stockseq.results import Result
from stockseq.schemas import Headlines, as_headlines

# As versions before 0.4 wrote rows of files, whatever their preset; since then a preset is part of the source.
UNMARKED = "files"
LAYOUT = "fnspid"
_NEW_YORK = "America/New_York"
# By what FNSPID's stamps are too early in daylight and in standard time.
_TOO_EARLY = (pd.Timedelta(hours=8), pd.Timedelta(hours=10))
# Of the zones in which a date's midnight may have been named.
_OFFSETS = tuple(pd.Timedelta(hours=hours) for hours in range(-12, 15))
# A clock shows midnight once in 1,440 minutes.
_FEW_MIDNIGHTS, _SHARE_OF_MIDNIGHTS = 10, 0.1
# Of daylight and of standard time, before their clocks are compared, and by how much one reading must agree better.
_FEW_STAMPS, _BETTER = 50, 0.1


class ClockDoubts(Result):
    """How many stored headlines count too early, by what gives them away; 0 where nothing does.

    Parameters
    ----------
    n_midnights : int
        Dates in disguise that were stored as instants.
    n_shifted : int
        Stamps that keep New York's hours only if they are read as FNSPID's shifted clock.
    n_unmarked : int
        Rows of files from before presets were written down, where the settings name the preset fnspid.
    """

    n_midnights: int = 0
    n_shifted: int = 0
    n_unmarked: int = 0


def drop_stored(incoming: Headlines, stored: pd.DataFrame) -> Headlines:
    """Return the headlines that are not stored under another id, by source, ticker, text and stamp.

    Earlier versions made ids of landing pages, and kept entities and control codes in the text. The same story from
    another source is kept beside it.

    Examples
    --------
    >>> stamp = pd.Timestamp("2024-12-02T15:00Z")
    >>> row = {"headline_id": "new", "ticker": "T", "published_at": stamp, "first_seen_at": stamp, "date_only": False,
    ...        "text": "AT&T up", "publisher": "", "url": "", "source": "yahoo"}
    >>> incoming = as_headlines(pd.DataFrame([row]))
    >>> len(drop_stored(incoming, incoming.assign(headline_id="old", text="AT&amp;T up")))
    0
    """
    # One that is stored under its own id isn't stored again, whatever it says.
    incoming = as_headlines(incoming[~incoming["headline_id"].isin(stored["headline_id"])])
    if incoming.empty or stored.empty:
        return incoming
    near = stored[stored["published_at"].isin(incoming["published_at"])]
    known = set(zip(_family(near), near["ticker"], near["published_at"], near["text"].map(clean_text), strict=True))
    rows = zip(_family(incoming), incoming["ticker"], incoming["published_at"], incoming["text"], strict=True)
    return as_headlines(incoming[[row not in known for row in rows]])


def _family(headlines: pd.DataFrame) -> pd.Series:
    """Return each headline's source without its preset."""
    return headlines["source"].str.split(":").str[0]


def require_sound_clocks(incoming: Headlines, stored: pd.DataFrame) -> None:
    """Raise `StoreError` if the store has headlines of the same file at the earlier instants of a misread clock.

    Parameters
    ----------
    incoming : Headlines
        As they are read now.
    stored : Headlines
        An earlier version took midnights for instants, and FNSPID's clock for UTC.
    """
    old = stored[(stored["source"] == UNMARKED) & ~stored["date_only"]]
    if incoming.empty or old.empty:
        return
    stamps: dict[tuple[str, str], set[pd.Timestamp]] = {}
    for ticker, text, stamp in zip(old["ticker"], old["text"].map(clean_text), old["published_at"], strict=True):
        stamps.setdefault((ticker, text), set()).add(stamp)
    rows = zip(incoming["ticker"], incoming["text"], incoming["published_at"], _misreadings(incoming), strict=True)
    wrong = {
        (ticker, text, early): right
        for ticker, text, right, misread in rows
        for early in stamps.get((ticker, text), set()) & misread
    }
    if wrong:
        (ticker, _, early), right = min(wrong.items(), key=lambda pair: pair[0][2])
        raise StoreError(
            f"The store holds {counted(len(wrong), 'headline')} of these files at instants that are too early, first "
            f"{ticker} at {early:%Y-%m-%d %H:%M UTC}, known only at {right:%Y-%m-%d %H:%M UTC}: an earlier version "
            "took the file's clock at its word. Stored rows are never changed, so import bars and headlines anew into "
            "a folder of their own, such as DATA=data-2."
        )


def _misreadings(incoming: Headlines) -> Iterator[set[pd.Timestamp]]:
    """Yield for each headline the instants at which an earlier version may have stored it."""
    # The end of a day at any exchange falls on the same date in New York.
    dates = incoming["published_at"].dt.tz_convert(_NEW_YORK).dt.tz_localize(None).dt.normalize().dt.tz_localize("UTC")
    shifted = incoming["source"].str.endswith(f":{LAYOUT}")
    for stamp, date, date_only, is_shifted in zip(
        incoming["published_at"], dates, incoming["date_only"], shifted, strict=True
    ):
        if date_only:
            yield {date - offset for offset in _OFFSETS}
        else:
            yield {stamp - gap for gap in _TOO_EARLY} if is_shifted else set()


def find_clock_doubts(headlines: Headlines, *, preset: str = "none") -> ClockDoubts:
    """Return which stored headlines of files an earlier version read by a clock that lies.

    Parameters
    ----------
    headlines : Headlines
    preset : str, default="none"
        That of the settings.

    Examples
    --------
    >>> stamps = pd.to_datetime(["2023-09-15", "2023-09-18", "2023-09-19"] * 5, utc=True).as_unit("us")
    >>> rows = pd.DataFrame({"published_at": stamps, "date_only": False, "source": "files"})
    >>> rows["first_seen_at"] = pd.Series([None] * 15, dtype="datetime64[us, UTC]")
    >>> find_clock_doubts(rows)
    ClockDoubts(n_midnights=15, n_shifted=0, n_unmarked=0)
    """
    rows = headlines[(headlines["source"] == UNMARKED) & ~headlines["date_only"] & headlines["first_seen_at"].isna()]
    if rows.empty:
        return ClockDoubts()
    stamps = rows["published_at"]
    local = stamps.dt.tz_convert(_NEW_YORK).dt.tz_localize(None)
    n_midnights = max(int((clock == clock.dt.normalize()).sum()) for clock in (stamps.dt.tz_localize(None), local))
    disguised = n_midnights >= _FEW_MIDNIGHTS and n_midnights >= _SHARE_OF_MIDNIGHTS * len(rows)
    return ClockDoubts(
        n_midnights=n_midnights if disguised else 0,
        n_shifted=len(rows) if _keeps_shifted_hours(stamps, local) else 0,
        n_unmarked=len(rows) if preset == LAYOUT else 0,
    )


def _keeps_shifted_hours(stamps: pd.Series, local: pd.Series) -> bool:
    """Return whether the stamps keep the same hours in summer and winter once FNSPID's shift is undone, and not before.

    Newsrooms keep their own clock: read rightly, the hours of New York are the same all year; read as UTC, FNSPID's
    stamps move by two hours when the clock is set.
    """
    utc = stamps.dt.tz_localize(None)
    offset = local - utc
    is_daylight = offset == pd.Timedelta(hours=-4)
    if min(int(is_daylight.sum()), int((~is_daylight).sum())) < _FEW_STAMPS:
        return False
    as_stored = _overlap(local, is_daylight)
    return _overlap(utc - offset, is_daylight) > as_stored + _BETTER


def _overlap(clock: pd.Series, is_daylight: pd.Series) -> float:
    """Return the share of stamps whose hour the two halves of the year have in common; 1 is the same hours."""
    hours = clock.dt.hour.to_numpy()
    summer, winter = (
        np.bincount(hours[part.to_numpy()], minlength=24) / int(part.sum()) for part in (is_daylight, ~is_daylight)
    )
    return float(np.minimum(summer, winter).sum())
