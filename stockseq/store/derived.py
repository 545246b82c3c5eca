"""Derived rows: which part of the stored ones a rebuilt frame changes, bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.errors import StoreError
from stockseq.store.tables import Table


@dataclass(frozen=True)
class Replacement:
    """What a rebuilt frame changes.

    Parameters
    ----------
    n_changed : int
        Rows that are new, differ in any bit, or are gone.
    rows : DataFrame
        The rows to write: the new ones if nothing else changed, otherwise all rows of the box.
    box : tuple of (tickers, first session, last session), or None
        What to clear in the same commit; None where rows were only added.
    """

    n_changed: int
    rows: pd.DataFrame
    box: tuple[Sequence[str], pd.Timestamp, pd.Timestamp] | None


def replacement(rebuilt: pd.DataFrame, stored: pd.DataFrame) -> Replacement:
    """Compare rebuilt rows of one feature set with the stored ones around them.

    Parameters
    ----------
    rebuilt : DataFrame with ticker, session, feature_set, decision_at and float64 columns
        Unique by ticker and session. It stands for every row of its tickers from each ticker's first to its last
        rebuilt session.
    stored : DataFrame with the same columns
        At least the stored rows of these tickers between the first and last rebuilt session of all.

    Returns
    -------
    Replacement
        NaN equals NaN, and 0.0 differs from -0.0.
    """
    if stored.empty:
        return Replacement(len(rebuilt), rebuilt, None)
    spans = rebuilt.groupby("ticker")["session"].agg(["min", "max"])
    first, last = stored["ticker"].map(spans["min"]), stored["ticker"].map(spans["max"])
    inside = ((stored["session"] >= first) & (stored["session"] <= last)).to_numpy()
    before, outside = stored[inside], stored[~inside]
    matched = _positions(rebuilt, "new").merge(_positions(before, "old"), how="outer", on=["ticker", "session"])
    both = matched["new"].notna() & matched["old"].notna()
    pairs = matched[both].astype({"new": int, "old": int})
    same = _same_bits(rebuilt.iloc[pairs["new"]], before.iloc[pairs["old"]])
    changed = matched.drop(index=pairs.index[same])
    if changed["old"].isna().all():
        return Replacement(len(changed), rebuilt.iloc[changed["new"].astype(int)], None)
    tickers, start, end = changed["ticker"].unique().tolist(), changed["session"].min(), changed["session"].max()
    final = pd.concat([rebuilt, outside], ignore_index=True)
    in_box = final["ticker"].isin(tickers) & final["session"].between(start, end)
    return Replacement(len(changed), final[in_box], (tickers, start, end))


def require_same_columns(table: Table, rebuilt: pd.DataFrame, stored: pd.DataFrame) -> None:
    """Raise `StoreError` if the stored rows of a feature set have other features than the rebuilt ones."""
    ours, theirs = set(table.free_columns(rebuilt.columns)), set(table.free_columns(stored.columns))
    if len(stored) and ours != theirs:
        raise StoreError(
            f"The feature set {rebuilt['feature_set'].iloc[0]!r} is stored with other columns: {sorted(ours - theirs)} "
            f"are new, {sorted(theirs - ours)} are gone; give the changed set a new name."
        )


def _positions(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[["ticker", "session"]].assign(**{name: np.arange(len(rows))})


def _same_bits(new: pd.DataFrame, old: pd.DataFrame) -> np.ndarray:
    """Return per pair of rows whether all instants and numbers beside the key agree; bool of shape (n_rows,)."""
    same = (new["decision_at"].array == old["decision_at"].array).copy()
    # One column at a time: whole tables of bits would double the memory.
    for column in new.columns.difference(["ticker", "session", "feature_set", "decision_at"]):
        first, second = new[column].to_numpy(copy=True), old[column].to_numpy(copy=True)
        same &= (first.view("int64") == second.view("int64")) | (np.isnan(first) & np.isnan(second))
    return same
