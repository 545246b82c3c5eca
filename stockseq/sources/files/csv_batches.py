"""Delimited text of any size, batch by batch in bounded memory, read like `read_delimited` reads a file whole."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from stockseq.errors import SourceError
from stockseq.sources.files.delimited import (
    N_SHAPES,
    column_names,
    count_swallowed,
    first_shapes,
    read_head,
    swallowed_note,
    wide_header,
)

# A record can't be longer than a block.
BLOCK: Final = 4 * 2**20
_PART: Final = 4 * 2**20
# After the last line: where it isn't a record of its own, a quote is open.
_END_MARK: Final = "\x02end\x02"


class NotInBatches(Exception):
    """The file is laid out so that only as a whole it can be read."""


@dataclass
class CsvBatches:
    """A file's records; iterating reads it once, and then `n_swallowed` and `notes` say what was left out.

    Parameters
    ----------
    path : Path
        With one header row that names every column.
    encoding : str
        "utf-8-sig", or any other.

    Raises
    ------
    NotInBatches
        For headers of two rows, and for columns without a name beyond the first.
    UnicodeDecodeError
        While iterating, where a byte isn't of the encoding.
    ValueError
        While iterating: a zero byte, cells beyond the header, a quote that is never closed.
    """

    path: Path
    encoding: str
    n_rows: int = field(default=0, init=False)
    n_swallowed: int = field(default=0, init=False)
    columns: tuple[str, ...] = field(default=(), init=False)
    _first_swallowed: int = field(default=0, init=False)
    _n_lines: int = field(default=0, init=False)
    _file: "_Checked | None" = field(default=None, init=False)
    _short: list[str] = field(default_factory=list, init=False)
    _long: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.delimiter, rows = read_head(self.path, self.encoding)
        names = column_names(rows)
        if wide_header(rows) is not None or not rows or len(names) != len(rows[0]) or len(names) < 2:
            raise NotInBatches
        if any(name.startswith("Unnamed: ") for name in names[1:]):
            raise NotInBatches
        self.columns = tuple(names)

    @property
    def n_bytes(self) -> int:
        """Bytes of the file that have been read by now."""
        return 0 if self._file is None else self._file.n_bytes

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of what was left out."""
        if not self.n_swallowed:
            return ()
        counts = {"n_rows": self.n_swallowed, "total": self.n_rows, "n_lines": self._n_lines}
        return (swallowed_note(self.path.name, first=self._first_swallowed, **counts),)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the records as text, those that a stray quote swallowed left out; records that lack cells come last."""
        first = self._whole_batches()
        head: list[pa.RecordBatch] = []
        while sum(map(len, head)) < N_SHAPES and (batch := next(first, None)) is not None:
            head.append(batch)
        if not head:
            return
        if self.columns[0].startswith("Unnamed: ") and not any(
            pc.any(pc.not_equal(b.column(0), "")).as_py() for b in head
        ):
            # Read whole, it is no column at all.
            raise NotInBatches
        cells = pa.concat_arrays([batch.column(0) for batch in head])[:N_SHAPES].to_pylist()
        shapes = first_shapes(pd.Series(cells, dtype="str"))
        for batches in (head, first):
            for batch in batches:
                yield self._without_swallowing(batch, shapes)

    def _whole_batches(self) -> Iterator[pa.RecordBatch]:
        with _Checked(self.path, self.encoding, self._end_line()) as self._file:
            pending: pa.RecordBatch | None = None
            for batch in self._arrow(self._file):
                if self._long:
                    raise ValueError(self._too_long())
                if pending is not None:
                    yield pending
                pending = batch if len(batch) else pending
            if self._long:
                raise ValueError(self._too_long())
            if pending is None or pending.column(0)[-1].as_py() != _END_MARK:
                raise ValueError(f"the quote that opens in line {self._open_record():,} is never closed")
            if len(pending) > 1:
                yield pending[:-1]
        if self._short:
            rows = [self._cells(text) for text in self._short]
            padded = [[*row, *[""] * (len(self.columns) - len(row))] for row in rows]
            yield pa.RecordBatch.from_pylist(
                [dict(zip(self.columns, row, strict=True)) for row in padded], schema=self._schema()
            )

    def _arrow(self, file: "_Checked") -> Iterator[pa.RecordBatch]:
        try:
            yield from arrow_csv.open_csv(
                pa.PythonFile(file, "r"),
                read_options=arrow_csv.ReadOptions(
                    block_size=BLOCK,
                    column_names=list(self.columns),
                    skip_rows=_n_blank_lines(self.path, self.encoding),
                    skip_rows_after_names=1,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=self._invalid
                ),
                convert_options=arrow_csv.ConvertOptions(column_types=self._schema()),
            )
        except pa.ArrowInvalid as error:
            if "straddling" in str(error):
                raise ValueError(
                    f"the record that begins in line {self._open_record():,} is longer than {BLOCK // 2**20} MB: a "
                    "quote that opens there isn't closed"
                ) from error
            if "invalid UTF8" in str(error):
                raise UnicodeDecodeError("utf-8", *_first_stray(self.path)) from error
            raise ValueError(str(error)) from error

    def _schema(self) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in self.columns])

    def _end_line(self) -> str:
        return "\n" + _END_MARK + self.delimiter * (len(self.columns) - 1) + "\n"

    def _invalid(self, row: arrow_csv.InvalidRow) -> str:
        if row.actual_columns > row.expected_columns:
            self._long.append(row.text)
        elif row.text.strip() and _END_MARK not in row.text:
            self._short.append(row.text)
        return "skip"

    def _cells(self, record: str) -> list[str]:
        """Return the cells of a record that has too few or too many, which a file has seldom."""
        columns = [f"{place}" for place in range(record.count(self.delimiter) + 1)]
        frame = pd.read_csv(
            io.StringIO(record), sep=self.delimiter, header=None, names=columns, dtype="str", keep_default_na=False
        )
        return [str(cell) for cell in frame.iloc[0].dropna()]

    def _too_long(self) -> str:
        # The threads of the reader find rows in any order.
        lines = sorted((_line_of(self.path, text.encode(_plain(self.encoding))), text) for text in self._long)
        line, text = lines[0]
        n_cells = len(self._cells(text))
        return (
            f"line {line} has {n_cells} cells where the header has {len(self.columns)}; a text that holds the "
            "delimiter needs quotes around it"
        )

    def _without_swallowing(self, batch: pa.RecordBatch, shapes: frozenset[str]) -> pa.RecordBatch:
        n_delimiters = len(self.columns) - 1
        # A line that begins a row, by its first cell alone; what is found is looked at closely.
        begins = "|".join(sorted(_pattern(shape) for shape in shapes))
        pattern = rf"\n[\s\p{{Z}}]*(?:{begins})[\s\p{{Z}}]*{_quote(self.delimiter)}" if n_delimiters > 1 else r"\n"
        swallowed = np.zeros(len(batch), dtype=bool)
        for column in batch.columns:
            for row in np.flatnonzero(pc.match_substring_regex(column, pattern).to_numpy(zero_copy_only=False)):
                n_lines = count_swallowed(column[int(row)].as_py(), self.delimiter, n_delimiters, shapes)
                swallowed[row] |= n_lines > 0
                self._n_lines += n_lines
        if swallowed.any():
            self._first_swallowed = self._first_swallowed or self.n_rows + int(swallowed.argmax()) + 1
            self.n_swallowed += int(swallowed.sum())
        self.n_rows += len(batch)
        return batch.filter(pa.array(~swallowed)) if swallowed.any() else batch

    def _open_record(self) -> int:
        """Return the line in which the first record begins that is longer than a block, or the last of all begins."""
        line = begin_line = 1
        position = begin = 0
        is_open = False
        with self.path.open("rb") as file:
            while part := file.read(_PART):
                text = np.frombuffer(part, dtype=np.uint8)
                newlines = np.flatnonzero(text == ord("\n"))
                quotes = np.cumsum(text == ord('"')) + is_open
                ends = newlines[quotes[newlines] % 2 == 0]
                starts = np.concatenate([[begin - position], ends + 1])
                lengths = np.diff(np.concatenate([starts, [len(text)]]))
                at = int(np.argmax(lengths > BLOCK)) if (lengths > BLOCK).any() else len(starts) - 1
                if at:
                    begin, begin_line = position + int(starts[at]), line + int((newlines < starts[at]).sum())
                if lengths[at] > BLOCK:
                    return begin_line
                is_open = bool(quotes[-1] % 2)
                line += len(newlines)
                position += len(part)
        return begin_line


class _Checked(io.RawIOBase):
    """A file as UTF-8 with a mark at its end; a zero byte or one that isn't of the encoding raises."""

    def __init__(self, path: Path, encoding: str, end: str) -> None:
        super().__init__()
        self._bytes = path.open("rb")
        # UTF-8 is checked by whoever reads it.
        is_utf8 = encoding == "utf-8-sig"
        self._text = None if is_utf8 else io.TextIOWrapper(self._bytes, encoding=encoding, newline="")
        self._end: bytes | None = end.encode()
        self.n_bytes = self._line = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size` of UTF-8 text and a little more of any other."""
        if self._text is None:
            part = self._bytes.read(size)
            self.n_bytes += len(part)
        else:
            part = self._text.read(max(size // 4, 1)).encode("utf-8", "surrogatepass")
            self.n_bytes = self._bytes.tell()
        if b"\0" in part:
            line = self._line + part.partition(b"\0")[0].count(b"\n") + 1
            raise ValueError(
                f"it holds a zero byte (line {line:,}), which no text has; save it as text, or set files.encoding if "
                "it is UTF-16"
            )
        self._line += part.count(b"\n")
        if not part and self._end is not None:
            part, self._end = self._end, None
        return part

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()
        super().close()


def _n_blank_lines(path: Path, encoding: str) -> int:
    """Return how many blank lines stand before the header."""
    with path.open(encoding=encoding, newline="") as file:
        return sum(1 for _ in takewhile(lambda line: not line.rstrip("\r\n"), file))


def _plain(encoding: str) -> str:
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _line_of(path: Path, record: bytes) -> int:
    """Return the line in which a record's text begins; 0 where it can't be found."""
    sought, line, carry = b"\n" + record, 0, b"\n"
    with path.open("rb") as file:
        while part := file.read(_PART):
            text = carry + part
            if (at := text.find(sought)) >= 0:
                return line + text[: at + 1].count(b"\n")
            keep = min(len(text), len(sought) - 1)
            line += text[: len(text) - keep].count(b"\n")
            carry = text[len(text) - keep :]
    return 0


def _first_stray(path: Path) -> tuple[bytes, int, int, str]:
    """Return what `UnicodeDecodeError` says of the first bytes that aren't UTF-8."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            while file.read(_PART):
                pass
        except UnicodeDecodeError as error:
            return error.object, error.start, error.end, error.reason
    raise SourceError(f"{path} changed while it was read; import it again.")


def _pattern(shape: str) -> str:
    """Return a regular expression for the cells of a shape."""
    return "".join({"0": r"\p{Nd}+", "a": "[A-Za-z]+"}.get(letter, _quote(letter)) for letter in shape)


def _quote(letter: str) -> str:
    return letter if letter.isalnum() else f"\\x{{{ord(letter):x}}}"
