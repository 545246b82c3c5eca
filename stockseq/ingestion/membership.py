"""Which tickers were added to a store and removed from it by hand; what is stored of them stays."""

from collections.abc import Iterable
from typing import Literal

import pandas as pd

from stockseq.ingestion.notes import append_notes, latest_notes
from stockseq.store import Store

TABLE = "universe"
Membership = Literal["added", "removed"]


def record_membership(store: Store, tickers: Iterable[str], state: Membership, *, at: pd.Timestamp) -> None:
    """Note that tickers were added or removed at an instant; a state that a ticker has already is not noted again.

    Examples
    --------
    >>> import tempfile
    >>> store, at = Store(tempfile.mkdtemp()), pd.Timestamp("2024-11-29T12:00Z")
    >>> record_membership(store, ["XOM", "JPM"], "removed", at=at)
    >>> record_membership(store, ["JPM"], "added", at=at + pd.Timedelta(minutes=1))
    >>> removed_tickers(store, as_of=at + pd.Timedelta(minutes=1))
    {'XOM'}
    """
    present = latest_notes(store, TABLE, "state", as_of=at)
    rows = [{"ticker": name, "state": state, "at": at} for name in tickers if present.get(name, "added") != state]
    append_notes(store, TABLE, rows)


def removed_tickers(store: Store, *, as_of: pd.Timestamp) -> set[str]:
    """Return the tickers that were removed and not added again by an instant."""
    states = latest_notes(store, TABLE, "state", as_of=as_of)
    return {ticker for ticker, state in states.items() if state == "removed"}
