"""When each row becomes known, from the calendar and the stamps alone, and what a decision knew."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stockseq.features.news import Latency
from stockseq.market import MarketData
from stockseq.schemas import INSTANT
from stockseq.sessions import CLOSE_LAG, DecisionPolicy, TradingCalendar


@dataclass(frozen=True)
class Cut:
    """A decision: all that became known later is taken away, or replaced by something else.

    Parameters
    ----------
    session : Timestamp, tz-naive
        The traded session that is decided.
    decision_at : Timestamp, UTC
    """

    session: pd.Timestamp
    decision_at: pd.Timestamp


@dataclass(frozen=True)
class Clock:
    """The rules of `available_at <= decision_at`, stated apart from the features that must keep them.

    Parameters
    ----------
    calendar, policy
        Fix sessions and decisions.
    latency : Timedelta or Latency
        From a vendor's stamp to knowledge, where no first sight was noted.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(minutes=15))
    >>> clock.cut(pd.Timestamp("2024-11-29")).decision_at.isoformat()
    '2024-11-29T14:00:00+00:00'
    """

    calendar: TradingCalendar
    policy: DecisionPolicy
    latency: pd.Timedelta | Latency

    def cut(self, session: pd.Timestamp) -> Cut:
        """Return the decision of a traded session; NaT where the calendar doesn't hold it."""
        return Cut(session, self.decided(pd.Series([session])).iloc[0])

    def decided(self, sessions: pd.Series) -> pd.Series:
        """Return the instant (UTC) at which each traded session is decided, NaT outside the calendar.

        Examples
        --------
        >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
        >>> clock = Clock(calendar, DecisionPolicy("after_close", 30), pd.Timedelta(0))
        >>> clock.decided(pd.Series([pd.Timestamp("2024-12-02")])).iloc[0].isoformat()
        '2024-11-29T18:30:00+00:00'
        """
        minutes = pd.Timedelta(minutes=self.policy.minutes)
        schedule = self.calendar.schedule
        instants = {
            "before_open": schedule["open"] - minutes,
            "close_minus": schedule["close"] - minutes,
            # Decided after one close, traded on the session that follows it.
            "after_close": schedule["close"].shift(1) + minutes,
        }[self.policy.kind]
        return _at(instants, sessions)

    def final(self, sessions: pd.Series, *, later: int = 0) -> pd.Series:
        """Return the instant (UTC) from which the bar `later` sessions after each session can't change any more.

        A date that is no session, such as an ex-date on a holiday, counts with the next one; NaT beyond the calendar.

        Examples
        --------
        >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
        >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(0))
        >>> clock.final(pd.Series([pd.Timestamp("2024-11-28")])).iloc[0].isoformat()
        '2024-11-29T18:30:00+00:00'
        """
        final = self.calendar.schedule["close"] + CLOSE_LAG
        positions = self.calendar.sessions.searchsorted(sessions.to_numpy(), side="left") + later
        instants = final.reset_index(drop=True).reindex(positions)
        return pd.Series(instants.array, index=sessions.index, dtype=INSTANT)

    def available(self, headlines: pd.DataFrame) -> pd.Series:
        """Return max(published + latency, first seen) of each headline (UTC); a bare date counts when it is over.

        A bare date is the UTC date of a stamp at midnight UTC, else the date that the stamp has at the exchange.

        Examples
        --------
        >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
        >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(minutes=15))
        >>> dated = pd.DataFrame({"published_at": pd.to_datetime(["2024-11-27"], utc=True), "date_only": True,
        ...     "first_seen_at": pd.to_datetime([None], utc=True)})
        >>> clock.available(dated).iloc[0].isoformat()
        '2024-11-28T04:59:59.999999+00:00'
        """
        published = headlines["published_at"]
        zone = self.calendar.timezone
        at_midnight = published.dt.tz_localize(None)
        here = published.dt.tz_convert(zone).dt.tz_localize(None)
        date = here.mask(at_midnight == at_midnight.dt.normalize(), at_midnight).dt.normalize()
        over = (date + pd.Timedelta(days=1)).dt.tz_localize(
            zone, ambiguous=np.zeros(len(date), dtype=bool), nonexistent="shift_forward"
        )
        dated = over.dt.tz_convert("UTC") - pd.Timedelta(microseconds=1)
        stamped = (published + self.delay(headlines)).mask(headlines["date_only"], dated)
        return pd.concat([stamped, headlines["first_seen_at"]], axis=1).max(axis=1).astype(INSTANT)

    def delay(self, headlines: pd.DataFrame) -> pd.Series:
        """Return the latency of each headline: that of the source before any colon, where one is named.

        Examples
        --------
        >>> latency = Latency(pd.Timedelta(minutes=15), {"edgar": pd.Timedelta(0)})
        >>> clock = Clock(TradingCalendar(), DecisionPolicy(), latency)
        >>> clock.delay(pd.DataFrame({"source": ["edgar", "edgar:8-K", "yahoo"]})).dt.total_seconds().tolist()
        [0.0, 0.0, 900.0]
        """
        if not isinstance(self.latency, Latency):
            return pd.Series(self.latency, index=headlines.index)
        delays = pd.Series(self.latency.default, index=headlines.index)
        for name, latency in self.latency.by_source.items():
            of_source = (headlines["source"] == name) | headlines["source"].str.startswith(f"{name}:")
            delays = delays.mask(of_source, latency)
        return delays


def remove_after(market: MarketData, cut: Cut, *, clock: Clock) -> MarketData:
    """Return the market without all that became known after the cut.

    A bar is known half an hour after its session's close, a split or dividend with the bar of its ex-date, a headline
    from `clock.available`.

    Parameters
    ----------
    market : MarketData
    cut : Cut
    clock : Clock

    Returns
    -------
    MarketData
        With the rows known at `cut.decision_at`, or exactly then, and without any truth.

    Examples
    --------
    >>> from stockseq.schemas import ACTIONS, HEADLINES, as_actions, as_bars, as_headlines, empty
    >>> sessions = pd.to_datetime(["2024-11-27", "2024-11-29"])
    >>> bars = as_bars(pd.DataFrame({"ticker": "A", "session": sessions, "open": 1.0, "high": 1.0, "low": 1.0,
    ...     "close": 1.0, "volume": 1.0, "source": "files", "fetched_at": pd.Timestamp("2024-12-02", tz="UTC")}))
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(0))
    >>> now = pd.Timestamp("2024-12-02", tz="UTC")
    >>> market = MarketData(bars, as_actions(empty(ACTIONS)), as_headlines(empty(HEADLINES)), calendar, now)
    >>> known = remove_after(market, clock.cut(pd.Timestamp("2024-11-29")), clock=clock)
    >>> known.bars["session"].dt.date.astype(str).tolist()
    ['2024-11-27']
    """
    bars = clock.final(market.bars["session"]) <= cut.decision_at
    actions = clock.final(market.actions["session"]) <= cut.decision_at
    headlines = clock.available(market.headlines) <= cut.decision_at
    return replace(
        market,
        bars=market.bars[bars].reset_index(drop=True),
        actions=market.actions[actions].reset_index(drop=True),
        headlines=market.headlines[headlines].reset_index(drop=True),
        now=cut.decision_at,
        truth=None,
    )


def _at(instants: pd.Series, sessions: pd.Series) -> pd.Series:
    return pd.Series(instants.reindex(pd.DatetimeIndex(sessions)).array, index=sessions.index, dtype=INSTANT)
