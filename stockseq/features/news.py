"""Headlines to decisions: from when each may be used, and which traded session it is the first to inform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from stockseq.schemas import INSTANT, SESSION, TEXT, Headlines, known_by, with_empty_columns
from stockseq.sessions import DecisionPolicy, TradingCalendar

# Feeds stamp a headline before their readers can have it; backfilled rows don't say when that was.
LATENCY = pd.Timedelta(seconds=900)
DURATION: Final = "timedelta64[us]"


@dataclass(frozen=True)
class Latency:
    """From a stamp to knowledge, where sources differ.

    Parameters
    ----------
    default : Timedelta, default=900 seconds
        Of every source that isn't named.
    by_source : mapping of source name to Timedelta
        Names as far as the colon: "files" is that of "files:fnspid", too. What equals the default is left out.

    Examples
    --------
    >>> latency = Latency(pd.Timedelta(minutes=15), {"edgar": pd.Timedelta(minutes=1)})
    >>> latency.of(pd.DataFrame({"source": ["edgar", "files:fnspid"]})).dt.total_seconds().tolist()
    [60.0, 900.0]
    >>> str(latency)
    '900, edgar 60'
    """

    default: pd.Timedelta = LATENCY
    by_source: Mapping[str, pd.Timedelta] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep those that differ, by name, so that equal latencies are written alike."""
        differing = {name: self.by_source[name] for name in sorted(self.by_source)}
        differing = {name: latency for name, latency in differing.items() if latency != self.default}
        object.__setattr__(self, "by_source", differing)

    def __hash__(self) -> int:
        return hash((self.default, *self.by_source.items()))

    def __str__(self) -> str:
        parts = [f"{self.default.total_seconds():g}"]
        parts += [f"{name} {latency.total_seconds():g}" for name, latency in self.by_source.items()]
        return ", ".join(parts)

    def of(self, headlines: pd.DataFrame) -> pd.Series:
        """Return the latency of each headline by its `source`, which may be missing where no source differs."""
        if not self.by_source:
            return pd.Series(self.default, index=headlines.index, dtype=DURATION)
        names = headlines["source"].str.split(":").str[0]
        return names.map(dict(self.by_source)).astype(DURATION).fillna(self.default)


def as_latency(latency: pd.Timedelta | Latency) -> Latency:
    """Return the latency of every source, where one stands for all.

    Examples
    --------
    >>> str(as_latency(pd.Timedelta(minutes=15)))
    '900'
    """
    return latency if isinstance(latency, Latency) else Latency(latency)


def available_at(headlines: pd.DataFrame, *, timezone: str, latency: pd.Timedelta | Latency = LATENCY) -> pd.Series:
    """Return the instant from which each headline may be used.

    Parameters
    ----------
    headlines : Headlines of n_headlines rows
        `first_seen_at` is NaT where the row was backfilled.
    timezone : str
        The exchange's zone: a stamp without a time of day counts as the last microsecond of its date there.
    latency : Timedelta or Latency, default=900 seconds
        Added to a stamp that has a time of day.

    Returns
    -------
    Series of shape (n_headlines,)
        UTC. Never before `first_seen_at`. A date-only stamp at midnight UTC names the UTC date, any other the date it
        has in `timezone`.

    Examples
    --------
    >>> stamped = pd.DataFrame({"published_at": pd.to_datetime(["2024-11-27T21:00Z"]).as_unit("us"), "date_only": False,
    ...     "first_seen_at": pd.to_datetime(["2024-11-27T21:30Z"]).as_unit("us")})
    >>> available_at(stamped, timezone="America/New_York").iloc[0].isoformat()
    '2024-11-27T21:30:00+00:00'
    """
    published = headlines["published_at"]
    date = date_of(published, timezone=timezone)
    end_of_date = (date + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)).dt.tz_localize(
        timezone, ambiguous=np.zeros(len(date), dtype=bool), nonexistent="shift_forward"
    )
    published_at = (published + as_latency(latency).of(headlines)).where(
        ~headlines["date_only"], end_of_date.dt.tz_convert("UTC")
    )
    seen = headlines["first_seen_at"]
    return published_at.where(seen.isna() | (published_at >= seen), seen).astype(INSTANT).rename("available_at")


def date_of(published: pd.Series, *, timezone: str) -> pd.Series:
    """Return the date that a stamp without a time of day names: in UTC at midnight UTC, else in `timezone`.

    Examples
    --------
    >>> stamps = pd.Series(pd.to_datetime(["2024-11-27T00:00Z", "2024-11-28T04:59Z"]))
    >>> date_of(stamps, timezone="America/New_York").dt.date.astype(str).tolist()
    ['2024-11-27', '2024-11-27']
    """
    midnight = published == published.dt.normalize()
    date = published.dt.tz_convert(timezone).dt.tz_localize(None).where(~midnight, published.dt.tz_localize(None))
    return date.dt.normalize()


def decide(
    headlines: Headlines,
    *,
    calendar: TradingCalendar,
    policy: DecisionPolicy,
    latency: pd.Timedelta | Latency = LATENCY,
) -> pd.DataFrame:
    """Map each headline, by instant, to the traded session of the first decision that may use it.

    Parameters
    ----------
    headlines : Headlines of n_headlines rows
    calendar, policy
        Fix the decision instants.
    latency : Timedelta or Latency, default=900 seconds
        See `available_at`.

    Returns
    -------
    DataFrame of n_headlines rows
        The headlines and `public_at` (UTC: from when anyone may have had it), `available_at` (from when we had it),
        `known_by` (how that is known, one of `schemas.KNOWN_BY`), `session` (traded; the first whose decision knows it;
        NaT outside the calendar) and `published_session`: the first whose decision could have known it. A headline
        whose `published_session` is before its `session` is stale: see `is_stale`.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> friday = pd.DataFrame({"published_at": pd.to_datetime(["2024-11-29T14:00Z"]).as_unit("us"), "date_only": False,
    ...     "first_seen_at": pd.to_datetime([None], utc=True).as_unit("us")})
    >>> decide(friday, calendar=calendar, policy=DecisionPolicy())["session"].dt.date.astype(str).tolist()
    ['2024-12-02']
    """
    public = available_at(_unseen(headlines), timezone=calendar.timezone, latency=latency)
    available = available_at(headlines, timezone=calendar.timezone, latency=latency)
    decided, published = (calendar.decided_session(instants, policy) for instants in (available, public))
    noted = headlines if "known_by" in headlines else with_empty_columns(headlines, {"known_by": TEXT})
    return headlines.assign(
        public_at=public,
        available_at=available,
        known_by=known_by(noted),
        session=_traded(decided, calendar, policy),
        published_session=_traded(published, calendar, policy),
    )


def is_stale(decided: pd.DataFrame) -> pd.Series:
    """Return whether each headline was first seen after the decision that it was published for.

    A stale headline is no news to the decision that sees it first. It stands at the session that it was published
    for, and only windows that end on its `session` or later hold it there.

    Parameters
    ----------
    decided : DataFrame of n_headlines rows
        As `decide` gives it; without `published_session` no headline is stale.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-26", "2024-11-29"])
    >>> is_stale(pd.DataFrame({"published_session": sessions[:1], "session": sessions[1:]})).tolist()
    [True]
    """
    if "published_session" not in decided:
        return pd.Series(False, index=decided.index)
    # Published before the calendar begins is older than any session of it.
    before = decided["published_session"].isna() & decided["session"].notna()
    return (decided["published_session"] < decided["session"]) | before


def standing_session(decided: pd.DataFrame) -> pd.Series:
    """Return the session at which each headline stands: that of its publication if it is stale, else its `session`.

    Examples
    --------
    >>> sessions = pd.to_datetime(["2024-11-26", "2024-11-29"])
    >>> stale = pd.DataFrame({"published_session": sessions[:1], "session": sessions[1:]})
    >>> standing_session(stale).dt.date.astype(str).tolist()
    ['2024-11-26']
    """
    stale = is_stale(decided)
    return decided["session"].where(~stale, decided["published_session"]) if stale.any() else decided["session"]


def traded_decisions(calendar: TradingCalendar, policy: DecisionPolicy) -> pd.Series:
    """Return the decision instant (UTC) by the session that it is traded in.

    The decision `after_close` of a session is traded in the next one; the others in their own.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> traded_decisions(calendar, DecisionPolicy("after_close", 30)).loc["2024-11-29"].isoformat()
    '2024-11-27T21:30:00+00:00'
    """
    decisions = calendar.decision_at(policy)
    return decisions.shift(1) if policy.kind == "after_close" else decisions


def _unseen(headlines: pd.DataFrame) -> pd.DataFrame:
    return headlines.assign(first_seen_at=headlines["first_seen_at"].mask(headlines["first_seen_at"].notna()))


def _traded(decided: pd.Series, calendar: TradingCalendar, policy: DecisionPolicy) -> pd.Series:
    if policy.kind != "after_close":
        return decided
    following = pd.Series(calendar.sessions, index=calendar.sessions).shift(-1)
    return decided.map(following).astype(SESSION).rename("session")
