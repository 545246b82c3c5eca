"""Tables of a page: cells that read well and sort by value, and rows that stop at a limit which is stated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stockseq.report import format as wording
from stockseq.report.text.names import Format

COLUMN_FORMATS: dict[str, Format] = {
    "session": wording.session,
    "probability_up": wording.probability,
    "expected_return": lambda value: wording.percent(value, digits=2, signed=True),
    "realised_return": lambda value: wording.percent(value, digits=2, signed=True),
    "accuracy": wording.percent,
    "base_rate": wording.percent,
    "rose": wording.percent,
    "weight": lambda value: wording.percent(value, signed=True),
    "price": lambda value: wording.number(value, digits=2),
    "value": lambda value: wording.number(value, digits=2),
    "fill_price": lambda value: wording.number(value, digits=2),
    "commission": lambda value: wording.number(value, digits=2),
    "cost": lambda value: wording.number(value, digits=2),
}


@dataclass(frozen=True)
class Cell:
    """A cell's words and what it sorts by; `is_number` sets it flush right, `link` leads to a page of ours."""

    text: str
    sort: float | str
    is_number: bool = False
    link: str = ""


@dataclass(frozen=True)
class Table:
    """Column heads, rows of cells and how many further rows are not shown; the first column names the row."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    n_hidden: int = 0

    def numeric(self, column: int) -> bool:
        """Return whether every shown cell of the column is a number or missing, and at least one is."""
        cells = [row[column] for row in self.rows]
        return any(cell.is_number for cell in cells) and all(
            cell.is_number or cell.text == wording.DASH for cell in cells
        )

    def split_blank(self) -> "tuple[Table, list[str]]":
        """Return the table without the columns that no row has, and their heads."""
        numbers = range(len(self.heads))
        filled = [number for number in numbers if any(row[number].text != wording.DASH for row in self.rows)]
        heads = [self.heads[number] for number in filled]
        rows = [[row[number] for number in filled] for row in self.rows]
        return Table(heads, rows, self.n_hidden), [head for head in self.heads if head not in heads]


def cell(value: Any, write: Format = wording.anything) -> Cell:
    """Return a value as `write` words it, a dash where it is missing; it sorts by the value itself."""
    if value is None or (not isinstance(value, Sequence | Mapping) and bool(pd.isna(value))):
        return Cell(wording.DASH, "")
    if isinstance(value, pd.Timestamp):
        return Cell(write(value), value.isoformat())
    number = wording.finite(value)
    if number is not None:
        return Cell(write(value), number, is_number=True)
    return Cell(write(value), wording.text(value, limit=60).casefold())


def frame_table(frame: pd.DataFrame, *, limit: int, names: Mapping[str, str] | None = None) -> Table:
    """Return the first `limit` rows of a frame; `names` picks and heads the columns."""
    heads = names or {str(column): wording.label(str(column)) for column in frame.columns}
    first = frame.head(limit)
    columns = [[cell(value, COLUMN_FORMATS.get(key, wording.anything)) for value in first[key]] for key in heads]
    return Table(list(heads.values()), list(zip(*columns, strict=True)), max(0, len(frame) - limit))


def mapping_table(mapping: Mapping[str, object], heads: tuple[str, str], *, limit: int = 400) -> Table | None:
    """Return the leaves of a nested mapping, a row each, or None without any."""
    leaves = wording.flatten(mapping)
    rows = [[cell(name), cell(value)] for name, value in leaves[:limit]]
    return Table(heads, rows, max(0, len(leaves) - limit)) if rows else None
