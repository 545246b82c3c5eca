"""One table from a file of CSV, JSON Lines or Parquet, as it is."""

import json
import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow

from stockseq.errors import SourceError
from stockseq.printable import shown
from stockseq.schemas import Dropped
from stockseq.sources.files.delimited import SWALLOWED, pair_fields, read_delimited, stack_tickers

DELIMITED = (".csv", ".tsv", ".txt")
SUFFIXES = (*DELIMITED, ".jsonl", ".parquet")
_MOST_DIGITS = 300
BAR_NAMES, HEADLINE_NAMES = ("bars", "prices"), ("headlines",)


@dataclass(frozen=True)
class Table:
    """A file's rows, at first as they are and then under our column names, and what the user must hear of them.

    Parameters
    ----------
    path : Path
    frame : DataFrame
    notes : tuple of str
    dropped : tuple of Dropped, default=()
        Rows that were left out before their meaning was known.
    has_ticker_column : bool, default=True
        Whether the file names the ticker of each row; else the file is named after its one ticker.
    """

    path: Path
    frame: pd.DataFrame
    notes: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()
    has_ticker_column: bool = True


def load_table(path: Path, *, encoding: str | None = None) -> Table:
    """Read a file as it is; the cells of delimited text stay text until their meaning is known.

    Raises
    ------
    SourceError
        If the file is missing, empty, of another kind, damaged, or not in the encoding.
    """
    if not path.exists():
        raise SourceError(f"There is no file {path}.")
    if not path.is_file():
        raise SourceError(f"{path} is no file; name a table in one of {', '.join(SUFFIXES)}.")
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path} must be one of {', '.join(SUFFIXES)}; convert it to one of these.")
    with reading(path, encoding):
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty; expected a table with a header and rows.")
        frame, notes, n_swallowed = _read(path, encoding)
    if frame.empty:
        raise SourceError(f"{path} has no rows.")
    dropped = (Dropped("read file", "?", SWALLOWED, n_swallowed),) if n_swallowed else ()
    return Table(path, frame, notes, dropped)


@contextmanager
def reading(path: Path, encoding: str | None) -> Iterator[None]:
    """Raise `SourceError` for whatever is wrong with a file that is read within."""
    try:
        yield
    except (OSError, pyarrow.ArrowException) as error:
        raise SourceError(f"{path} can't be read: {_first_line(error)}.") from error
    except UnicodeDecodeError as error:
        kind, tried, found = path.suffix[1:], encoding or "UTF-8 or Windows-1252", error.object[error.start]
        raise SourceError(
            f"{path} isn't text in {tried}: it was to be a {kind} table, and holds the byte 0x{found:02x}. Save it as "
            f"{kind} from the program that wrote it, or set files.encoding."
        ) from error
    except (ValueError, LookupError, OverflowError, RecursionError) as error:
        raise SourceError(f"{path} isn't a readable {path.suffix[1:]} table: {_first_line(error)}.") from error


def holds_zero_bytes(path: Path) -> bool:
    """Return whether a file is none of text: programs, pictures and spreadsheets are full of zero bytes."""
    with path.open("rb") as file:
        return b"\0" in file.read(4096)


def guessed_encoding_note(path: Path) -> str:
    """Return what the user must hear of a guess: every byte means something in Latin 1."""
    return f"{path.name} isn't UTF-8; it was read as Windows-1252. Set files.encoding if that is wrong."


def _read(path: Path, encoding: str | None) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    if encoding is not None:
        return _read_text(path, encoding)
    try:
        return _read_text(path, "utf-8-sig")
    except UnicodeDecodeError:
        # A text of single bytes has none.
        if holds_zero_bytes(path):
            raise
        text, notes, n_swallowed = _read_text(path, "cp1252")
        return text, (guessed_encoding_note(path), *notes), n_swallowed


def _read_parquet(path: Path) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    """Return a frame with its index as a column where it says something: it has a name, or is of dates."""
    frame = _with_texts(pd.read_parquet(path))
    index = frame.index
    dated = isinstance(index, pd.DatetimeIndex)
    if dated and index.name is None:
        index = index.rename("Date")
    pairs = [_pair(column) for column in frame.columns]
    fields = pair_fields([pair for pair in pairs if pair is not None]) if None not in pairs else None
    if fields is not None:
        dates = index.to_frame(index=False).iloc[:, 0].rename("Date")
        wide = pd.concat([dates, frame.reset_index(drop=True)], axis=1)
        wide.columns = pd.MultiIndex.from_tuples([("Date", ""), *fields])
        return *stack_tickers(wide, path.name), 0
    says = index.names != [None] and not set(index.names) & set(frame.columns)
    frame.index = index
    return frame.reset_index(drop=not says), (), 0


def _with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with bytes read as the text that they are: old writers of Parquet don't mark their texts."""
    if not frame.columns.is_unique:
        raise ValueError("the name of a column stands twice in it")
    texts: dict[Hashable, pd.Series] = {}
    for name in frame:
        if frame[name].dtype == object and any(isinstance(cell, bytes) for cell in frame[name]):
            try:
                texts[name] = frame[name].map(lambda cell: cell.decode("utf-8") if isinstance(cell, bytes) else cell)
            except UnicodeDecodeError as error:
                raise ValueError(f"its column {shown(name)} holds bytes that are no text in UTF-8") from error
    return pd.DataFrame({name: texts.get(name, frame[name]) for name in frame}) if texts else frame


def _pair(column: object) -> tuple[str, str] | None:
    """Return field and ticker of a column of two header rows, or of the text that such a pair was saved as."""
    if isinstance(column, tuple) and len(column) == 2:
        return str(column[0]), str(column[1])
    match = re.fullmatch(r"\('(.*)', '(.*)'\)", str(column))
    return (match[1], match[2]) if match else None


def _read_text(path: Path, encoding: str) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    if path.suffix.lower() != ".jsonl":
        return read_delimited(path, encoding)
    with path.open(encoding=encoding) as lines:
        rows = [_json(line) for line in lines if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("each line must be one JSON object")
    # As they are: of whole numbers pandas would make floats, and fail at those of 400 digits.
    return pd.DataFrame(rows, dtype=object).infer_objects(), (), 0


def _json(line: str) -> object:
    value = json.loads(line, parse_int=_whole_number)
    # Half of a surrogate pair can be read from JSON, and written nowhere.
    if "\\ud" in line.lower() and isinstance(value, dict):
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        value |= {key: text.encode("utf-8", "replace").decode("utf-8") for key, text in texts.items()}
    return value


def _whole_number(digits: str) -> int | str:
    """Return a number of JSON; one that no float holds stays the text that it is, and is then no number."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _first_line(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "its brackets are nested too deep"
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
