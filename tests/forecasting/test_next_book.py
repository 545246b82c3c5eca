"""The book for the next session is what the simulated account orders at its open, share for share."""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.costs import Costs
from stockseq.backtest.policy import PolicySettings, target_weights
from stockseq.backtest.simulator import Holdings, simulate
from stockseq.backtest.targets import as_targets
from stockseq.backtest.trading import TradingRules
from stockseq.forecasting.next_book import NextBook, build_book, has_no_view
from stockseq.market import MarketData
from stockseq.schemas import HEADLINES, Bars, as_forecasts, as_headlines, empty
from stockseq.sessions import TradingCalendar
from tests.backtest.scenario import actions

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31"))
SESSIONS = CALENDAR.between(pd.Timestamp("2024-11-04"), pd.Timestamp("2024-12-05"))
NEXT = SESSIONS[-1]
TICKERS = [*"ABCDEFGH"]
# Split in the middle of the live forecasts, and on the morning itself.
SPLITS = (("B", "2024-11-20", "split", 2.0), ("C", f"{NEXT:%Y-%m-%d}", "split", 3.0))
COSTS = Costs(capacity=np.inf)


def made_bars(*, without_close: bool = False) -> Bars:
    """Random walks of eight tickers; D has no close on the last session before the next."""
    random = np.random.default_rng(5)
    frames = []
    for number, ticker in enumerate(TICKERS):
        closes = 40 * (1 + number) * np.exp(np.cumsum(random.normal(0, 0.02, len(SESSIONS))))
        opens = closes * np.exp(random.normal(0, 0.01, len(SESSIONS)))
        volume = 1e9
        frames.append(
            pd.DataFrame({"ticker": ticker, "session": SESSIONS, "open": opens, "close": closes, "volume": volume})
        )
    rows = pd.concat(frames, ignore_index=True)
    if without_close:
        rows.loc[(rows["ticker"] == "D") & (rows["session"] == SESSIONS[-2]), "close"] = np.nan
    return Bars(rows)


def made_forecasts(sessions: pd.DatetimeIndex, tickers: list[str] = TICKERS) -> pd.DataFrame:
    """Forecasts that rank the tickers anew in every session."""
    random = np.random.default_rng(9)
    rows = pd.DataFrame(
        [(ticker, session) for session in sessions for ticker in tickers], columns=["ticker", "session"]
    )
    probability = 0.5 + 0.1 * random.standard_normal(len(rows)).clip(-3, 3)
    return rows.assign(
        decision_at=rows["session"].dt.tz_localize("UTC"),
        probability_up=probability,
        expected_return=probability - 0.5,
        relative=random.standard_normal(len(rows)),
    )


def market_of(bars: Bars, *events: tuple[str, str, str, float]) -> MarketData:
    """The market before the next session: its bar is not there yet."""
    now = pd.Timestamp(f"{NEXT:%Y-%m-%d} 13:00", tz="UTC")
    known = Bars(bars[bars["session"] < NEXT].reset_index(drop=True))
    return MarketData(known, actions(*events), as_headlines(empty(HEADLINES)), CALENDAR, now)


def simulated_orders(past, table, bars, events, rules, *, left_out=()) -> dict[str, float]:
    """What `simulate` orders for the next session, once that session is there: its fills, and what was not filled."""
    forecasts = as_forecasts(pd.concat([past, table], ignore_index=True))
    targets = target_weights(forecasts, settings=rules.policy, horizon=rules.horizon)
    targets = as_targets(targets[~((targets["session"] == NEXT) & targets["ticker"].isin(left_out))])
    first = past["session"].min() if len(past) else NEXT
    history = simulate(
        targets, bars, actions(*events), sessions=CALENDAR.between(CALENDAR.previous_session(first), NEXT),
        costs=rules.costs, account=rules.account, horizon=rules.horizon,
    )  # fmt: skip
    fills, flags = history.fills, history.flags
    filled = fills[(fills["session"] == NEXT) & (fills["moment"] == "open")]
    short = flags[(flags["session"] == NEXT) & flags["flag"].isin(["short_of_cash", "over_capacity"])]
    orders = pd.concat([filled, short]).groupby("ticker")["shares"].sum()
    return {str(ticker): shares for ticker, shares in orders.items() if shares}


def ordered(book: NextBook) -> dict[str, float]:
    """The orders of a book."""
    assert book.reason == ""
    return {row.ticker: row.order for row in book.rows if row.order}


@pytest.mark.parametrize("label", ["open_to_close", "open_to_open(1)", "open_to_open(3)"])
@pytest.mark.parametrize("mode", ["long_short", "long_only"])
@pytest.mark.parametrize("case", ["plain", "band", "splits", "no close", "unforecast", "threshold"])
def test_the_book_is_what_the_simulator_orders(label: str, mode: str, case: str) -> None:
    """Eleven live sessions, then the next one appended: the orders are equal, share for share."""
    events = SPLITS if case == "splits" else ()
    select = "threshold" if case == "threshold" else "top_k"
    policy = PolicySettings(mode=mode, select=select, top_k=2, threshold=0.05, band=case == "band", max_weight=0.4)
    rules = TradingRules(policy, COSTS, Account(), label)
    bars = made_bars(without_close=case == "no close")
    past, table = made_forecasts(SESSIONS[-12:-1]), made_forecasts(SESSIONS[-1:])
    if case == "unforecast":
        table = table[table["ticker"] != "E"]
    book = build_book(table.assign(spread=np.nan, late=False), past, market_of(bars, *events), rules, session=NEXT)
    assert ordered(book) == simulated_orders(past, table, bars, events, rules)
    assert ordered(book)


def test_before_the_first_live_forecast_the_account_is_its_capital() -> None:
    """No session was followed, so nothing is held and all cash is there."""
    rules = TradingRules(PolicySettings(top_k=2), COSTS, Account(capital=50_000), "open_to_open(1)")
    table = made_forecasts(SESSIONS[-1:])
    market = market_of(made_bars())
    book = build_book(table.assign(spread=np.nan, late=False), table.iloc[:0], market, rules, session=NEXT)
    assert (book.since, book.n_sessions, book.cash, book.equity) == (None, 0, 50_000.0, 50_000.0)
    assert {row.side for row in book.rows} == {"buy", "short"}
    assert ordered(book) == simulated_orders(table.iloc[:0], table, made_bars(), (), rules)


@pytest.mark.parametrize("label", ["open_to_close", "open_to_open(1)", "open_to_open(3)"])
def test_noise_gets_no_order_and_its_weight_stays_cash(label: str) -> None:
    """P(up) no further from one half than the seeds from one another: the target is there, the order isn't."""
    rules = TradingRules(PolicySettings(top_k=2), COSTS, Account(), label)
    past, table = made_forecasts(SESSIONS[-4:-1]), made_forecasts(SESSIONS[-1:])
    targets = target_weights(as_forecasts(table), settings=rules.policy)
    noisy = targets.loc[targets["weight"] > 0, "ticker"].iloc[0]
    spread = np.where(table["ticker"] == noisy, 0.5, 0.0)
    bars = made_bars()
    book = build_book(table.assign(spread=spread, late=False), past, market_of(bars), rules, session=NEXT)
    assert (book.n_targets, book.n_no_view) == (4, 1)
    # A tranche of three sessions before may end at this open, and is left whatever is forecast now.
    assert [row.side for row in book.rows if row.ticker == noisy and not row.order] in (["no view"], [])
    assert [row.ticker for row in book.rows if row.no_view] == [noisy]
    assert label == "open_to_open(3)" or book.rows[-1].ticker == noisy
    assert ordered(book) == simulated_orders(past, table, bars, (), rules, left_out=[noisy])


def test_one_seed_tells_of_no_noise() -> None:
    """Without a spread nothing can be called noise; at exactly the spread it is."""
    rows = pd.DataFrame({"probability_up": [0.5, 0.52, 0.53, 0.48], "spread": [np.nan, 0.02, 0.02, 0.02]})
    assert has_no_view(rows).tolist() == [False, True, False, True]


BY_HAND = pd.DataFrame(
    {
        "ticker": ["A", "B", "C", "D"],
        "session": NEXT,
        "decision_at": pd.Timestamp(f"{NEXT:%Y-%m-%d} 14:00", tz="UTC"),
        "probability_up": [0.6, 0.55, 0.45, 0.4],
        "expected_return": 0.0,
        "relative": [2.0, 1.0, -1.0, -2.0],
        "spread": np.nan,
        "late": False,
    }
)


def closes(**named: float) -> Bars:
    """Bars of one close per ticker on the session before the next."""
    rows = [(ticker, SESSIONS[-2], close, close, 1e6) for ticker, close in named.items()]
    return Bars(pd.DataFrame(rows, columns=["ticker", "session", "open", "close", "volume"]))


def test_positions_of_a_file_are_traded_to_the_targets() -> None:
    """By hand: equity 1,000 + 30 x 100 - 20 x 50 + 40 x 25 = 4,000, of which a quarter is 1,000 a ticker.

    A is wanted at 10 and 30 are there; B at 20, and 20 are sold short; C at -4 and D at -10 where none
    is. E has no forecast and is held (5,000 in all, a leverage of 1.25), and nobody here knows Z.
    """
    rules = TradingRules(PolicySettings(top_k=2), Costs(min_commission=1.0), Account(max_gross=1.25), "open_to_open(1)")
    market = market_of(closes(A=100, B=50, C=250, D=100, E=25))
    holdings = Holdings({"A": 30, "B": -20, "D": 0, "E": 40, "Z": 7}, 1_000)
    book = build_book(BY_HAND, BY_HAND.iloc[:0], market, rules, session=NEXT, holdings=holdings)
    assert [(row.ticker, row.side, row.order) for row in book.rows] == [
        ("A", "sell", -20.0),
        ("B", "cover and buy", 40.0),
        ("C", "short", -4.0),
        ("D", "short", -10.0),
        ("E", "hold", 0.0),
    ]
    assert (book.source, book.cash, book.equity) == ("file", 1_000.0, 4_000.0)
    assert (book.no_forecast, book.unvalued) == (("E",), ("Z",))
    # 20 x 100 is 2,000: 5 bp of spread and slippage are 1.00, the commission of 0.20 is raised to 1.00.
    assert (book.rows[0].value, round(book.rows[0].cost, 6)) == (2_000.0, 2.0)


def test_a_file_keeps_the_parts_of_trades_that_overlap() -> None:
    """By hand, h = 2: 250 A at 10 are half of half of 10,000; of twice that equity, a file keeps 500 A."""
    rules = TradingRules(
        PolicySettings(mode="long_only", top_k=1, max_weight=0.5), Costs().scaled(0), Account(capital=10_000),
        "open_to_open(2)",
    )  # fmt: skip
    past = BY_HAND[BY_HAND["ticker"] == "A"].assign(session=SESSIONS[-2]).drop(columns=["spread", "late"])
    rows = [(t, s, 10.0, 10.0, 1e6) for t in "AB" for s in SESSIONS[-3:-1]]
    market = market_of(Bars(pd.DataFrame(rows, columns=["ticker", "session", "open", "close", "volume"])))
    table = BY_HAND[BY_HAND["ticker"] == "B"]
    paper = build_book(table, past, market, rules, session=NEXT)
    assert [(row.ticker, row.side, row.order, row.held) for row in paper.rows] == [
        ("B", "buy", 250.0, 0.0),
        ("A", "hold", 0.0, 250.0),
    ]
    file = build_book(table, past, market, rules, session=NEXT, holdings=Holdings({"A": 600, "B": 0}, 14_000))
    assert [(row.ticker, row.side, row.order) for row in file.rows] == [("A", "sell", -100.0), ("B", "buy", 500.0)]


def test_a_removed_ticker_leaves_the_paper_account_at_its_last_close() -> None:
    """By hand: 500 A at 10 without costs, and no bar since the session before last; the 5,000 are cash again."""
    rules = TradingRules(
        PolicySettings(mode="long_only", top_k=1, max_weight=0.5), Costs().scaled(0), Account(capital=10_000),
        "open_to_open(1)",
    )  # fmt: skip
    past = BY_HAND[BY_HAND["ticker"] == "A"].assign(session=SESSIONS[-3]).drop(columns=["spread", "late"])
    rows = [(t, s, 10.0, 10.0, 1e6) for t in "AB" for s in SESSIONS[-5:-1] if t == "B" or s != SESSIONS[-2]]
    market = market_of(Bars(pd.DataFrame(rows, columns=["ticker", "session", "open", "close", "volume"])))
    table = BY_HAND[BY_HAND["ticker"] == "B"]
    stays = build_book(table, past, market, rules, session=NEXT)
    assert (stays.cash, stays.equity, stays.no_forecast) == (5_000.0, 10_000.0, ("A",))
    left = build_book(table, past, market, rules, session=NEXT, removed=["A"])
    assert (left.cash, left.equity, left.removed, left.silent) == (10_000.0, 10_000.0, ("A",), ())
    assert ordered(left) == {"B": 500.0}
    file = build_book(table, past, market, rules, session=NEXT, removed=["A"], holdings=Holdings({"A": 5}, 100))
    assert (file.equity, file.unvalued) == (100.0, ("A",))


def test_what_can_not_be_ordered_says_why() -> None:
    """One lot of A costs more than its weight; B has no close to size it by."""
    rules = TradingRules(PolicySettings(mode="long_only", top_k=2), COSTS, Account(capital=1_000), "open_to_close")
    bars = closes(A=9_000, B=50, C=250, D=100)
    bars.loc[bars["ticker"] == "B", "close"] = np.nan
    book = build_book(BY_HAND, BY_HAND.iloc[:0], market_of(bars), rules, session=NEXT)
    assert [(row.ticker, row.side) for row in book.rows] == [("A", "too dear"), ("B", "no price")]


def test_a_policy_that_can_not_trade_is_a_reason_and_no_error() -> None:
    """A morning's forecasts are in the ledger by then: gross 2 beyond a leverage of 1 costs the book alone."""
    rules = TradingRules(PolicySettings(top_k=2, gross=2.0, max_weight=1.0), COSTS, Account(), "open_to_close")
    book = build_book(BY_HAND, BY_HAND.iloc[:0], market_of(closes(A=9, B=9, C=9, D=9)), rules, session=NEXT)
    assert book.rows == ()
    assert "exceed it" in book.reason
    nothing = build_book(BY_HAND.iloc[:0], BY_HAND.iloc[:0], market_of(closes(A=9)), rules, session=NEXT)
    assert nothing.reason == "No forecast was made, so there is nothing to order."


def test_a_book_is_read_as_it_was_written() -> None:
    """`metrics.json` holds it."""
    rules = TradingRules(PolicySettings(top_k=2), COSTS, Account(), "open_to_close")
    book = build_book(BY_HAND, BY_HAND.iloc[:0], market_of(closes(A=9, B=9, C=9, D=9)), rules, session=NEXT)
    assert NextBook.from_dict(book.to_dict()) == book
