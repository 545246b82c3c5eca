"""Tomorrow's book as the page and the terminal show it: a row a ticker, and what must be known of them."""

from dataclasses import dataclass

from stockseq.forecasting.book_rows import BookRow
from stockseq.forecasting.next_book import NextBook
from stockseq.report import format as wording
from stockseq.report.tables.table import Cell, Table, cell
from stockseq.report.text.book import RULE, book_sentences, side_words

MOST_ROWS = 300
HEADS = ("Ticker", "Order", "Shares", "Last close", "Value", "Cost to enter", "Held", "Weight wanted", "P(up)")


@dataclass(frozen=True)
class BookView:
    """The orders of one session as shown; `table` is None where there are no rows."""

    session: str
    sentences: list[str]
    table: Table | None
    rule: str


def build_book_view(book: NextBook | None) -> BookView | None:
    """Return the book as shown, or None where the run has none."""
    if book is None:
        return None
    return BookView(book.session, book_sentences(book), book_table(book), RULE)


def book_table(book: NextBook, *, limit: int = MOST_ROWS) -> Table | None:
    """Return the orders, a row a ticker, what frees cash first; a column that nothing fills is left out."""
    if not book.rows:
        return None
    any_held = any(row.held for row in book.rows)
    rows = [_cells(row, any_held=any_held) for row in book.rows[:limit]]
    return Table(HEADS, rows, max(0, len(book.rows) - limit)).split_blank()[0]


def _cells(row: BookRow, *, any_held: bool) -> list[Cell]:
    digits = 0 if float(row.order).is_integer() and float(row.held).is_integer() else 4

    def shares(number: float) -> str:
        return wording.number(number, digits=digits)

    return [
        cell(row.ticker),
        cell(side_words(row)),
        cell(abs(row.order) or None, shares),
        cell(row.last_close, lambda price: wording.number(price, digits=2)),
        cell(row.value or None, lambda value: wording.number(value, digits=0)),
        cell(row.cost or None, lambda cost: wording.number(cost, digits=2)),
        cell(row.held if any_held else None, shares),
        cell(row.weight or None, lambda weight: wording.percent(weight, signed=True)),
        cell(row.probability_up, wording.probability),
    ]
