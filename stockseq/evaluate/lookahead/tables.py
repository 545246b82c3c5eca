"""The tables that everything is built from, and what a decision knew of them."""

from dataclasses import dataclass

from stockseq.evaluate.lookahead.clock import Clock, Cut
from stockseq.schemas import Actions, Bars, Headlines


@dataclass(frozen=True)
class Tables:
    """Bars, actions and headlines of one vintage."""

    bars: Bars
    actions: Actions
    headlines: Headlines


def remove_after(tables: Tables, cut: Cut, *, clock: Clock) -> Tables:
    """Return the tables without all that became known after the cut.

    A bar is known half an hour after its session's close, a split or dividend with the bar of its ex-date, a headline
    from `clock.available`.

    Parameters
    ----------
    tables : Tables
    cut : Cut
    clock : Clock

    Returns
    -------
    Tables
        With the rows known at `cut.decision_at`, or exactly then.

    Examples
    --------
    >>> import pandas as pd
    >>> from stockseq.schemas import ACTIONS, HEADLINES, as_bars, empty
    >>> from stockseq.sessions import DecisionPolicy, TradingCalendar
    >>> sessions = pd.to_datetime(["2024-11-27", "2024-11-29"])
    >>> bars = as_bars(pd.DataFrame({"ticker": "A", "session": sessions, "open": 1.0, "high": 1.0, "low": 1.0,
    ...     "close": 1.0, "volume": 1.0, "source": "files", "fetched_at": pd.Timestamp("2024-12-02", tz="UTC")}))
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(0))
    >>> tables = Tables(bars, empty(ACTIONS), empty(HEADLINES))
    >>> known = remove_after(tables, clock.cut(pd.Timestamp("2024-11-29")), clock=clock)
    >>> known.bars["session"].dt.date.astype(str).tolist()
    ['2024-11-27']
    """
    bars = clock.final(tables.bars["session"]) <= cut.decision_at
    actions = clock.final(tables.actions["session"]) <= cut.decision_at
    headlines = clock.available(tables.headlines) <= cut.decision_at
    return Tables(
        tables.bars[bars].reset_index(drop=True),
        tables.actions[actions].reset_index(drop=True),
        tables.headlines[headlines].reset_index(drop=True),
    )
