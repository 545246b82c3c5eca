"""What an append adds: rows that are not stored yet, vintages that say something new, and what is known after them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from stockseq.errors import StoreError, counted
from stockseq.market import MarketData
from stockseq.schemas import Actions, Bars, Headlines
from stockseq.store.tables import TABLES, Table

# Vendors recompute their series with other roundings; less than this is the same value.
RELATIVE_TOLERANCE = 1e-6


@dataclass(frozen=True, repr=False, eq=False)
class Appended:
    """The rows that an append really wrote.

    Parameters
    ----------
    table : str
        To which they were added.
    rows : DataFrame with the table's columns
        As they are stored; those that were stored before are not among them.

    Examples
    --------
    >>> appended = Appended("headlines", pd.DataFrame({"ticker": ["AAPL", "MSFT", "AAPL"]}))
    >>> appended, dict(appended.by_ticker)
    (<Appended: 3 rows to headlines>, {'AAPL': 2, 'MSFT': 1})
    """

    table: str
    rows: pd.DataFrame

    @property
    def n_rows(self) -> int:
        """How many rows were written; 0 makes no commit."""
        return len(self.rows)

    @cached_property
    def by_ticker(self) -> Mapping[str, int]:
        """How many rows of each ticker were written; empty for a table without tickers."""
        counts = self.rows.groupby("ticker").size() if "ticker" in self.rows else pd.Series(dtype=int)
        return {str(ticker): int(n) for ticker, n in counts.items()}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {counted(self.n_rows, 'row')} to {self.table}>"


def extend_market(market: MarketData, appended: Iterable[Appended], *, tickers: Sequence[str]) -> MarketData:
    """Return what the store knows of some tickers after appends, without reading it again.

    Parameters
    ----------
    market : MarketData
        What it knew of the tickers at `market.now` before.
    appended : iterable of Appended
        What was written to `bars`, `actions` and `headlines` since.
    tickers : sequence of str
        Those that the market was read for; the rows of others are left out.

    Returns
    -------
    MarketData
        The same to the bit as a fresh read as of `market.now`: rows that became known later are not in it.
    """
    tables: dict[str, pd.DataFrame] = {"bars": market.bars, "actions": market.actions, "headlines": market.headlines}
    for written in appended:
        spec, rows = TABLES[written.table], written.rows
        visible = rows[rows["ticker"].isin(tickers) & spec.recorded_by(rows, market.now)]
        if len(visible):
            tables[spec.name] = arrange(pd.concat([tables[spec.name], visible], ignore_index=True), spec)
    return replace(
        market,
        bars=Bars(tables["bars"]),
        actions=Actions(tables["actions"]),
        headlines=Headlines(tables["headlines"]),
    )


def arrange(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return rows as a read does: the newest vintages alone, in the table's order."""
    if table.rule == "vintages":
        return newest_vintages(rows, table)
    return rows.sort_values(list(table.order or table.key), kind="stable", ignore_index=True)


def unstored(incoming: pd.DataFrame, stored: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the incoming rows whose key is not stored; raise `StoreError` where the rule refuses other content."""
    if stored.empty:
        return incoming
    key = list(table.key)
    pairs = incoming.merge(stored, how="left", on=key, suffixes=("", "_stored"), indicator="found")
    repeated = pairs["found"] == "both"
    if table.rule == "refuse":
        content = [column for column in table.columns if column not in key]
        same = [
            (pairs[name] == pairs[f"{name}_stored"]) | (pairs[name].isna() & pairs[f"{name}_stored"].isna())
            for name in content
        ]
        contradicting = repeated & ~np.logical_and.reduce(same)
        if contradicting.any():
            raise StoreError(
                f"The table `{table.name}` is append-only and holds other content for {int(contradicting.sum())} of "
                f"{len(pairs)} rows, first {table.describe(pairs[contradicting])}; nothing was written."
            )
    return incoming[~repeated.to_numpy()]


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
    >>> days = pd.to_datetime(["2024-02-06", "2024-02-07", "2024-02-08"], utc=True)
    >>> actions = pd.DataFrame({"ticker": "X", "session": pd.Timestamp("2024-02-05"), "kind": "dividend",
    ...                         "value": [0.50, 0.50, 0.55], "source": "files", "fetched_at": days})
    >>> stored = actions.iloc[:0]
    >>> new_vintages(actions, stored, TABLES["actions"])["value"].tolist()
    [0.5, 0.55]
    """
    parts = []
    for vintage in _split_by_vintage(incoming, table):
        fresh = _fresh(vintage, stored, table)
        parts.append(fresh)
        stored = pd.concat([stored, fresh]) if len(fresh) else stored
    return pd.concat(parts, ignore_index=True) if parts else incoming.iloc[:0]


def newest_vintages(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the vintage with the latest `fetched_at` of each bar or action, sorted by key."""
    ordered = rows.sort_values(list(table.key), kind="stable")
    return ordered.drop_duplicates(list(table.identity), keep="last", ignore_index=True)


def _split_by_vintage(incoming: pd.DataFrame, table: Table) -> Iterator[pd.DataFrame]:
    """Split into frames, oldest first, that hold each bar or action once."""
    ordered = incoming.sort_values("fetched_at", kind="stable")
    rank = ordered.groupby(list(table.identity), sort=False).cumcount()
    for position in range(int(rank.max()) + 1 if len(rank) else 0):
        yield ordered[rank == position]


def _fresh(incoming: pd.DataFrame, stored: pd.DataFrame, table: Table) -> pd.DataFrame:
    if stored.empty:
        return incoming
    numbers = [name for name, dtype in table.columns.items() if dtype == "float64"]
    vintages = (
        stored[[*table.key, *numbers]].assign(stored_at=stored["fetched_at"]).sort_values("fetched_at", kind="stable")
    )
    pairs = pd.merge_asof(
        incoming.reset_index(drop=True), vintages, on="fetched_at", by=list(table.identity), suffixes=("", "_stored")
    )
    before, after = pairs[[f"{name}_stored" for name in numbers]].to_numpy(), pairs[numbers].to_numpy()
    unseen = pairs["stored_at"].isna().to_numpy()
    differs = (np.abs(after - before) > RELATIVE_TOLERANCE * np.abs(before)).any(axis=1)
    tied = differs & (pairs["stored_at"] == pairs["fetched_at"]).to_numpy()
    if tied.any():
        raise StoreError(
            f"The table `{table.name}` holds another content with the same `fetched_at` for {int(tied.sum())} of "
            f"{len(pairs)} rows, first {table.describe(pairs[tied])}; give the new fetch a later instant."
        )
    return incoming[unseen | differs]
