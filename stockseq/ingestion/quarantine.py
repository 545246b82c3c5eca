"""Bars that a source answered and that are held back: kept apart, never used, and asked for again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.errors import counted
from stockseq.ingestion.notes import append_notes
from stockseq.schemas import PRICES, Bars, Dropped, as_bars
from stockseq.store import TABLES, Appended, Store

TABLE = "quarantine"
# A later answer no longer repeats the bar, repeats it as a bar that is taken, or a person accepts it.
State = Literal["held", "cleared", "taken", "accepted"]
KEY = ["ticker", "session"]
SAME = 1e-4
# A trading week of mornings: what a vendor mends, it mends within days. The monthly comparison still sees the rest.
N_ANSWERS = 5
MOST_NAMED = 5
WHAT = "held back, for no split or dividend explains its move; `make doubts` lists it"


def read_quarantine(store: Store, *, before: pd.Timestamp, tickers: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what was noted before an instant (tz-aware), so that the same morning run again finds the same."""
    rows = store.read(TABLE, tickers=tickers, as_of=before)
    return rows[rows["at"] < before].reset_index(drop=True)


def open_doubts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the bars that are held back still, as they were last answered, with `since` and `n_mornings`.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-26"], utc=True)
    >>> rows = pd.DataFrame({"ticker": ["A", "A", "B"], "session": pd.Timestamp("2024-11-22"), "at": at,
    ...     "asked_in": at.tz_localize(None), "state": ["held", "cleared", "held"]})
    >>> open_doubts(rows)[["ticker", "n_mornings"]].values.tolist()
    [['B', 1]]
    """
    if rows.empty:
        return rows.assign(since=rows["at"], n_mornings=0)
    ordered = rows.sort_values([*KEY, "at"], kind="stable")
    is_held = ordered["state"] == "held"
    # What was settled once begins anew when it is held again.
    spell = (~is_held).astype(int).groupby([ordered[name] for name in KEY]).cumsum()
    ordered = ordered.assign(spell=spell)
    newest = ordered.drop_duplicates(KEY, keep="last")
    newest = newest[newest["state"] == "held"]
    held = ordered[is_held].merge(newest[[*KEY, "spell"]], on=[*KEY, "spell"])
    spells = held.groupby(KEY).agg(since=("at", "min"), n_mornings=("asked_in", "nunique")).reset_index()
    return newest.drop(columns="spell").merge(spells, on=KEY).reset_index(drop=True)


def count_mornings(rows: pd.DataFrame, answered: Bars, *, asked_in: pd.Timestamp) -> dict[str, dict[pd.Timestamp, int]]:
    """Return how many earlier mornings gave the same bar and saw it held back, by ticker, then by session.

    Parameters
    ----------
    rows : DataFrame
        Of the quarantine.
    answered : Bars
    asked_in : Timestamp, tz-naive
        The last final session of this morning.
    """
    if rows.empty:
        return {}
    doubts = open_doubts(rows)[[*KEY, "since"]]
    held = rows[(rows["state"] == "held") & (rows["asked_in"] < asked_in)].merge(doubts, on=KEY)
    pairs = held[held["at"] >= held["since"]].merge(answered, on=KEY, suffixes=("_was", ""))
    same = [np.abs(pairs[f"{name}_was"] / pairs[name] - 1) <= SAME for name in PRICES]
    counts = pairs[np.logical_and.reduce(same)].groupby(KEY)["asked_in"].nunique().reset_index()
    return {
        str(ticker): dict(zip(rows["session"], rows["asked_in"], strict=True))
        for ticker, rows in counts.groupby("ticker")
    }


def note_answers(
    store: Store, known: pd.DataFrame, answered: Bars, held: pd.DataFrame, *, at: pd.Timestamp, asked_in: pd.Timestamp
) -> None:
    """Note what an answer holds of doubted bars, and which of the earlier ones it settles.

    Parameters
    ----------
    store : Store
    known : DataFrame
        Of the quarantine, from before this morning.
    answered : Bars
        What is taken of the answer.
    held : DataFrame
        Bars with a reason: what is held back of it.
    at : Timestamp, tz-aware
    asked_in : Timestamp, tz-naive
        The last final session.
    """
    if known.empty and held.empty:
        return
    doubts = open_doubts(known)
    again = held.merge(doubts[[*KEY, "asked_in", "n_mornings", "close"]], on=KEY, how="left", suffixes=("", "_known"))
    same = np.abs(again["close_known"] / again["close"] - 1) <= SAME
    # The same answer is noted once a morning, and on no more mornings than it is asked for again.
    noted = same & ((again["asked_in"] == asked_in) | (again["n_mornings"] >= N_ANSWERS))
    new = held[~noted.to_numpy()].assign(state="held", asked_in=asked_in)
    settled = doubts.merge(answered[[*KEY, "close"]], on=KEY, suffixes=("", "_taken"))
    is_same = np.abs(settled["close_taken"] / settled["close"] - 1) <= SAME
    settled = settled.assign(state=np.where(is_same, "taken", "cleared"), asked_in=asked_in)
    rows = pd.concat([new, settled])[[name for name in TABLES[TABLE].columns if name != "at"]].assign(at=at)
    append_notes(store, TABLE, rows)


def accept_doubts(store: Store, doubts: pd.DataFrame, *, at: pd.Timestamp) -> Appended:
    """Take held bars into the store as later vintages, and note that a person did so; return what was written.

    Parameters
    ----------
    store : Store
    doubts : DataFrame
        Of `open_doubts`.
    at : Timestamp, tz-aware
    """
    # The bars first: what is stored and still listed is accepted again by the same command, which then adds nothing.
    appended = store.append_vintages("bars", as_bars(doubts.assign(fetched_at=at)))
    rows = doubts[list(TABLES[TABLE].columns)].assign(state="accepted", at=at)
    append_notes(store, TABLE, rows)
    return appended


def count_held(held: pd.DataFrame) -> tuple[Dropped, ...]:
    """Return how many bars of each ticker are held back, for the account of what was left out."""
    return tuple(
        Dropped("bars", str(ticker), WHAT, int(n)) for ticker, n in held["ticker"].value_counts().sort_index().items()
    )


def doubt_sentences(doubts: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence on the held bars of each ticker, with the newest one's reason; of many tickers the first five.

    Examples
    --------
    >>> doubts = pd.DataFrame({"ticker": ["KOLA"], "session": pd.to_datetime(["2024-11-29"]),
    ...                        "reason": ["its close is 100 times the close before it"]})
    >>> doubt_sentences(doubts)[0][:75]
    'KOLA: 1 bar is held back and not used, 2024-11-29: its close is 100 times t'
    """
    sentences = []
    groups = list(doubts.groupby("ticker"))
    for ticker, rows in groups[:MOST_NAMED]:
        newest = rows.sort_values("session").iloc[-1]
        n = "1 bar is" if len(rows) == 1 else f"{counted(len(rows), 'bar')} are"
        which = str(newest["session"].date()) if len(rows) == 1 else f"the newest of {newest['session'].date()}"
        sentences.append(
            f"{ticker}: {n} held back and not used, {which}: {newest['reason']}. What is stored stays, and the source "
            "is asked again; `make doubts` lists and accepts."
        )
    further = len(groups) - MOST_NAMED
    more = (
        [f"Bars of {counted(further, 'more ticker')} are held back; `make doubts` lists them."] if further > 0 else []
    )
    return (*sentences, *more)


def newest_held(held: pd.DataFrame, session: pd.Timestamp) -> Mapping[str, str]:
    """Return by ticker why its bar of a session is held back, for whoever misses it there."""
    rows = held[held["session"] == session]
    return {
        str(row.ticker): f"its bar of {session.date()} is held back: {row.reason}; see `make doubts`"
        for row in rows.itertuples()
    }


def sessions_to_ask(doubts: pd.DataFrame) -> Iterable[tuple[str, pd.Timestamp]]:
    """Yield ticker and session of the doubts that are asked for again every morning."""
    rows = doubts[doubts["n_mornings"] < N_ANSWERS]
    return zip(rows["ticker"], rows["session"], strict=True)
