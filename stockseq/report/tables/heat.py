"""A heat map: a table of signed numbers whose colour says how far from 0 each lies, and to which side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HeatCell:
    """A number as it is written, what it sorts by, and how strongly and to which side it is coloured.

    `side` is "gain", "loss" or "none"; `strength` is a whole percentage of the page's deepest colour; `note` is what
    a reader must know of this number alone.
    """

    text: str
    side: str
    strength: int
    sort: float | str = ""
    note: str = ""


@dataclass(frozen=True)
class HeatMap:
    """Rows of cells under their heads; `corner` heads the rows' names, `reach` is the size of the deepest colour."""

    corner: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    reach: str


def heat_cell(value: float | None, *, reach: float, write: Callable[[object], str], note: str = "") -> HeatCell:
    """Return the cell of a number, coloured by its share of `reach`; an empty one where there is none.

    Examples
    --------
    >>> heat_cell(-0.01, reach=0.04, write=str).strength, heat_cell(None, reach=1.0, write=str).text
    (25, '')
    """
    if value is None:
        return HeatCell("", "none", 0)
    side = "none" if value == 0 else "gain" if value > 0 else "loss"
    strength = min(round(100 * abs(value) / reach), 100) if reach else 0
    return HeatCell(write(value), side, strength, value, note)
