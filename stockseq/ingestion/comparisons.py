"""Whose whole history is asked for and compared this morning: everybody's in turn, at least once a month."""

import zlib
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from stockseq.ingestion.notes import append_notes
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

TABLE = "comparisons"
# Sessions from one comparison of a ticker to its next: 10 to 20 by its name, so that all don't come on one morning.
# Of daily runs a fifteenth of the tickers is due; twenty sessions are four weeks.
SHORTEST, LONGEST = 10, 20


def compared_sessions(store: Store, *, before: pd.Timestamp) -> dict[str, pd.Timestamp]:
    """Return by ticker the last final session of the morning on which its whole history was last compared.

    Parameters
    ----------
    store : Store
    before : Timestamp, tz-aware
        Only what was noted before this instant, so that the same morning run again asks the same.
    """
    rows = store.read(TABLE, as_of=before)
    return {str(ticker): last for ticker, last in rows[rows["at"] < before].groupby("ticker")["session"].max().items()}


def due(
    tickers: Sequence[str], compared: Mapping[str, pd.Timestamp], calendar: TradingCalendar, *, session: pd.Timestamp
) -> set[str]:
    """Return the tickers whose whole history is to be compared in the morning after a session.

    It is what was noted that decides, not the date alone: after mornings that were skipped whoever is overdue is due,
    and so is a ticker of which nothing was noted.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31"))
    >>> compared = {"A": pd.Timestamp("2024-11-01"), "B": pd.Timestamp("2024-11-20")}
    >>> sorted(due(["A", "B", "C"], compared, calendar, session=pd.Timestamp("2024-11-29")))
    ['A', 'C']
    """
    position = calendar.sessions.searchsorted
    return {
        ticker
        for ticker in tickers
        if ticker not in compared or position(session) - position(compared[ticker]) >= period(ticker)
    }


def period(ticker: str) -> int:
    """Return how many sessions lie between two comparisons of a ticker; its name decides."""
    return SHORTEST + zlib.crc32(ticker.encode()) % (LONGEST - SHORTEST + 1)


def note_comparisons(store: Store, tickers: Iterable[str], *, session: pd.Timestamp, at: pd.Timestamp) -> None:
    """Note that the whole history of some tickers was compared in the morning after a session."""
    append_notes(store, TABLE, [{"ticker": ticker, "session": session, "at": at} for ticker in sorted(tickers)])
