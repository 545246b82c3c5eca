"""From a table of headlines to instants that mean something, printable text, and each headline once."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import pandas as pd

from stockseq.errors import SourceError
from stockseq.headline_text import clean_address, clean_text
from stockseq.schemas import INSTANT, Dropped, Headlines, as_headlines, count_dropped, headline_id, valid_ticker
from stockseq.sources.files.instants import Instants, read_instants
from stockseq.sources.files.numbers import BLANKS
from stockseq.sources.files.tables import Table

STAGE = "read headlines"
# Longer is an article, no headline.
LONGEST_TEXT = 2_000


@dataclass(frozen=True)
class HeadlinesFile:
    """What one file gave: headlines, what was left out, and notes for the user."""

    headlines: Headlines
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


def build_headlines(
    table: Table, *, timezone: str | None, exchange_timezone: str, source: str, now: pd.Timestamp, preset: str = "none"
) -> HeadlinesFile:
    """Return the file's headlines, published by `now`.

    Two rows are the same headline by their id, or by their text and stamp; the one that was seen first is kept. An
    address tells nothing apart: whole years of headlines have that of their landing page.

    Parameters
    ----------
    table : Table
        ticker, published_at, headline, and where there are publisher, url, id, first_seen_at.
    timezone : str or None
        Of stamps that name none; without it such stamps are refused.
    exchange_timezone : str
        A date is known at 23:59:59.999999 of that date there.
    source : str
        Written in each row.
    now : Timestamp, tz-aware
        Later stamps are left out.
    preset : str, default="none"
        Whose clocks are put right; see `read_instants`.

    Raises
    ------
    SourceError
        For stamps without a zone, or if no row is a headline.
    """
    frame, name = table.frame, table.path.name
    read = partial(read_instants, timezone=timezone, exchange_timezone=exchange_timezone)
    stamps = {"published_at": read(frame["published_at"], name=f"{name}: published_at", preset=preset)}
    if "first_seen_at" in frame:
        stamps["first_seen_at"] = read(frame["first_seen_at"], name=f"{name}: first_seen_at")
    rows = _rows(frame, stamps, source)
    not_tickers = {ticker for ticker in rows["ticker"].unique() if not valid_ticker(ticker)}
    faults = _faults(rows, not_tickers, stamps, now=now)
    dropped = count_dropped(STAGE, rows["ticker"].where(~rows["ticker"].isin(not_tickers), "?"), faults)
    if faults.notna().all():
        raise SourceError(f"{table.path} holds no usable headline: {'; '.join(sorted({d.reason for d in dropped}))}.")
    notes = (*table.notes, *(note for column in stamps.values() for note in column.notes))
    return HeadlinesFile(as_headlines(rows[faults.isna()]), dropped, notes)


def _rows(frame: pd.DataFrame, stamps: dict[str, Instants], source: str) -> pd.DataFrame:
    """Return one row of `Headlines` per row of the file, usable or not."""
    never = pd.Series(pd.NaT, index=frame.index, dtype=INSTANT)
    rows = pd.DataFrame(
        {
            "ticker": _text(frame, "ticker"),
            "published_at": stamps["published_at"].instants,
            "first_seen_at": stamps["first_seen_at"].instants if "first_seen_at" in stamps else never,
            "date_only": stamps["published_at"].date_only,
            "text": _text(frame, "headline").map(clean_text).astype("str"),
            "publisher": _text(frame, "publisher").map(clean_text).astype("str"),
            "url": _text(frame, "url").map(clean_address).astype("str"),
            "source": source,
        }
    )
    keys = zip(rows["ticker"], _keys(frame, rows["published_at"]), rows["text"], strict=True)
    return rows.assign(headline_id=[headline_id(*key) for key in keys])


def _keys(frame: pd.DataFrame, published_at: pd.Series) -> pd.Series:
    """Return each headline's id; without one, its stamp keeps two of the same words apart."""
    keys = _text(frame, "id")
    return keys.where(keys != "", published_at.astype("str").fillna(""))


def _faults(
    rows: pd.DataFrame, not_tickers: Collection[str], stamps: dict[str, Instants], *, now: pd.Timestamp
) -> pd.Series:
    """Return why each row is no headline, or None; the later a reason stands here, the more it weighs."""
    faults = pd.Series(None, index=rows.index, dtype=object)
    faults[rows["published_at"] > now] = "published after now"
    faults[rows["first_seen_at"] > now] = "first seen after now"
    faults[rows["published_at"].isna()] = "published_at missing"
    for column, read in reversed(stamps.items()):
        # Without the instant that it was seen at, a headline would count from an earlier one.
        faults[read.unreadable] = f"{column} not readable, such as {read.example!r}"
    faults[rows["text"].str.len() > LONGEST_TEXT] = f"text longer than {LONGEST_TEXT:,} characters, so no headline"
    faults[rows["text"].str.lower().isin(BLANKS)] = "empty text"
    faults[rows["ticker"].isin(not_tickers)] = "not a ticker"
    good = rows[faults.isna()].sort_values("first_seen_at", kind="stable")
    repeated = good.duplicated("headline_id") | good.duplicated(["ticker", "text", "published_at"])
    faults[good.index[repeated]] = "headline repeated"
    return faults


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[column].astype("str").fillna("").str.strip()
