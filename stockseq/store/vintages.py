"""Vintages of bars and actions: what is worth a new one, and which one wins."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from stockseq.errors import StoreError
from stockseq.store.tables import Table

# Vendors recompute their series with other roundings; less than this is the same value.
RELATIVE_TOLERANCE = 1e-6


def new_vintages(incoming: pd.DataFrame, stored: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows of `incoming` that say something which `stored` doesn't.

    Parameters
    ----------
    incoming, stored : DataFrame with the table's columns
        `incoming` is unique by key; `stored` holds at least all vintages of the incoming bars or actions.
    table : Table
        `bars` or `actions`.

    Returns
    -------
    DataFrame of shape (n_new, n_columns)
        Rows without a vintage at or before their `fetched_at`, and rows that differ from the newest such vintage by
        more than 1e-6 of it in any number.

    Raises
    ------
    StoreError
        If two contents bear the same key and the same `fetched_at`, so that neither is the newer one.

    Examples
    --------
    >>> from stockseq.store.tables import TABLES
    >>> days = pd.to_datetime(["2024-02-06", "2024-02-07", "2024-02-08"], utc=True)
    >>> actions = pd.DataFrame({"ticker": "X", "session": pd.Timestamp("2024-02-05"), "kind": "dividend",
    ...                         "value": [0.50, 0.50, 0.55], "source": "files", "fetched_at": days})
    >>> stored = actions.iloc[:0]
    >>> new_vintages(actions, stored, TABLES["actions"])["value"].tolist()
    [0.5, 0.55]
    """
    kept = []
    for vintage in _one_vintage_each(incoming, table):
        fresh = _fresh(vintage, stored, table)
        kept.append(fresh)
        stored = pd.concat([stored, fresh]) if len(fresh) else stored
    return pd.concat(kept, ignore_index=True) if kept else incoming.iloc[:0]


def newest_vintages(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the vintage with the latest `fetched_at` of each bar or action, sorted by key."""
    ordered = rows.sort_values(list(table.key), kind="stable")
    return ordered.drop_duplicates(list(table.bar_key), keep="last", ignore_index=True)


def _one_vintage_each(incoming: pd.DataFrame, table: Table) -> Iterator[pd.DataFrame]:
    """Split into frames, oldest first, that hold each bar or action once."""
    ordered = incoming.sort_values("fetched_at", kind="stable")
    rank = ordered.groupby(list(table.bar_key), sort=False).cumcount()
    for position in range(int(rank.max()) + 1 if len(rank) else 0):
        yield ordered[rank == position]


def _fresh(incoming: pd.DataFrame, stored: pd.DataFrame, table: Table) -> pd.DataFrame:
    if stored.empty:
        return incoming
    numbers = _numbers(table)
    known = (
        stored[[*table.key, *numbers]].assign(stored_at=stored["fetched_at"]).sort_values("fetched_at", kind="stable")
    )
    beside = pd.merge_asof(
        incoming.reset_index(drop=True), known, on="fetched_at", by=list(table.bar_key), suffixes=("", "_stored")
    )
    before, after = beside[[f"{name}_stored" for name in numbers]].to_numpy(), beside[numbers].to_numpy()
    unseen = beside["stored_at"].isna().to_numpy()
    differs = (np.abs(after - before) > RELATIVE_TOLERANCE * np.abs(before)).any(axis=1)
    tied = differs & (beside["stored_at"] == beside["fetched_at"]).to_numpy()
    if tied.any():
        raise StoreError(
            f"The table `{table.name}` holds another content with the same `fetched_at` for {int(tied.sum())} of "
            f"{len(beside)} rows, first {table.describe(beside[tied])}; give the new fetch a later instant."
        )
    return incoming[unseen | differs]


def _numbers(table: Table) -> Sequence[str]:
    return [name for name, dtype in table.columns.items() if dtype == "float64"]
