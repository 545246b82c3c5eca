"""Exchange sessions, decision instants, and the map from an instant to the session it decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stockseq.errors import SettingsError
from stockseq.printable import shown
from stockseq.schemas import INSTANT, SESSION

if TYPE_CHECKING:
    import exchange_calendars

# A bar is final this long after the close: late prints and the vendor's own settling.
CLOSE_LAG = pd.Timedelta(minutes=30)
FIRST_SESSION = pd.Timestamp("1980-01-02")
LAST_SESSION = pd.Timestamp("2030-12-31")


@dataclass(frozen=True)
class DecisionPolicy:
    """When the forecast of a session is fixed: `before_open(30)`, `after_close(30)` or `close_minus(15)`.

    Examples
    --------
    >>> DecisionPolicy.parse("before_open(30)")
    DecisionPolicy(kind='before_open', minutes=30)
    """

    kind: Literal["before_open", "after_close", "close_minus"] = "before_open"
    minutes: int = 30

    @classmethod
    def parse(cls, text: str) -> DecisionPolicy:
        """Read the form used in settings; raise `SettingsError` for anything else."""
        match = re.fullmatch(r"(before_open|after_close|close_minus)\((\d{1,4})\)", text.strip(), re.ASCII)
        if match is None:
            raise SettingsError(
                f"A decision policy reads before_open(30), after_close(30) or close_minus(15), received {shown(text)}."
            )
        kind, minutes = match[1], int(match[2])
        least, or_else = {
            "before_open": (30, "orders miss the auction's cut-off"),
            "after_close": (int(CLOSE_LAG.total_seconds()) // 60, "the session's bar is not final yet"),
            "close_minus": (15, "orders miss the auction's cut-off"),
        }[kind]
        if minutes < least:
            raise SettingsError(f"{kind} needs at least {least} minutes, or {or_else}; received {minutes}.")
        return cls(kind, minutes)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.kind}({self.minutes})"


@dataclass(frozen=True)
class TradingCalendar:
    """The sessions of one exchange between two explicit dates.

    Parameters
    ----------
    exchange : str
        A code of exchange_calendars, such as "XNYS".
    first, last : Timestamp, tz-naive
        Explicit, because the library's own default bounds move with the wall clock.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> calendar.next_session(pd.Timestamp("2024-11-27")).date().isoformat()
    '2024-11-29'
    """

    exchange: str = "XNYS"
    first: pd.Timestamp = FIRST_SESSION
    last: pd.Timestamp = LAST_SESSION

    @classmethod
    def until(
        cls, now: pd.Timestamp, *, exchange: str = "XNYS", first: pd.Timestamp = FIRST_SESSION
    ) -> TradingCalendar:
        """Return the calendar from `first` to 100 days beyond `now` (tz-aware), where the longest trade ends.

        It begins later or ends sooner where the exchange's holidays are not known so far.

        Raises
        ------
        SettingsError
            If no such exchange is known, or none of its sessions after `now`.
        """
        import exchange_calendars

        today = now.tz_convert("UTC").tz_localize(None).normalize()
        calendar = cls(exchange, first, today + pd.Timedelta(days=100))
        if not len(calendar.sessions) or calendar.sessions[-1] <= today:
            known = f"from {calendar.sessions[0].date()} to {calendar.sessions[-1].date()}"
            raise SettingsError(
                f"The sessions of {exchange} are known {known} only (exchange_calendars "
                f"{exchange_calendars.__version__}), and a forecast of {today.date()} needs the next one. Install a "
                "newer exchange_calendars, or choose another `now`."
            )
        return calendar

    @cached_property
    def schedule(self) -> pd.DataFrame:
        """Open and close (UTC) by session; index `session`, tz-naive."""
        schedule = self._library_calendar.schedule.loc[self.first : self.last, ["open", "close"]].astype(INSTANT)
        schedule.index = pd.DatetimeIndex(schedule.index).astype(SESSION).rename("session")
        return schedule

    @cached_property
    def sessions(self) -> pd.DatetimeIndex:
        """All sessions, tz-naive, ascending."""
        return pd.DatetimeIndex(self.schedule.index)

    @property
    def timezone(self) -> str:
        """The exchange's time zone, such as America/New_York."""
        return str(self._library_calendar.tz)

    def date_faults(self, dates: pd.Series) -> pd.Series:
        """Return why each date (tz-naive) is no session; missing where it is one, and for NaT.

        Examples
        --------
        >>> calendar = TradingCalendar("XNYS", pd.Timestamp("1980-01-02"), pd.Timestamp("1980-12-31"))
        >>> calendar.date_faults(pd.to_datetime(pd.Series(["1979-12-31", "1980-01-05", "1980-01-07"]))).tolist()
        ['before 1980, where the calendar of XNYS begins', 'not a session of XNYS', nan]
        """
        first = self.sessions[0]
        begins = f"{first:%Y}" if first.dayofyear < 10 else f"{first:%Y-%m-%d}"
        faults = pd.Series(None, index=dates.index, dtype=object)
        faults[dates.notna() & ~dates.isin(self.sessions)] = f"not a session of {self.exchange}"
        faults[dates < first] = f"before {begins}, where the calendar of {self.exchange} begins"
        return faults

    def opens_at(self, session: pd.Timestamp) -> pd.Timestamp:
        """Return the instant (UTC) at which a session opens."""
        return pd.Timestamp(self.schedule["open"][session])

    def next_session(self, session: pd.Timestamp) -> pd.Timestamp:
        """Return the first session after `session` (which need not be one itself)."""
        return self._at(int(self.sessions.searchsorted(session, side="right")), session)

    def previous_session(self, session: pd.Timestamp) -> pd.Timestamp:
        """Return the last session before `session`."""
        return self._at(int(self.sessions.searchsorted(session, side="left")) - 1, session)

    def next_sessions(self, sessions: pd.Series) -> pd.Series:
        """Return for each session the one after it; raise `ValueError` beyond the calendar."""
        positions = self.sessions.searchsorted(sessions.to_numpy(), side="right")
        if len(positions) and positions.max() >= len(self.sessions):
            raise ValueError(f"The calendar ends on {self.sessions[-1].date()}; extend it beyond {sessions.max()}.")
        return pd.Series(self.sessions[positions], index=sessions.index, dtype=SESSION)

    def between(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
        """Return the sessions from `first` to `last`, both included."""
        return self.sessions[(self.sessions >= first) & (self.sessions <= last)]

    def last_final_session(self, now: pd.Timestamp) -> pd.Timestamp:
        """Return the newest session whose bar can't change any more at `now` (tz-aware)."""
        final_at = self.schedule["close"] + CLOSE_LAG
        return self._at(int(final_at.searchsorted(now, side="right")) - 1, now)

    def decision_at(self, policy: DecisionPolicy) -> pd.Series:
        """Return the decision instant (UTC) of each session.

        For `after_close` the decision of session s falls after its own close and is traded the next session;
        for the others it falls before s is traded.
        """
        minutes = pd.Timedelta(minutes=policy.minutes)
        opens, closes = self.schedule["open"], self.schedule["close"]
        instants = {
            "before_open": opens - minutes,
            "after_close": closes + minutes,
            "close_minus": closes - minutes,
        }[policy.kind]
        return instants.astype(INSTANT).rename("decision_at")

    def decided_session(self, available_at: pd.Series, policy: DecisionPolicy) -> pd.Series:
        """Map each instant to the session of the first decision that may use it.

        Parameters
        ----------
        available_at : Series of UTC instants
            An instant equal to a decision counts as known at it.

        Returns
        -------
        Series of sessions
            NaT outside the calendar (never clipped) and where the instant is NaT.
        """
        decisions = self.decision_at(policy)
        instants = pd.DatetimeIndex(available_at).tz_convert("UTC")
        positions = decisions.searchsorted(instants, side="left")
        # The window of a decision starts at the one before it, which the first one of the calendar doesn't have.
        inside = (positions > 0) & (positions < len(decisions)) & instants.notna()
        sessions = np.full(len(instants), np.datetime64("NaT", "us"))
        sessions[inside] = self.sessions.to_numpy()[positions[inside]]
        return pd.Series(sessions, index=available_at.index, dtype=SESSION, name="session")

    @property
    def _library_calendar(self) -> exchange_calendars.ExchangeCalendar:
        """The library's calendar until the end of the next year, which serves every other day of this one too."""
        begins, ends = min(self.first, FIRST_SESSION), pd.Timestamp(self.last.year + 1, 12, 31)
        try:
            years = _exchange(self.exchange, begins, ends)
        except SettingsError:
            # What is said names the dates that were asked for.
            return _exchange(self.exchange, self.first, self.last)
        inside = years.sessions.slice_indexer(self.first, self.last)
        return years if len(years.sessions[inside]) else _exchange(self.exchange, self.first, self.last)

    def _at(self, position: int, asked: pd.Timestamp) -> pd.Timestamp:
        if not 0 <= position < len(self.sessions):
            raise ValueError(
                f"The calendar holds sessions from {self.sessions[0].date()} to {self.sessions[-1].date()}; {asked} "
                "leads outside it."
            )
        return self.sessions[position]


# Working out the holidays takes half a second, and one run asks for the same calendar many times.
@lru_cache(maxsize=16)
def _exchange(code: str, first: pd.Timestamp, last: pd.Timestamp) -> exchange_calendars.ExchangeCalendar:
    import exchange_calendars

    try:
        return exchange_calendars.get_calendar(code, start=first, end=last)
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise SettingsError(
            f"The exchange must be a code of exchange_calendars such as XNYS, received {shown(code)}."
        ) from error
    except ValueError as error:
        # Some exchanges publish a year's holidays in the year before, and of some those of long ago are not known.
        library = type(exchange_calendars.get_calendar(code))
        start, end = library.bound_min() or first, library.bound_max() or last
        if max(first, start) >= min(last, end):
            raise SettingsError(
                f"The sessions of {code} are known from {start.date()} to {end.date()} only (exchange_calendars "
                f"{exchange_calendars.__version__}); asked for: {first.date()} to {last.date()}. Install "
                "a newer exchange_calendars, or choose other dates."
            ) from error
        return exchange_calendars.get_calendar(code, start=max(first, start), end=min(last, end))
