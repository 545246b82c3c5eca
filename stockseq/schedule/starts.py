"""When the morning's run starts: before the decision, on the weekdays of the exchange, in its time zone."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pandas as pd

from stockseq.errors import SettingsError
from stockseq.printable import shown
from stockseq.sessions import CLOSE_LAG, DecisionPolicy, TradingCalendar

# A morning takes a minute or two, and longer where it trains or a source is slow.
LEAD = pd.Timedelta(minutes=60)
# Where the decision was the evening before: so long before the open as with `before_open(30)`.
LEAD_TO_OPEN = pd.Timedelta(minutes=90)
# Sessions on another weekday, such as an exchange's test of its systems on a Saturday, are rare.
LEAST_SHARE = 0.05
N_SESSIONS = 250
# In which each change of a clock to summer time and back falls.
YEAR_OF_DAYS = 366
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Starts:
    """Weekdays and time of day at which the run starts.

    Parameters
    ----------
    weekdays : tuple of int
        0 is Monday; ascending.
    at : time
        Of the exchange's clock.
    timezone : str
        The exchange's, such as America/New_York.
    days_before : int, default=0
        Days from the start to the date of the session that is forecast.

    Examples
    --------
    >>> str(Starts((0, 1, 2, 3, 4), time(8), "America/New_York"))
    'Mon,Tue,Wed,Thu,Fri 08:00 America/New_York'
    """

    weekdays: tuple[int, ...]
    at: time
    timezone: str
    days_before: int = 0

    def __str__(self) -> str:
        return f"{','.join(WEEKDAYS[day] for day in self.weekdays)} {self.at:%H:%M} {self.timezone}"

    def of_session(self, session: pd.Timestamp) -> pd.Timestamp:
        """Return the instant (UTC) from which a session is to be forecast."""
        day = (session - pd.Timedelta(days=self.days_before)).date()
        return pd.Timestamp(datetime.combine(day, self.at, tzinfo=ZoneInfo(self.timezone))).tz_convert("UTC")

    def on_clock(self, zone: tzinfo | None, *, now: pd.Timestamp) -> tuple[tuple[int, time], ...]:
        """Return weekday and time of every start of the year from `now` on the clock of another zone.

        Two zones change to summer time on different days, so that one start has up to three times there.

        Parameters
        ----------
        zone : tzinfo or None
            None is the machine's own.
        now : Timestamp, tz-aware

        Examples
        --------
        >>> starts = Starts((0,), time(8), "America/New_York")
        >>> times = starts.on_clock(ZoneInfo("Europe/Berlin"), now=pd.Timestamp("2026-11-29", tz="UTC"))
        >>> [(WEEKDAYS[day], f"{at:%H:%M}") for day, at in times]
        [('Mon', '13:00'), ('Mon', '14:00')]
        """
        first = now.tz_convert(self.timezone).date()
        days = (first + timedelta(days=n) for n in range(YEAR_OF_DAYS))
        instants = (
            datetime.combine(day, self.at, tzinfo=ZoneInfo(self.timezone)).astimezone(zone)
            for day in days
            if day.weekday() in self.weekdays
        )
        return tuple(sorted({(instant.weekday(), time(instant.hour, instant.minute)) for instant in instants}))


@dataclass(frozen=True)
class Due:
    """The session that is to be forecast next, from which instant (UTC) on, and whether it was."""

    session: pd.Timestamp
    starts_at: pd.Timestamp
    is_forecast: bool
    is_due: bool


def find_starts(
    calendar: TradingCalendar, decision: DecisionPolicy, *, now: pd.Timestamp, at: str | None = None
) -> Starts:
    """Return when to start, so that a forecast is made before its decision and after the last bar is final.

    Parameters
    ----------
    calendar : TradingCalendar
        Up to `now` at least.
    decision : DecisionPolicy
    now : Timestamp, tz-aware
        The year before it is looked at.
    at : str, optional
        HH:MM of the exchange's clock, in place of an hour before the decision; the last such time before it.

    Raises
    ------
    SettingsError
        If `at` is no time, or the bar of the session before isn't final then.

    Examples
    --------
    >>> now = pd.Timestamp("2024-11-29", tz="UTC")
    >>> calendar = TradingCalendar.until(now)
    >>> str(find_starts(calendar, DecisionPolicy(), now=now))
    'Mon,Tue,Wed,Thu,Fri 08:00 America/New_York'
    """
    past = calendar.schedule[calendar.schedule["open"] <= now].iloc[-N_SESSIONS:]
    before_open = decision.kind == "before_open"
    decided = past["open"] - pd.Timedelta(minutes=decision.minutes if before_open else 0)
    limit = decided.dt.tz_convert(calendar.timezone)
    local = limit - (LEAD if before_open else LEAD_TO_OPEN) if at is None else _last_before(limit, _read_time(at))
    if (past["close"].shift(1) + CLOSE_LAG > local).mean() > 0.5:
        raise SettingsError(
            f"On {calendar.exchange} the bar of a session is final only after a start for the next one, at "
            f"{local.iloc[-1]:%H:%M}; with this decision ({decision}) choose a later one by AT, or a decision nearer "
            "to the open."
        )
    usual = Counter(
        (instant.time(), (session.date() - instant.date()).days)
        for session, instant in zip(past.index, local, strict=True)
    )
    (start, days_before), _ = usual.most_common(1)[0]
    counts = Counter(instant.weekday() for instant in local)
    weekdays = tuple(sorted(day for day, n in counts.items() if n >= LEAST_SHARE * len(local)))
    return Starts(weekdays, start, calendar.timezone, days_before)


def find_due(
    starts: Starts, calendar: TradingCalendar, forecasts: pd.DataFrame, *, now: pd.Timestamp, model_ids: set[str]
) -> Due:
    """Return whether the next session's forecasts are missing though their hour has come.

    Parameters
    ----------
    starts, calendar : Starts, TradingCalendar
    forecasts : DataFrame with model_id, session, made_at
        Of the ledger.
    now : Timestamp, tz-aware
    model_ids : set of str
        Models of the trade that is forecast; the forecasts of others don't count.
    """
    session = calendar.next_session(calendar.last_final_session(now))
    made = forecasts[(forecasts["made_at"] <= now) & (forecasts["session"] == session)]
    starts_at = starts.of_session(session)
    # What was forecast by hand after the last close lacks the night's news, so the morning's run is still due.
    is_forecast = bool((made["model_id"].isin(model_ids) & (made["made_at"] >= starts_at)).any())
    return Due(session, starts_at, is_forecast, not is_forecast and now >= starts_at)


def _last_before(limits: pd.Series, at: time) -> pd.Series:
    """Return for each instant, on the exchange's clock, the last time of day `at` before it."""
    same_day = limits.dt.tz_localize(None).dt.normalize() + pd.Timedelta(hours=at.hour, minutes=at.minute)
    naive = same_day.where(same_day < limits.dt.tz_localize(None), same_day - pd.Timedelta(days=1))
    return naive.dt.tz_localize(limits.dt.tz, ambiguous="NaT", nonexistent="shift_forward")


def _read_time(text: str) -> time:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if match is None:
        raise SettingsError(f"AT must be a time of the exchange's clock, such as 08:10, received {shown(text)}.")
    return time(int(match[1]), int(match[2]))
