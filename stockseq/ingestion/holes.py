"""Sessions between a ticker's own bars that have none: asked for again until they come or are known to be missing."""

from collections.abc import Mapping

import pandas as pd

from stockseq.ingestion.notes import append_notes
from stockseq.ingestion.quarantine import N_ANSWERS
from stockseq.schemas import SESSION, Bars, Dropped, has_session_of
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

TABLE = "holes"
KEY = ["ticker", "session"]
OPEN = "session missing at the source, asked for again every morning"
MISSING = f"session missing at the source on {N_ANSWERS} mornings, asked for again about monthly"


def find_holes(bars: Bars, calendar: TradingCalendar) -> pd.DataFrame:
    """Return ticker and session of each session between a ticker's first bar and its last that has none.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> bars = pd.DataFrame({"ticker": "KOLA", "session": pd.to_datetime(["2024-11-26", "2024-12-02"])})
    >>> find_holes(bars, calendar)["session"].dt.date.astype(str).tolist()
    ['2024-11-27', '2024-11-29']
    """
    sessions = calendar.sessions
    rows = []
    for ticker, own in bars.groupby("ticker")["session"]:
        first = int(sessions.searchsorted(own.min()))
        last = int(sessions.searchsorted(own.max(), side="right"))
        # Most tickers have every session, and there is nothing to look for.
        if last - first > len(own):
            rows += [(str(ticker), session) for session in sessions[first:last].difference(pd.DatetimeIndex(own))]
    return pd.DataFrame(rows, columns=KEY).astype({"ticker": "str", "session": SESSION})


def open_holes(holes: pd.DataFrame, noted: pd.DataFrame) -> pd.DataFrame:
    """Return the holes that fewer answers lacked than are asked for.

    Parameters
    ----------
    holes : DataFrame with ticker, session
    noted : DataFrame
        Of the table of holes.
    """
    n_answers = noted.groupby(KEY)["asked_in"].nunique().rename("n_answers").reset_index()
    found = holes.merge(n_answers, on=KEY, how="left")
    return found.loc[~(found["n_answers"] >= N_ANSWERS), KEY].reset_index(drop=True)


def note_holes(
    store: Store, holes: pd.DataFrame, covered: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]],
    *, at: pd.Timestamp, asked_in: pd.Timestamp,
) -> None:  # fmt: skip
    """Note the open holes that lie in what an answer covered, once a morning.

    Parameters
    ----------
    store : Store
    holes : DataFrame with ticker, session
        Those that are open after the answer.
    covered : mapping of ticker to its first and last session
        What the answer reached.
    at : Timestamp, tz-aware
    asked_in : Timestamp, tz-naive
        The last final session.
    """
    rows = [
        {"ticker": ticker, "session": session, "asked_in": asked_in, "at": at}
        for ticker, session in zip(holes["ticker"], holes["session"], strict=True)
        if ticker in covered and covered[ticker][0] <= session <= covered[ticker][1]
    ]
    append_notes(store, TABLE, rows)


def count_holes(holes: pd.DataFrame, still_open: pd.DataFrame) -> tuple[Dropped, ...]:
    """Return how many sessions of each ticker are missing, those that are asked for and those that no longer are."""
    is_open = has_session_of(holes, still_open)
    return tuple(
        Dropped("bars", str(ticker), reason, int(n))
        for rows, reason in ((holes[is_open], OPEN), (holes[~is_open], MISSING))
        for ticker, n in rows["ticker"].value_counts().sort_index().items()
    )
