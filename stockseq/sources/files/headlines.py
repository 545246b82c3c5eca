"""From a table of headlines to instants that mean something: zones explicit, bare dates known at their end."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stockseq.errors import SourceError
from stockseq.schemas import INSTANT, Dropped, Headlines, as_headlines, count_dropped, headline_id, valid_ticker
from stockseq.sources.files.tables import Table, read_instants_or_dates

STAGE = "read headlines"
_DATE = r"\d{4}-\d{2}-\d{2}"
_ZONE = r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
_END_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)


@dataclass(frozen=True)
class HeadlinesFile:
    """What one file gave: headlines, what was left out, and notes for the user."""

    headlines: Headlines
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


def build_headlines(
    table: Table, *, timezone: str | None, exchange_timezone: str, source: str, now: pd.Timestamp
) -> HeadlinesFile:
    """Return the file's headlines, published by `now`.

    Parameters
    ----------
    table : Table
        ticker, published_at, headline, and where there are publisher, url, id, first_seen_at.
    timezone : str or None
        Of stamps that name none; without it such stamps are refused.
    exchange_timezone : str
        A bare date is known at 23:59:59.999999 of that date there.
    source : str
        Written in each row.
    now : Timestamp, tz-aware
        Later stamps are left out.

    Raises
    ------
    SourceError
        For stamps without a zone, or if no row is a headline.
    """
    frame = table.frame
    read = partial(read_stamps, timezone=timezone, exchange_timezone=exchange_timezone, path=str(table.path))
    published_at, date_only = read(frame["published_at"])
    first_seen_at = pd.Series(pd.NaT, index=frame.index, dtype=INSTANT)
    if "first_seen_at" in frame:
        first_seen_at, _ = read(frame["first_seen_at"])
    rows = pd.DataFrame(
        {
            "ticker": frame["ticker"].astype("str").str.strip(),
            "published_at": published_at,
            "first_seen_at": first_seen_at,
            "date_only": date_only,
            "text": _text(frame, "headline"),
            "publisher": _text(frame, "publisher"),
            "url": _text(frame, "url"),
            "source": source,
        }
    )
    keys = zip(rows["ticker"], _keys(frame, published_at), rows["text"], strict=True)
    rows["headline_id"] = [headline_id(*key) for key in keys]
    not_tickers = {name for name in rows["ticker"].unique() if not valid_ticker(name)}
    faults = _faults(rows, not_tickers, now=now)
    dropped = count_dropped(STAGE, rows["ticker"].where(~rows["ticker"].isin(not_tickers), "?"), faults)
    if faults.notna().all():
        raise SourceError(f"{table.path} holds no usable headline: {'; '.join(sorted({d.reason for d in dropped}))}.")
    return HeadlinesFile(as_headlines(rows[faults.isna()]), dropped, table.notes)


def _keys(frame: pd.DataFrame, published_at: pd.Series) -> pd.Series:
    """Return each headline's id, or its address; without either, its stamp keeps two of the same words apart."""
    keys = _text(frame, "id")
    keys = keys.where(keys != "", _text(frame, "url"))
    return keys.where(keys != "", published_at.astype("str").fillna(""))


def _faults(rows: pd.DataFrame, not_tickers: Collection[str], *, now: pd.Timestamp) -> pd.Series:
    """Return why each row is no headline, or None; the later a reason stands here, the more it weighs."""
    faults = pd.Series(None, index=rows.index, dtype=object)
    faults[rows["published_at"] > now] = "published after now"
    faults[rows["published_at"].isna()] = "time of publication not readable as ISO 8601"
    faults[rows["text"] == ""] = "empty text"
    faults[rows["ticker"].isin(not_tickers)] = "not a ticker"
    faults[rows["first_seen_at"] > now] = "first seen after now"
    good = rows[faults.isna()]
    faults[good.index[good.duplicated("headline_id")]] = "headline repeated"
    return faults


def read_stamps(
    values: pd.Series, *, timezone: str | None, exchange_timezone: str, path: str
) -> tuple[pd.Series, pd.Series]:
    """Return instants (UTC, NaT where blank or unreadable) and whether each came from a bare date.

    Of the two instants that a clock shows when it is set back, the later is taken: a headline must not be early.

    Examples
    --------
    >>> stamps = pd.Series(["2024-07-01", "2024-07-01T09:30:00-04:00"])
    >>> instants, bare = read_stamps(stamps, timezone=None, exchange_timezone="America/New_York", path="x.csv")
    >>> instants.dt.strftime("%m-%d %H:%M").tolist(), bare.tolist()
    (['07-02 03:59', '07-01 13:30'], [True, False])
    """
    stamps = read_instants_or_dates(values)
    if pd.api.types.is_datetime64_any_dtype(stamps.dtype):
        if stamps.dt.tz is not None:
            return stamps.dt.tz_convert("UTC").astype(INSTANT), pd.Series(False, index=stamps.index)
        bare = stamps == stamps.dt.normalize()
        # Stamps that are all midnights are dates; a single midnight among them is a time like any other.
        bare = pd.Series(bool((bare | stamps.isna()).all()), index=stamps.index)
        aware, naive = pd.Series(False, index=stamps.index), ~bare & stamps.notna()
        times = stamps
    else:
        bare = stamps.str.fullmatch(_DATE)
        aware = ~bare & stamps.str.contains(_ZONE, regex=True)
        naive = ~bare & ~aware & stamps.str.match(_DATE)
        times = pd.to_datetime(stamps.where(bare | naive), format="ISO8601", errors="coerce")
    if naive.any() and timezone is None:
        raise SourceError(
            f"{path} has stamps that name no time zone ({int(naive.sum())} of {len(stamps)}), first "
            f"{stamps[naive].iloc[0]}; set files.timezone, such as America/New_York or UTC."
        )
    instants = pd.Series(pd.NaT, index=stamps.index, dtype=INSTANT)
    instants[bare] = _localise(times[bare] + _END_OF_DAY, exchange_timezone)
    instants[naive] = _localise(times[naive], timezone or "UTC")
    if aware.any():
        text = stamps[aware].str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
        instants[aware] = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce").astype(INSTANT)
    return instants, bare


def _localise(times: pd.Series, timezone: str) -> pd.Series:
    try:
        local = times.dt.tz_localize(timezone, ambiguous=np.zeros(len(times), dtype=bool), nonexistent="shift_forward")
    except (KeyError, ValueError) as error:
        raise SourceError(f"There is no time zone {timezone!r}; write one such as America/New_York or UTC.") from error
    return local.dt.tz_convert("UTC").astype(INSTANT)


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[column].astype("str").fillna("").str.strip()
