"""From a table of headlines to instants that mean something, printable text, and each headline once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stockseq.errors import SourceError
from stockseq.headline_text import clean_address, clean_text
from stockseq.schemas import INSTANT, Dropped, Headlines, as_headlines, count_dropped, headline_id, valid_ticker
from stockseq.sources.files.instants import Instants, read_instants
from stockseq.sources.files.numbers import BLANKS
from stockseq.sources.files.stamp_facts import ColumnFacts
from stockseq.sources.files.tables import Table

STAGE = "read headlines"
REPEATED = "headline repeated"
# Longer is an article, no headline.
LONGEST_TEXT = 2_000
# What a text may hold that isn't stored as it is: more than single blanks and ASCII, or the sign of an entity.
NO_PLAIN_TEXT, NO_PLAIN_ADDRESS = r"[^ -%'-~]|  |^ | $", r"[^!-~]"


@dataclass(frozen=True)
class HeadlinesFile:
    """What one file gave: headlines, what was left out, and notes for the user."""

    headlines: Headlines
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


def build_headlines(
    table: Table,
    *,
    timezone: str | None,
    exchange_timezone: str,
    source: str,
    now: pd.Timestamp,
    preset: str = "none",
    facts: ColumnFacts | None = None,
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
    facts : ColumnFacts, optional
        Of the stamps of the whole file, where the table is a part of it; a part may be without any headline.

    Raises
    ------
    SourceError
        For stamps without a zone, or if no row is a headline.
    """
    frame, name = table.frame, table.path.name
    read = partial(read_instants, timezone=timezone, exchange_timezone=exchange_timezone)
    stamps = {"published_at": read(frame["published_at"], name=f"{name}: published_at", preset=preset, facts=facts)}
    if "first_seen_at" in frame:
        stamps["first_seen_at"] = read(frame["first_seen_at"], name=f"{name}: first_seen_at")
    rows = _rows(frame, stamps, source)
    not_tickers = {ticker for ticker in rows["ticker"].unique() if not valid_ticker(ticker)}
    faults = _faults(rows, not_tickers, stamps, has_ids="id" in frame, now=now)
    dropped = count_dropped(STAGE, rows["ticker"].where(~rows["ticker"].isin(not_tickers), "?"), faults)
    if facts is None and faults.notna().all():
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
            "text": _cleaned(_text(frame, "headline"), clean_text, NO_PLAIN_TEXT),
            "publisher": _cleaned(_text(frame, "publisher"), clean_text, NO_PLAIN_TEXT),
            "url": _cleaned(_text(frame, "url"), clean_address, NO_PLAIN_ADDRESS),
            "source": source,
        }
    )
    keys = (rows["ticker"], _keys(frame, rows["published_at"]), rows["text"])
    # Out of Arrow a column at a time, not a cell.
    parts = zip(*(key.to_numpy(dtype=object) for key in keys), strict=True)
    return rows.assign(headline_id=[headline_id(*part) for part in parts])


def _cleaned(texts: pd.Series, clean: Callable[[object], str], changed: str) -> pd.Series:
    """Return each text cleaned; those without anything that cleaning would change are found a column at a time."""
    rows = texts.str.contains(changed, regex=True)
    cleaned = texts.copy()
    if rows.any():
        cleaned[rows] = pd.Series([clean(text) for text in texts[rows].tolist()], index=texts.index[rows], dtype="str")
    return cleaned


def _keys(frame: pd.DataFrame, published_at: pd.Series) -> pd.Series:
    """Return each headline's id; without one, its stamp keeps two of the same words apart."""
    stamps = _written(published_at)
    if "id" not in frame:
        return stamps
    keys = _text(frame, "id")
    return keys.where(keys != "", stamps)


def _written(instants: pd.Series) -> pd.Series:
    """Return instants as `str` writes each of them, "" for none; a column at a time, for there may be millions.

    Examples
    --------
    >>> stamps = pd.to_datetime(["2024-12-02T15:00:00Z", "2024-12-02T15:00:00.25Z", None], format="ISO8601")
    >>> _written(pd.Series(stamps)).tolist()
    ['2024-12-02 15:00:00+00:00', '2024-12-02 15:00:00.250000+00:00', '']
    """
    clocks = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    texts = pd.Series(np.datetime_as_string(clocks, unit="us"), index=instants.index, dtype="str")
    whole = texts.str.slice(0, 10) + " " + texts.str.slice(11)
    whole = whole.where(~whole.str.endswith(".000000"), whole.str.slice(0, 19)) + "+00:00"
    return whole.where(instants.notna(), "")


def _faults(
    rows: pd.DataFrame, not_tickers: Collection[str], stamps: dict[str, Instants], *, has_ids: bool, now: pd.Timestamp
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
    good = rows[faults.isna()]
    if good["first_seen_at"].notna().any():
        good = good.sort_values("first_seen_at", kind="stable")
    repeated = good.duplicated("headline_id")
    if has_ids:
        # Where the stamp is part of the id, the id says as much.
        repeated |= good.duplicated(["ticker", "text", "published_at"])
    faults[good.index[repeated]] = REPEATED
    return faults


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[column].astype("str").fillna("").str.strip()
