"""Delimited text as programs write it: the delimiter found, headers of two rows, trailing delimiters, stray quotes."""

import csv
import re
import warnings
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from stockseq.schemas import valid_ticker

DELIMITERS = ",;\t|"
FIELDS = frozenset(
    {"open", "high", "low", "close", "adj close", "volume", "dividends", "stock splits", "capital gains", "repaired?"}
)
# What stands in the corner of the two header rows that yfinance writes.
CORNERS = frozenset({"", "price", "ticker", "tickers", "attributes", "symbols"})
# Of the first column, whose shapes tell a row from a line of text.
N_SHAPES = 200
SWALLOWED = "row in which a stray quote swallowed others"


def read_delimited(path: Path, encoding: str) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    """Return a file's cells as text, notes for the user, and how many rows a stray quote made useless.

    Parameters
    ----------
    path : Path
        Its first line is the header, or its first two are those of yfinance: fields over tickers, or the reverse.
    encoding : str

    Raises
    ------
    ValueError
        If a quote is never closed, or rows are longer than the header.
    """
    _require_no_zeros(path, encoding)
    delimiter, rows = read_head(path, encoding)
    options: dict[str, object] = {"sep": delimiter, "encoding": encoding, "keep_default_na": False, "dtype": "str"}
    wide = wide_header(rows)
    try:
        if wide is not None:
            fields, n_rows = wide
            frame = _parse(path, header=None, skiprows=n_rows, **options)
            if frame.shape[1] < len(fields) or (frame.iloc[:, len(fields) :] != "").any(axis=None):
                raise ValueError(f"its two header rows name {len(fields)} columns, its rows {frame.shape[1]}")
            frame = frame.iloc[:, : len(fields)]
            long, notes = stack_tickers(frame.set_axis(pd.MultiIndex.from_tuples(fields), axis=1), path.name)
            return long, notes, 0
        names = column_names(rows)
        frame = _parse(path, header=0, names=names, **options)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(_plain_words(error)) from error
    blank = [name for name in frame if str(name).startswith("Unnamed: ") and (frame[name] == "").all()]
    return _without_swallowing(frame.drop(columns=blank), delimiter, path.name)


def read_head(path: Path, encoding: str) -> tuple[str, list[list[str]]]:
    """Return the delimiter of a file and the cells of its first lines, at most four that aren't blank."""
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(65_536)
    delimiter = _find_delimiter(head)
    return delimiter, list(islice(filter(None, csv.reader(head.splitlines(), delimiter=delimiter)), 4))


def _parse(path: Path, **options: object) -> pd.DataFrame:
    with warnings.catch_warnings():
        # Else it would drop the cells beyond the header.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame: pd.DataFrame = pd.read_csv(path, index_col=False, **options)  # type: ignore[call-overload]
    return frame


def _require_no_zeros(path: Path, encoding: str) -> None:
    """Raise `ValueError` for a zero byte: pandas would end the cell there, and take `BBB` for `BBB\\0CCC`."""
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        while chunk := file.read(1 << 20):
            before, zero, _ = chunk.partition("\0")
            line += before.count("\n")
            if zero:
                raise ValueError(
                    f"it holds a zero byte (line {line:,}), which no text has; save it as text, or set files.encoding "
                    "if it is UTF-16"
                )


def stack_tickers(wide: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table of two header rows as one row per date and ticker, and a note on it.

    Parameters
    ----------
    wide : DataFrame
        Its columns are pairs of field and ticker, in either order; the first column is the date where it is paired
        with nothing.
    name : str
        Of the file.

    Examples
    --------
    >>> columns = pd.MultiIndex.from_tuples([("Date", ""), ("Close", "KOLA"), ("Close", "LIMO")])
    >>> long, _ = stack_tickers(pd.DataFrame([["2024-06-03", "80", ""]], columns=columns), "prices.csv")
    >>> long.to_dict("records")
    [{'Date': '2024-06-03', 'Ticker': 'KOLA', 'Close': '80'}]
    """
    pairs = [tuple(str(part) for part in pair) for pair in wide.columns]
    tickers = list(dict.fromkeys(ticker for _, ticker in pairs if ticker))
    dates = wide.iloc[:, 0]
    parts = []
    for ticker in tickers:
        own = [position for position, pair in enumerate(pairs) if pair[1] == ticker]
        part = wide.iloc[:, own].set_axis([pairs[position][0] for position in own], axis=1)
        parts.append(pd.concat([dates.rename("Date"), part], axis=1).assign(Ticker=ticker))
    long = pd.concat(parts, ignore_index=True)
    values = long.drop(columns=["Date", "Ticker"])
    empty = ((values == "") | values.isna()).all(axis=1)
    padded = f"; {int(empty.sum())} empty cells of tickers without a bar are no rows" if empty.any() else ""
    note = f"{name}: two header rows as yfinance writes them, of {', '.join(tickers[:5])}{'...' * (len(tickers) > 5)}"
    ordered = ["Date", "Ticker", *values.columns]
    return long.loc[~empty, ordered].reset_index(drop=True), (f"{note}{padded}.",)


def pair_fields(columns: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """Return pairs of field and ticker from pairs in either order, or None where they are something else."""
    for first, second in ((0, 1), (1, 0)):
        pairs = [(pair[first].strip(), pair[second].strip()) for pair in columns]
        if pairs and all(field.lower() in FIELDS and valid_ticker(ticker) for field, ticker in pairs):
            return pairs
    return None


def _find_delimiter(head: str) -> str:
    first = next((line for line in head.splitlines() if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=outside.count)


def wide_header(rows: list[list[str]]) -> tuple[list[tuple[str, str]], int] | None:
    """Return the columns that two header rows make, and how many lines they take; None where there is one."""
    if len(rows) < 3 or any(row[:1] and row[0].strip().lower() not in CORNERS for row in rows[:2]):
        return None
    if len(rows[0]) != len(rows[1]) or len(rows[0]) < 2:
        return None
    pairs = pair_fields(list(zip(rows[0][1:], rows[1][1:], strict=True)))
    if pairs is None:
        return None
    named = rows[2][0].strip().lower() in ("date", "datetime", "") and not any(cell.strip() for cell in rows[2][1:])
    return [("Date", ""), *pairs], 3 if named else 2


def column_names(rows: list[list[str]]) -> list[str]:
    """Return the columns' names: each once, and as many as the rows have cells."""
    header = [cell.strip() for cell in rows[0]] if rows else []
    surplus = len(rows[1]) - len(header) if len(rows) > 1 else 0
    if surplus == 1:
        # A row that ends in a delimiter has an empty last cell; else the first is an index that nobody named.
        header = [*header, ""] if not rows[1][-1].strip() else ["", *header]
    names: list[str] = []
    for position, name in enumerate(header):
        plain = name or f"Unnamed: {position}"
        names.append(f"{plain}.{names.count(plain)}" if plain in names else plain)
    return names


def _without_swallowing(frame: pd.DataFrame, delimiter: str, name: str) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    """Leave out the rows that hold others: a later line in an earlier headline would be news from the future."""
    n_delimiters = frame.shape[1] - 1
    shapes = first_shapes(frame.iloc[:, 0])
    swallowed = pd.Series(False, index=frame.index)
    lines = 0
    for column in frame.columns.astype(str) if n_delimiters else ():
        cells = frame[column]
        for row in np.flatnonzero(cells.str.contains("\n", regex=False)).tolist():
            alike = count_swallowed(str(cells.iloc[row]), delimiter, n_delimiters, shapes)
            swallowed.iloc[row] |= alike > 0
            lines += alike
    if not swallowed.any():
        return frame, (), 0
    first = int(swallowed.to_numpy().argmax()) + 1
    note = swallowed_note(name, n_rows=int(swallowed.sum()), total=len(frame), first=first, n_lines=lines)
    return frame[~swallowed].reset_index(drop=True), (note,), int(swallowed.sum())


def first_shapes(column: pd.Series) -> frozenset[str]:
    """Return the shapes of a column's first cells: digits as digits, letters as letters."""
    return frozenset(_shape(value) for value in column.head(N_SHAPES))


def count_swallowed(text: str, delimiter: str, n_delimiters: int, shapes: Collection[str]) -> int:
    """Return how many lines of a cell look like rows of their own.

    Newlines belong into articles; lines with all the delimiters of a row, and a first cell like any row's, don't.

    Examples
    --------
    >>> count_swallowed("up\\n7,KOLA,2024-12-02,down", ",", 3, {"0"})
    1
    """
    inner = [line for line in text.split("\n")[1:] if line.count(delimiter) >= n_delimiters - 1]
    return sum(_shape(line.split(delimiter)[0]) in shapes for line in inner)


def swallowed_note(name: str, *, n_rows: int, total: int, first: int, n_lines: int) -> str:
    """Return the sentence on rows that a stray quote made useless; `first` counts rows from 1."""
    return (
        f"{name}: a stray quote in {n_rows} of {total} rows, first row {first}, swallowed {n_lines} lines that look "
        "like rows of their own; these rows are left out. Close the quotes, or double them inside a text."
    )


def _shape(text: str) -> str:
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "0", text.strip()))


def _plain_words(error: Exception) -> str:
    text = str(error)
    if isinstance(error, pd.errors.ParserWarning):
        return "some rows have more cells than the header; a text that holds the delimiter needs quotes around it"
    if found := re.search(r"EOF inside string starting at row (\d+)", text):
        return f"the quote that opens in line {int(found[1]) + 1} is never closed"
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text):
        cells = f"line {found[2]} has {found[3]} cells where the header has {found[1]}"
        return f"{cells}; a text that holds the delimiter needs quotes around it"
    return text.strip().splitlines()[0].removeprefix("Error tokenizing data. ")
