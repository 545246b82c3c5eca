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
    spans = rebuilt.groupby("ticker")["session"].agg(["min", "max"])
    first, last = stored["ticker"].map(spans["min"]), stored["ticker"].map(spans["max"])
    inside = ((stored["session"] >= first) & (stored["session"] <= last)).to_numpy()
    before, beside = stored[inside], stored[~inside]
    matched = _places(rebuilt, "new").merge(_places(before, "old"), how="outer", on=["ticker", "session"])
    both = matched["new"].notna() & matched["old"].notna()
    pairs = matched[both].astype({"new": int, "old": int})
    same = (_bits(rebuilt)[pairs["new"]] == _bits(before)[pairs["old"]]).all(axis=1)
    changed = matched.drop(index=pairs.index[same])
    if changed["old"].isna().all():
        return Replacement(len(changed), rebuilt.iloc[changed["new"].astype(int)], None)
    tickers, start, end = changed["ticker"].unique().tolist(), changed["session"].min(), changed["session"].max()
    final = pd.concat([rebuilt, beside], ignore_index=True)
    in_box = final["ticker"].isin(tickers) & final["session"].between(start, end)
    return Replacement(len(changed), final[in_box], (tickers, start, end))


def require_same_columns(table: Table, rebuilt: pd.DataFrame, stored: pd.DataFrame) -> None:
    """Raise `StoreError` if the stored rows of a feature set have other features than the rebuilt ones."""
    ours, theirs = set(table.free_columns(rebuilt.columns)), set(table.free_columns(stored.columns))
    if len(stored) and ours != theirs:
        raise StoreError(
            f"The feature set {rebuilt['feature_set'].iloc[0]!r} is stored with other columns: {sorted(ours - theirs)} "
            f"are new, {sorted(theirs - ours)} are gone; give the changed set a new name, or rebuild the table with "
            "`reset`."
        )


def _places(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[["ticker", "session"]].assign(**{name: np.arange(len(rows))})


def _bits(rows: pd.DataFrame) -> np.ndarray:
    """Return the instants and numbers beside the key as int64 of shape (n_rows, n_columns)."""
    numbers = rows.drop(columns=["ticker", "session", "feature_set", "decision_at"]).to_numpy(dtype="float64")
    instants = rows["decision_at"].astype("int64").to_numpy()[:, None]
    return np.hstack([np.where(np.isnan(numbers), np.nan, numbers).view("int64"), instants])
