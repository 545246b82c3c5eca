"""The panel: one row per ticker and session, of indicators and of headlines, held once in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError
from stockseq.schemas import Dropped, count_dropped

KEYS = ["ticker", "session", "decision_at"]
NOT_FEATURES = {*KEYS, "feature_set"}


@dataclass(frozen=True)
class Panel:
    """What is known at each decision, aligned by row and sorted by ticker and session.

    Parameters
    ----------
    keys : DataFrame of n_rows with ticker, session, decision_at
        `session` is the traded session; the index counts the rows.
    indicators : float32 array of shape (n_rows, n_features)
        As the features gave them, unscaled; every value is finite.
    names : tuple of n_features names
    texts : tuple of n_rows tuples of headlines
        The headlines decided for that row, the newest last; empty where there was no news.
    dropped : tuple of Dropped
        Feature rows and headlines that found no place here, by ticker.
    """

    keys: pd.DataFrame
    indicators: npt.NDArray[np.float32]
    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    dropped: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)

    def without(self, features: Collection[str]) -> "Panel":
        """Return the panel without these features; names that it doesn't have are passed over."""
        columns = [column for column, name in enumerate(self.names) if name not in features]
        names = tuple(self.names[column] for column in columns)
        return replace(self, indicators=self.indicators[:, columns], names=names)


def build_panel(
    features: pd.DataFrame, headlines: pd.DataFrame | None = None, *, names: Sequence[str] | None = None
) -> Panel:
    """Bring the feature rows and the headlines decided for them together.

    Parameters
    ----------
    features : DataFrame with ticker, session, decision_at and the features
        One feature set.
    headlines : DataFrame with ticker, session, text and available_at, optional
        `session` is the traded session whose decision may first use the headline; NaT where there is none.
    names : sequence of str, optional
        The features to take, in this order; all other columns of `features` by default.

    Returns
    -------
    Panel
        A row with a NaN or an infinite feature is left out and counted, never filled.

    Raises
    ------
    DataError
        If a column is missing, or a ticker and session has two rows.

    Examples
    --------
    >>> session = pd.Timestamp("2024-11-25")
    >>> opens = pd.Timestamp("2024-11-25 14:30", tz="UTC")
    >>> features = pd.DataFrame({"ticker": ["A"], "session": session, "decision_at": opens, "momentum": [0.5]})
    >>> headlines = pd.DataFrame({"ticker": ["A"], "session": session, "available_at": opens, "text": ["Rises"]})
    >>> panel = build_panel(features, headlines)
    >>> panel.names, panel.indicators.tolist(), panel.texts
    (('momentum',), [[0.5]], (('Rises',),))
    """
    names = tuple(names) if names is not None else tuple(c for c in features.columns if c not in NOT_FEATURES)
    _check(features, names)
    ordered = features.sort_values(["ticker", "session"], kind="stable", ignore_index=True)
    with np.errstate(over="ignore"):
        indicators = ordered[list(names)].to_numpy(dtype=np.float32)
    usable = np.isfinite(indicators).all(axis=1)
    keys = ordered.loc[usable, KEYS].reset_index(drop=True)
    texts, unmatched = _texts(keys, headlines)
    dropped = (
        *count_dropped("panel", ordered.loc[~usable, "ticker"], "a feature is missing or not finite"),
        *count_dropped("panel", unmatched, "a headline belongs to no row of the panel"),
    )
    return Panel(keys, indicators[usable], names, texts, dropped)


def _check(features: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [column for column in (*KEYS, *names) if column not in features.columns]
    if missing:
        raise DataError(f"A panel needs the columns {missing} of the features; received {list(features.columns)}.")
    repeated = features.duplicated(["ticker", "session"])
    if repeated.any():
        first = features[repeated].iloc[0]
        raise DataError(
            f"A panel needs one feature row per ticker and session; {int(repeated.sum())} repeat, first "
            f"{first['ticker']} on {first['session'].date()}. Read one feature set only."
        )


def _texts(keys: pd.DataFrame, headlines: pd.DataFrame | None) -> tuple[tuple[tuple[str, ...], ...], pd.Series]:
    """Return the headlines of each row, and the tickers of the headlines that found no row."""
    texts: list[tuple[str, ...]] = [()] * len(keys)
    if headlines is None or headlines.empty:
        return tuple(texts), pd.Series(dtype="str")
    missing = [column for column in ("ticker", "session", "available_at", "text") if column not in headlines.columns]
    if missing:
        raise DataError(
            f"A panel needs the columns {missing} of the decided headlines; received {list(headlines.columns)}."
        )
    rows = keys[["ticker", "session"]].assign(row=keys.index)
    # The text breaks ties, so that the order never depends on how the store returned them.
    ordered = headlines.sort_values(["available_at", "text"], kind="stable")
    placed = ordered[["ticker", "session", "text"]].merge(rows, on=["ticker", "session"], how="left")
    unmatched = placed["row"].isna()
    matched = placed[~unmatched].sort_values("row", kind="stable")
    pairs = zip(matched["row"].astype(int), matched["text"], strict=True)
    for row, group in groupby(pairs, key=itemgetter(0)):
        texts[row] = tuple(text for _, text in group)
    return tuple(texts), placed.loc[unmatched, "ticker"]
