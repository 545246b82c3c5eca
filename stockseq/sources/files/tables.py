"""One table from a file of CSV, JSON Lines or Parquet, its columns renamed to ours."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow

from stockseq.errors import SourceError
from stockseq.schemas import valid_ticker
from stockseq.sources.settings import PRESETS

SUFFIXES = (".csv", ".jsonl", ".parquet")
BAR_COLUMNS = ("ticker", "date", "open", "high", "low", "close", "volume")
BAR_EXTRAS = ("adj_close", "dividends", "splits")
HEADLINE_COLUMNS = ("ticker", "published_at", "headline")
HEADLINE_EXTRAS = ("publisher", "url", "id", "first_seen_at")
NUMBERS = ("open", "high", "low", "close", "volume", *BAR_EXTRAS)


@dataclass(frozen=True)
class Table:
    """A file's rows under our column names, and notes for the user."""

    path: Path
    frame: pd.DataFrame
    notes: tuple[str, ...]


def holds_headlines(columns: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Return whether a file with these columns holds headlines rather than bars.

    Examples
    --------
    >>> holds_headlines(["ticker", "published_at", "headline"], {})
    True
    """
    return _find("headline", columns, mapping) is not None and _find("close", columns, mapping) is None


def load_table(path: Path, *, encoding: str | None = None) -> Table:
    """Read a file as it is; numbers in its CSV columns stay text until their meaning is known.

    Raises
    ------
    SourceError
        If the file is missing, empty, of another kind, damaged, or not in the encoding.
    """
    if not path.exists():
        raise SourceError(f"There is no file {path}.")
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path} must be one of {', '.join(SUFFIXES)}; convert it to one of these.")
    try:
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty; expected a table with a header and rows.")
        frame, notes = _read(path, encoding)
    except (OSError, pyarrow.ArrowException) as error:
        raise SourceError(f"{path} can't be read: {_first_line(error)}.") from error
    except UnicodeDecodeError as error:
        kind, tried, found = path.suffix[1:], encoding or "UTF-8 or Windows-1252", error.object[error.start]
        raise SourceError(
            f"{path} isn't text in {tried}: it was to be a {kind} table, and holds the byte 0x{found:02x}. Save it as "
            f"{kind} from the program that wrote it, or set files.encoding."
        ) from error
    except (ValueError, LookupError, RecursionError) as error:
        raise SourceError(f"{path} isn't a readable {path.suffix[1:]} table: {_first_line(error)}.") from error
    if frame.empty:
        raise SourceError(f"{path} has no rows.")
    # Parquet keeps an index: with a name it is a column like any other, without one it may repeat.
    return Table(path, frame.reset_index(drop=frame.index.names == [None]), notes)


def rename_columns(
    table: Table, needed: Sequence[str], optional: Sequence[str], *, mapping: Mapping[str, str]
) -> Table:
    """Give the columns our names: by the mapping, then by name whatever its case and blanks.

    A file of one ticker may lack the ticker column if it is named after the ticker.

    Raises
    ------
    SourceError
        If a needed column is missing, with the nearest name in the file.
    """
    columns = [str(column) for column in table.frame.columns]
    names = {ours: _find(ours, columns, mapping) for ours in (*needed, *optional)}
    frame = table.frame.set_axis(columns, axis=1)
    renamed = pd.DataFrame({ours: frame[theirs] for ours, theirs in names.items() if theirs is not None})
    missing = [ours for ours in needed if names[ours] is None]
    notes = list(table.notes)
    if missing == ["ticker"] and valid_ticker(table.path.stem):
        renamed.insert(0, "ticker", table.path.stem)
        notes.append(f"{table.path.name} has no ticker column: its rows are taken as {table.path.stem}'s.")
    elif missing:
        raise SourceError(_missing(table.path, missing, columns))
    ignored = [column for column in columns if column not in names.values()]
    if ignored:
        notes.append(f"{table.path.name}: columns that mean nothing here are ignored: {', '.join(ignored)}.")
    return Table(table.path, renamed, tuple(notes))


def _read(path: Path, encoding: str | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path), ()
    if encoding is not None:
        return _read_text(path, encoding), ()
    try:
        return _read_text(path, "utf-8-sig"), ()
    except UnicodeDecodeError:
        with path.open("rb") as file:
            # Programs, pictures and spreadsheets are full of zero bytes; a text of single bytes has none.
            if b"\0" in file.read(4096):
                raise
        # Every byte means something in Latin 1, so this is a guess that the user must hear of.
        text = _read_text(path, "cp1252")
        return text, (f"{path.name} isn't UTF-8; it was read as Windows-1252. Set files.encoding if that is wrong.",)


def _read_text(path: Path, encoding: str) -> pd.DataFrame:
    if path.suffix.lower() == ".jsonl":
        with path.open(encoding=encoding) as lines:
            rows = [_json(line) for line in lines if line.strip()]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("each line must be one JSON object")
        return pd.DataFrame(rows)
    # Tickers such as NA, NAN and TRUE are text, and so is a headline that reads "null".
    header = pd.read_csv(path, nrows=0, encoding=encoding).columns
    numbers = [column for column in header if _plain(column) in NUMBERS or _plain(column) == "stock_splits"]
    blanks = {column: ["", "NA", "NaN", "nan", "null", "None"] for column in numbers}
    return pd.read_csv(path, encoding=encoding, keep_default_na=False, na_values=blanks, dtype=_text(header, numbers))


def _json(line: str) -> object:
    value = json.loads(line)
    # Half of a surrogate pair can be read from JSON, and written nowhere.
    if "\\ud" in line.lower() and isinstance(value, dict):
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        value |= {key: text.encode("utf-8", "replace").decode("utf-8") for key, text in texts.items()}
    return value


def _text(header: pd.Index, numbers: Sequence[str]) -> dict[str, str]:
    return {column: "str" for column in header if column not in numbers}


def _find(ours: str, columns: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    mapped = mapping.get(ours)
    if mapped is not None and mapped in columns:
        return mapped
    return next((column for column in columns if _plain(column) == ours), None)


def _plain(column: str) -> str:
    return str(column).strip().lower().replace(" ", "_")


def _missing(path: Path, missing: Sequence[str], columns: Sequence[str]) -> str:
    hints = []
    for ours in missing:
        near = difflib.get_close_matches(ours, [_plain(column) for column in columns], n=1, cutoff=0.5)
        theirs = next((column for column in columns if near and _plain(column) == near[0]), None)
        hints.append(f"`{ours}`" + (f" (did you mean `{theirs}`?)" if theirs else ""))
    return (
        f"{path} lacks the columns {', '.join(hints)}; it has {', '.join(columns)}. Name them in files.columns, such "
        f'as {missing[0]} = "{columns[0]}", or choose a files.preset: {", ".join(PRESETS)}.'
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
