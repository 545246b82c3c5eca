"""The book as shown: a row a ticker, no column of nothing, and what must be known of the account."""

from typing import Any

from stockseq.forecasting.book_rows import BookRow
from stockseq.forecasting.next_book import NextBook
from stockseq.report.book import book_table, build_book_view
from stockseq.report.text.book import book_sentences
from tests.report.conftest import texts

BUY = BookRow(ticker="A", side="buy", order=20.0, held=0.0, weight=0.1, last_close=50.0, value=1000.0, cost=0.6)
HOLD = BookRow(ticker="B", side="hold", order=0.0, held=-30.0, weight=0.0, last_close=10.0)
NO_VIEW = BookRow(ticker="C", side="no view", order=0.0, held=0.0, weight=-0.1, last_close=12.345)


def book(*rows: BookRow, **changes: Any) -> NextBook:
    """A book for one session, of an account that followed four."""
    parts: dict[str, Any] = {
        "session": "2024-12-05", "label": "open_to_close", "horizon": 0, "since": "2024-11-29", "n_sessions": 4,
        "cash": 9_700.0, "equity": 10_000.0, "rows": rows, "n_targets": 2, "cost": 0.6,
    }  # fmt: skip
    return NextBook.from_dict(parts | changes)


def test_orders_holds_and_no_views_are_rows() -> None:
    """Shares of an order have no sign, for the side says it; those held have."""
    table = book_table(book(BUY, HOLD, NO_VIEW))
    assert texts(table) == [
        ["A", "buy", "20", "50.00", "1,000", "0.60", "0", "+10.0%"],
        ["B", "hold", "\u2013", "10.00", "\u2013", "\u2013", "\u221230", "\u2013"],
        ["C", "no view", "\u2013", "12.35", "\u2013", "\u2013", "0", "\u221210.0%"],
    ]


def test_an_order_of_an_earlier_trade_says_that_the_new_one_has_no_view() -> None:
    """A tranche that ends is left whatever is forecast now."""
    ends = BUY.model_copy(update={"side": "cover", "held": -20.0, "no_view": True})
    assert texts(book_table(book(ends)))[0][1] == "cover (no view)"


def test_where_nothing_is_held_no_column_says_so() -> None:
    """Eight columns are many on a phone."""
    table = book_table(book(BUY))
    assert table is not None
    assert "Held" not in table.heads
    assert book_table(book()) is None


def test_fractions_of_a_share_are_shown() -> None:
    """With account.lot 0."""
    half = BUY.model_copy(update={"order": 20.5})
    assert texts(book_table(book(half)))[0][2] == "20.5000"


def test_an_account_of_the_ledger_says_whom_it_followed() -> None:
    """Held and not held, and before the first live forecast."""
    followed = "followed every live forecast since 2024-11-29 (4 sessions)"
    assert book_sentences(book(BUY))[0] == (
        f"Nothing is held: the ledger's paper account, which {followed}, has 9,700 in cash."
    )
    assert book_sentences(book(HOLD))[0] == (
        f"What is held is what the ledger's paper account has, which {followed}: 10,000 in all at the last "
        "closes, with 9,700 in cash."
    )
    fresh = book(BUY, since=None, n_sessions=0, cash=10_000.0)
    assert book_sentences(fresh)[0] == (
        "No forecast is live yet, so the ledger's paper account starts with 10,000 in cash."
    )


def test_the_label_says_how_long_it_lasts() -> None:
    """In and out of a day, held until the next, or overlapping."""
    assert "holds nothing overnight" in book_sentences(book(BUY))[1]
    assert "what stays wanted is held" in book_sentences(book(BUY, horizon=1, label="open_to_open(1)"))[1]
    assert "a tranche of 1/5 of the equity" in book_sentences(book(BUY, horizon=5, label="open_to_open(5)"))[1]


def test_what_the_orders_cost_and_what_is_left_out_is_said() -> None:
    """No view, no forecast, no close, too little cash, too late: a sentence each, and none without a reason."""
    told = book_sentences(
        book(
            BUY,
            HOLD,
            NO_VIEW,
            source="file",
            removed=["Q", "R"],
            silent=["S"],
            n_no_view=1,
            no_forecast=["B"],
            unvalued=["Z"],
            shortfall=12.4,
            late=True,
        )
    )
    assert told[0] == "Too late: 2024-12-05 had opened when it was forecast; no order can be filled at its open."
    assert told[3] == (
        "1 order worth 1,000 at the last closes; entering them costs about 0.60. At these closes that is 12 more than "
        "there is; what cash doesn't cover is cut at the open."
    )
    assert told[4] == (
        "One of the policy's 2 targets has no view: its probability of up is no further from 50% than the seeds are "
        "from one another. It gets no new order, its weight stays cash; the backtest trades such forecasts too."
    )
    assert told[5] == "Held without a forecast: B. It is not traded anew and is closed at the close."
    assert told[6] == (
        "Taken out of the paper account: Q and R, no longer among the run's tickers, at the last close; S, "
        "without a bar since, at 30% below the last close."
    )
    assert told[7].startswith("Left alone: Z of your positions file.")
    assert len(book_sentences(book(BUY))) == 3


def test_without_a_book_there_is_a_reason() -> None:
    """And a run of before has none at all."""
    assert book_sentences(book(reason="The weights exceed it.")) == [
        "There is no book for 2024-12-05: The weights exceed it."
    ]
    assert build_book_view(None) is None


def test_the_policy_and_an_order_against_its_own_direction_are_said() -> None:
    """The best of tickers that may all fall is bought: who reads P(up) 43.0% beside it must be told why."""
    falls = BUY.model_copy(update={"probability_up": 0.43})
    rises = BookRow(ticker="D", side="short", order=-9.0, held=0.0, weight=-0.1, last_close=10.0, probability_up=0.55)
    told = book_sentences(book(falls, rises, top_k=1, two_sided=True, capital=10_000.0))
    assert told[0].endswith("has 9,700 in cash. It began with 10,000.")
    assert told[1] == (
        "The policy buys the 1 ticker that the model ranks highest, and sells short the 1 that it ranks lowest."
    )
    assert told[2] == (
        "Bought though it is more likely to fall: A; sold short though it is more likely to rise: D. The rank compares "
        "tickers with one another, and the policy goes by it alone."
    )
    assert texts(book_table(book(falls)))[0][-1] == "43.0%"
