"""What a person reads of tomorrow's book in the terminal."""

from pipelines.screens.console import build_table, console, escape
from stockseq.forecasting.next_book import NextBook
from stockseq.report.book import book_table
from stockseq.report.text.book import book_sentences

MOST_ROWS = 60
SHOWN = ("Ticker", "Order", "Shares", "Last close", "Value", "Cost to enter", "Held", "P(up)")


def show_book(book: NextBook) -> None:
    """The orders for the next session, whose account they are of, and what was left out."""
    orders = book_table(book, limit=MOST_ROWS)
    if orders is not None:
        columns = [position for position, head in enumerate(orders.heads) if head in SHOWN]
        title = f"The next session's book: what the policy would order at the open of {book.session}"
        table = build_table(title, *(orders.heads[position] for position in columns), left=(0, 1))
        for row in orders.rows:
            table.add_row(*(escape(row[position].text) for position in columns))
        console.print(table)
        if orders.n_hidden:
            console.print(f"{orders.n_hidden:,} more rows are on the page.")
    for sentence in book_sentences(book):
        console.print(f"  {escape(sentence)}")
