"""What tomorrow's book holds, in sentences: whose account it is, what it costs, and what was left out and why."""

from stockseq.backtest.prints import NYSE_DELISTING_RETURN
from stockseq.errors import counted, listed
from stockseq.forecasting.book_rows import BookRow
from stockseq.forecasting.next_book import NextBook
from stockseq.report.format import count, number, percent
from stockseq.report.text.names import trade_words

SIDES = {
    "sell and short": "sell, then short",
    "cover and buy": "cover, then buy",
    "too dear": "too dear: one lot costs more than its share",
    "no price": "no close to size it by",
}
RULE = (
    "A forecast has no view where its probability of up is no further from 50% than its seeds are, by one standard "
    "deviation, from one another."
)
# Tickers that a sentence names.
MOST_NAMED = 8


def book_sentences(book: NextBook) -> list[str]:
    """Return what must be known of the orders, the most important first."""
    if book.reason:
        return [f"There is no book for {book.session}: {book.reason}"]
    return [
        sentence
        for sentence in (
            _late(book),
            _account(book),
            _policy(book),
            _against(book),
            _trade(book),
            _orders(book),
            _no_view(book),
            _left_out(book),
            _taken_out(book),
            _unvalued(book),
        )
        if sentence
    ]


def side_words(row: BookRow) -> str:
    """Return what to do with a ticker, in words.

    Examples
    --------
    >>> side_words(BookRow(ticker="KOLA", side="sell and short", order=-9.0, held=5.0, weight=-0.1))
    'sell, then short'
    """
    words = SIDES.get(row.side, row.side)
    return f"{words} (no view)" if row.no_view and row.side != "no view" else words


def _late(book: NextBook) -> str:
    return f"Too late: {book.session} had opened when it was forecast; no order can be filled at its open." * book.late


def _account(book: NextBook) -> str:
    held = any(row.held for row in book.rows)
    worth = f"{count(book.equity)} in all at the last closes, with {count(book.cash)} in cash"
    if book.source == "file":
        return f"What is held is what your positions file says: {worth}."
    if book.since is None:
        return f"No forecast is live yet, so the ledger's paper account starts with {count(book.cash)} in cash."
    followed = f"followed every live forecast since {book.since} ({counted(book.n_sessions, 'session')})"
    began = "" if book.capital is None else f" It began with {count(book.capital)}."
    if not held:
        return f"Nothing is held: the ledger's paper account, which {followed}, has {count(book.cash)} in cash.{began}"
    return f"What is held is what the ledger's paper account has, which {followed}: {worth}.{began}"


def _policy(book: NextBook) -> str:
    if not book.top_k or not book.n_targets:
        return ""
    n = min(book.top_k, book.n_targets // 2) if book.two_sided else book.n_targets
    short = f", and sells short the {n} that it ranks lowest" if book.two_sided else ""
    return f"The policy buys the {counted(n, 'ticker')} that the model ranks highest{short}."


def _against(book: NextBook) -> str:
    """Say which orders go against the ticker's own direction: ranks compare tickers, and may all of them fall."""
    rows = [row for row in book.rows if row.order and row.probability_up is not None and not row.no_view]
    bought = tuple(row.ticker for row in rows if row.weight > 0 and (row.probability_up or 0) < 0.5)
    sold = tuple(row.ticker for row in rows if row.weight < 0 and (row.probability_up or 0) > 0.5)
    parts = [f"bought though it is more likely to fall: {_named(bought)}"] if bought else []
    parts += [f"sold short though it is more likely to rise: {_named(sold)}"] if sold else []
    if not parts:
        return ""
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}. The rank compares tickers with one another, and the policy goes by it alone."


def _trade(book: NextBook) -> str:
    if book.horizon == 0:
        return (
            "Open to close holds nothing overnight: what is bought or sold short at the open is closed at the close, "
            "which costs about as much again."
        )
    if book.horizon == 1:
        return f"Each trade runs from {trade_words(book.label)}; what stays wanted is held."
    return (
        f"Trades of {book.horizon} sessions overlap: at each open a tranche of 1/{book.horizon} of the equity is "
        f"opened, and the one of {book.horizon} sessions before is left. What the two share isn't traded."
    )


def _orders(book: NextBook) -> str:
    rows = [row for row in book.rows if row.order]
    if not rows:
        return "There is nothing to order."
    value = sum(row.value for row in rows)
    sentence = (
        f"{counted(len(rows), 'order')} worth {count(value)} at the last closes; entering them costs about "
        f"{number(book.cost, digits=2)}."
    )
    if book.shortfall < 1:
        return sentence
    return (
        f"{sentence} At these closes that is {count(book.shortfall)} more than there is; what cash doesn't cover is "
        "cut at the open."
    )


def _no_view(book: NextBook) -> str:
    if not book.n_no_view:
        return ""
    of = f"of the policy's {counted(book.n_targets, 'target')}"
    noise = "is no further from 50% than the seeds are from one another"
    then = "weight stays cash; the backtest trades such forecasts too."
    if book.n_no_view == 1:
        return f"One {of} has no view: its probability of up {noise}. It gets no new order, its {then}"
    return f"{book.n_no_view:,} {of} have no view: their probability of up {noise}. They get no new order, their {then}"


def _left_out(book: NextBook) -> str:
    if not book.no_forecast:
        return ""
    then = {0: "and is closed at the close", 1: "and stays"}.get(book.horizon, "and is left when its trade is over")
    return f"Held without a forecast: {_named(book.no_forecast)}. It is not traded anew {then}."


def _taken_out(book: NextBook) -> str:
    removed = f"{_named(book.removed)}, no longer among the run's tickers, at the last close" if book.removed else ""
    loss = percent(-NYSE_DELISTING_RETURN, digits=0)
    silent = f"{_named(book.silent)}, without a bar since, at {loss} below the last close" if book.silent else ""
    parts = "; ".join(part for part in (removed, silent) if part)
    return f"Taken out of the paper account: {parts}." if parts else ""


def _unvalued(book: NextBook) -> str:
    if not book.unvalued:
        return ""
    return (
        f"Left alone: {_named(book.unvalued)} of your positions file. There is no recent close here, so they are in no "
        "sum and get no order."
    )


def _named(tickers: tuple[str, ...]) -> str:
    return listed(tickers, most=MOST_NAMED)
