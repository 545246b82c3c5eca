"""Which column of a file is which of ours: by the user's word, by its name, or by the name in a known export."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from stockseq.errors import SourceError, counted, nearest
from stockseq.schemas import Dropped, count_dropped, valid_ticker
from stockseq.sources.files.tables import BAR_NAMES, Table
from stockseq.sources.settings import PRESETS

BAR_COLUMNS = ("ticker", "date", "open", "high", "low", "close", "volume")
BAR_EXTRAS = ("adj_close", "dividends", "splits")
# Read where they are there, to tell what a row is: shares of which kind, and a bar of which length.
BAR_MARKS = ("series", "period", "time")
HEADLINE_COLUMNS = ("ticker", "published_at", "headline")
HEADLINE_EXTRAS = ("publisher", "url", "id", "first_seen_at")
# The names that exports give, the likeliest first: yfinance, Investing.com, Nasdaq.com, Stooq, Alpha Vantage, Quandl
# WIKI, Kaggle's sets, NSE's bhavcopies and Ariva.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "ticker": ("symbol", "tic", "tckrsymb", "stock_symbol", "act_symbol", "stock", "symbols", "tickers", "name"),
    "date": ("datetime", "timestamp", "date1", "traddt", "trade_date", "trading_date", "datum", "day"),
    "open": ("1_open", "open_price", "opnpric", "opening_price", "erster", "eroffnung"),
    "high": ("2_high", "high_price", "hghpric", "hoch"),
    "low": ("3_low", "low_price", "lwpric", "tief"),
    "close": ("4_close", "close_price", "clspric", "close_last", "schlusskurs", "schluss", "price", "last", "zuletzt"),
    "volume": ("vol", "6_volume", "5_volume", "tottrdqty", "ttl_trd_qnty", "ttltradgvol", "stuecke", "stucke"),
    "adj_close": ("5_adjusted_close", "adjusted_close", "adjclose"),
    "dividends": ("dividend", "7_dividend_amount", "dividend_amount", "ex_dividend", "divcash"),
    "splits": ("stock_splits", "split", "8_split_coefficient", "split_coefficient", "split_ratio", "splitfactor"),
    "series": ("sctysrs",),
    "period": ("per",),
}
# NSE's equity series, the first one that a symbol has on a date; bonds and the like share their symbols.
EQUITY_SERIES = ("EQ", "BE", "BZ", "SM", "ST")
NO_TICKER = "no ticker"


def holds_headlines(columns: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Return whether a file with these columns holds headlines rather than bars.

    Examples
    --------
    >>> holds_headlines(["ticker", "published_at", "headline"], {})
    True
    """
    if find_column("close", columns, mapping) is not None:
        return False
    return any(find_column(name, columns, mapping) is not None for name in ("headline", "published_at"))


def rename_columns(
    table: Table, needed: Sequence[str], optional: Sequence[str], *, mapping: Mapping[str, str]
) -> Table:
    """Give the columns our names: by the mapping, by name whatever its case and blanks, or as known exports call them.

    A file of one ticker may lack the ticker column if it is named after the ticker. Rows without a ticker are left out
    and counted; a list of tickers is spread over them.

    Raises
    ------
    SourceError
        If a needed column is missing, with the nearest name in the file.
    """
    columns = [str(column) for column in table.frame.columns]
    frame = table.frame.set_axis(columns, axis=1)
    # What the mapping says of headlines names no column of bars.
    mapping = {ours: theirs for ours, theirs in mapping.items() if ours in (*needed, *optional)}
    names = {ours: find_column(ours, columns, mapping) for ours in (*needed, *optional)}
    _require_once(table, names, columns, mapping)
    if "date" in names and names["date"] is None:
        names["date"] = next((column for column in columns if _is_nameless_date(column, frame)), None)
    if names["ticker"] is not None and plain(names["ticker"]) == "name" and not _all_tickers(frame[names["ticker"]]):
        # Kaggle's `Name` is a ticker; elsewhere it is a company's.
        names["ticker"] = None
    renamed = pd.DataFrame({ours: frame[theirs] for ours, theirs in names.items() if theirs is not None})
    missing = [ours for ours in needed if names[ours] is None]
    notes = [*table.notes, *_alias_notes(table.path.name, names, mapping)]
    if "ticker" in missing and (stem := _ticker_of(table)) is not None:
        missing.remove("ticker")
        renamed.insert(0, "ticker", stem)
        notes.append(f"{table.path.name} has no ticker column: its rows are taken as {stem}'s.")
    if missing:
        raise SourceError(_missing(table, missing, columns))
    ignored = [column for column in columns if column not in names.values()]
    if ignored:
        notes.append(f"{table.path.name}: columns that mean nothing here are ignored: {', '.join(ignored)}.")
    stage = "read bars" if "close" in needed else "read headlines"
    named = replace(table, frame=renamed, notes=tuple(notes), has_ticker_column=names["ticker"] is not None)
    return _tell_series_apart(_with_tickers(named, stage), stage)


def find_column(ours: str, columns: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    """Return the file's column that is ours, or None.

    Examples
    --------
    >>> find_column("close", ["Date", "Close/Last"], {}), find_column("volume", ["<VOL>"], {})
    ('Close/Last', '<VOL>')
    """
    mapped = mapping.get(ours)
    if mapped is not None and mapped in columns:
        return mapped
    for name in (ours, *ALIASES.get(ours, ())):
        found = next((column for column in columns if plain(column) == name and column not in mapping.values()), None)
        if found is not None:
            return found
    return None


def require_mapped(table: Table, given: Mapping[str, str]) -> None:
    """Raise `SourceError` where the user names a column that the file lacks, rather than take another silently.

    Parameters
    ----------
    table : Table
    given : mapping
        `files.columns`: our names to the file's. Only the ticker is a column of bars and of headlines alike, and may be
        called otherwise in one of them.
    """
    columns = [str(column) for column in table.frame.columns]
    of_bars = (*BAR_COLUMNS, *BAR_EXTRAS, *BAR_MARKS)
    of_headlines = (*HEADLINE_COLUMNS, *HEADLINE_EXTRAS)
    wanted = of_headlines if holds_headlines(columns, given) else of_bars
    for ours, theirs in given.items():
        if ours not in (*of_bars, *of_headlines):
            known = tuple(dict.fromkeys((*of_bars, *of_headlines)))
            listed = f"there are: {', '.join(known)}."
            raise SourceError(f"files.columns: there is no column `{ours}` here; {nearest(ours, known, listed)}")
        if ours in wanted and theirs not in columns and (ours != "ticker" or find_column(ours, columns, {}) is None):
            raise SourceError(
                f"{table.path} has no column `{theirs}`, which files.columns names as {ours}; "
                f"{nearest(theirs, columns, 'it has ' + ', '.join(columns) + '.')}"
            )


def _require_once(
    table: Table, names: Mapping[str, str | None], columns: Sequence[str], mapping: Mapping[str, str]
) -> None:
    """Raise `SourceError` where a column stands twice, unless the mapping says which of them counts."""
    for ours, theirs in names.items():
        if theirs is None or ours in mapping:
            continue
        # Of two columns of one name pandas calls the second `close.1`.
        again = [
            column for column in columns if column != theirs and plain(column) in (plain(theirs), f"{plain(theirs)}_1")
        ]
        if again:
            raise SourceError(
                f"{table.path} has the column `{theirs}` more than once; leave one of them, or name the one that "
                f'counts: files.columns {ours} = "{theirs}".'
            )


def plain(column: str) -> str:
    """Return a column's name as it is compared: small letters, and one underscore for all that is no letter or digit.

    Examples
    --------
    >>> plain("Close/Last"), plain("<VOL>"), plain("4. close")
    ('close_last', 'vol', '4_close')
    """
    return re.sub(r"\W+", "_", str(column).strip().lower().replace("\u00fc", "u").replace("\u00f6", "o")).strip("_")


def _is_nameless_date(column: str, frame: pd.DataFrame) -> bool:
    if column and not column.startswith(("Unnamed:", "index", "None", "level_0")):
        return False
    first = frame[column].dropna().astype("str").head(5)
    return len(first) > 0 and bool(first.str.match(r"\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}").all())


def _all_tickers(values: pd.Series) -> bool:
    return all(valid_ticker(str(value).strip()) for value in values.dropna().unique())


def _ticker_of(table: Table) -> str | None:
    """Return the ticker that the file is named after; None for a name that only says what is in it."""
    stem = table.path.stem
    return stem if valid_ticker(stem) and stem.lower() not in (*BAR_NAMES, "headlines", "data", "history") else None


def _alias_notes(name: str, names: Mapping[str, str | None], mapping: Mapping[str, str]) -> tuple[str, ...]:
    taken = [
        f"`{theirs}` as {ours}"
        for ours, theirs in names.items()
        if theirs is not None and plain(theirs) not in (ours, "stock_splits") and mapping.get(ours) != theirs
    ]
    return (f"{name}: taken {', '.join(taken)}.",) if taken else ()


def _with_tickers(table: Table, stage: str) -> Table:
    """Spread lists of tickers, and leave out the rows that name none."""
    frame = table.frame
    cells = frame["ticker"]
    if not pd.api.types.is_integer_dtype(cells.dtype):
        # Of text the distinct cells are few; lists and arrays can't be told apart by value.
        is_text = isinstance(cells.dtype, pd.StringDtype)
        lists = cells.map({cell: _as_list(cell) for cell in cells.unique()} if is_text else _as_list)
        n_lists = int(lists.map(len).gt(1).sum())
        if n_lists and stage == "read bars":
            first = lists[lists.map(len) > 1].iloc[0]
            raise SourceError(
                f"{table.path}: {n_lists} of {len(frame)} bars name several tickers, first {', '.join(first)}; "
                "a bar is of one ticker."
            )
        # An empty list gives one row, without a ticker.
        frame = frame.assign(ticker=lists).explode("ticker", ignore_index=True)
        note = f"{table.path.name}: {counted(n_lists, 'row')} with several tickers gave one row for each of them."
        table = replace(table, notes=(*table.notes, note)) if n_lists else table
    texts = frame["ticker"].astype("str").str.strip()
    nameless = frame["ticker"].isna() | (texts == "")
    if nameless.all():
        raise SourceError(f"{table.path}: not one of {counted(len(frame), 'row')} names a ticker.")
    dropped = (Dropped(stage, "?", NO_TICKER, int(nameless.sum())),) if nameless.any() else ()
    kept = frame.assign(ticker=texts)[~nameless].reset_index(drop=True)
    if (kept["ticker"].str.fullmatch(r"[A-Za-z0-9.-]+\.US", case=False)).all():
        kept["ticker"] = kept["ticker"].str[:-3]
        table = replace(table, notes=(*table.notes, f"{table.path.name}: Stooq's `.US` is no part of a ticker here."))
    return replace(table, frame=kept, dropped=(*table.dropped, *dropped))


def is_one_ticker(cell: str) -> bool:
    """Return whether a cell, without blanks around it, isn't a list.

    Examples
    --------
    >>> is_one_ticker("KOLA"), is_one_ticker("KOLA, LIMO")
    (True, False)
    """
    return _as_list(cell) == [cell]


def _as_list(cell: object) -> list[object]:
    # A flag is no name, and of whole numbers beside a gap pandas makes floats.
    if isinstance(cell, bool | np.bool_):
        return []
    if isinstance(cell, float) and cell.is_integer():
        return [int(cell)]
    if isinstance(cell, list | tuple | np.ndarray):
        return [item for item in cell if item is not None and str(item).strip()]
    if isinstance(cell, str) and cell.strip().startswith("[") and cell.strip().endswith("]"):
        try:
            items = json.loads(cell.replace("'", '"'))
        except (ValueError, RecursionError):
            return [cell]
        return [str(item) for item in items if item is not None and str(item).strip()]
    if isinstance(cell, str) and re.search(r"[,;|]", cell):
        parts = [part.strip() for part in re.split(r"[,;|]", cell)]
        return [part for part in parts if part] if all(valid_ticker(part) for part in parts if part) else [cell]
    return [cell]


def _tell_series_apart(table: Table, stage: str) -> Table:
    """Keep NSE's equity series; a bond of the same symbol has prices of its own."""
    frame = table.frame
    if stage != "read bars" or "series" not in frame:
        return table
    series = frame["series"].astype("str").str.strip().str.upper()
    rank = series.map({name: place for place, name in enumerate(EQUITY_SERIES)})
    if rank.isna().all():
        return table
    first = rank.groupby([frame["ticker"], frame["date"].astype("str").str.strip()]).transform("min")
    other = rank.isna() | (rank > first)
    tickers = frame["ticker"].where(frame["ticker"].map(valid_ticker), "?")
    dropped = count_dropped(stage, tickers[other], "series " + series[other] + " of NSE beside its shares")
    kept = frame[~other].reset_index(drop=True)
    return replace(table, frame=kept, dropped=(*table.dropped, *dropped))


def _missing(table: Table, missing: Sequence[str], columns: Sequence[str]) -> str:
    path = table.path
    if list(missing) == ["volume"]:
        near = difflib.get_close_matches("volume", [plain(column) for column in columns], n=1, cutoff=0.5)
        if not near:
            return (
                f"{path} states no volume, as indices and exchange rates have none; a bar without volume can't be "
                f"traded. It has {', '.join(columns)}; if one of these is the volume, name it: files.columns volume."
            )
    hints = []
    for ours in missing:
        near = difflib.get_close_matches(ours, [plain(column) for column in columns], n=1, cutoff=0.5)
        theirs = next((column for column in columns if near and plain(column) == near[0]), None)
        hints.append(f"`{ours}`" + (f" (did you mean `{theirs}`?)" if theirs else ""))
    named = ""
    if list(missing) == ["ticker"]:
        named = " A file of one ticker may be named after it, such as AAPL.csv."
    return (
        f"{path} lacks the columns {', '.join(hints)}; it has {', '.join(columns)}. Say in files.columns what it "
        f"calls them, or choose a files.preset: {', '.join(PRESETS)}.{named}"
    )
