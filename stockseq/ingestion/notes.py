"""Small facts that a store notes as it learns them; of several about one ticker the latest holds."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stockseq.store import TABLES, Store


def append_notes(store: Store, table: str, rows: pd.DataFrame | Sequence[Mapping[str, object]]) -> None:
    """Append rows to a table of notes; nothing is written, and no table made, where there are none."""
    if len(rows):
        store.append(table, pd.DataFrame(rows).astype(TABLES[table].columns))


def latest_notes(store: Store, table: str, value: str, *, as_of: pd.Timestamp) -> dict[str, str]:
    """Return by ticker what was noted last by an instant.

    Parameters
    ----------
    store : Store
    table : str
        With the columns `ticker` and `at`.
    value : str
        The column of what is noted.
    as_of : Timestamp, tz-aware

    Examples
    --------
    >>> import tempfile
    >>> store, at = Store(tempfile.mkdtemp()), pd.Timestamp("2024-11-29T12:00Z")
    >>> append_notes(store, "currencies", [{"ticker": "KOL.L", "currency": "GBp", "at": at}])
    >>> latest_notes(store, "currencies", "currency", as_of=at)
    {'KOL.L': 'GBp'}
    """
    rows = store.read(table, as_of=as_of).sort_values("at", kind="stable")
    return dict(zip(rows["ticker"], rows[value], strict=True))
