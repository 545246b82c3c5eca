"""The event ledger: what an account that follows target weights would have, session by session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from stockseq.backtest.account import Account
from stockseq.backtest.attribution import ATTRIBUTION, PROFITS
from stockseq.backtest.book import FLOWS, Book
from stockseq.backtest.costs import Costs, Floats, total
from stockseq.backtest.prints import Delisting, Market, build_market
from stockseq.backtest.targets import Targets, target_matrix
from stockseq.schemas import Actions, Bars, empty


@dataclass(frozen=True)
class AccountHistory:
    """What one run of the ledger leaves; amounts in the account's currency, shares signed.

    equity : index session. cash, receivable, long, short (negative), equity at the close; traded (absolute value at the
        prints), cost (spread, slippage, commission), interest (negative: paid), borrow, dividends (on their ex-date),
        turnover (traded over the previous equity, two-way); long_at_open, short_at_open: positions after the fills of
        the open, at its prints and else at the last mark, which is what the account has at stake where it is flat at
        the close.
    fills : session, ticker, moment (open or close), shares, price (the print), fill_price, commission, cost.
    positions : session, ticker, shares, mark, value, stale; what is held at each close.
    flags : session, ticker, flag, shares. no_print and over_capacity: what expired unfilled; short_of_cash and
        over_gross: what was cut to the leverage; no_mark: a target without a price to size it (shares NaN);
        stale_mark: held without a close; delisted: taken out.
    profits : session, ticker, profit; what each ticker earned after costs and borrow fees, by the marks of the closes.
        With interest they add up to the change of the equity.
    attribution : ticker, side (long or short), price (gains at prints and marks), dividends, borrow (a fee), cost;
        n_sessions in which it was held, n_gained and n_lost of them by price and dividends. price + dividends - borrow
        - cost of all rows, and the interest of `equity`, are what the account gained.
    """

    equity: pd.DataFrame
    fills: pd.DataFrame
    positions: pd.DataFrame
    flags: pd.DataFrame
    profits: pd.DataFrame = field(default_factory=partial(empty, PROFITS))
    attribution: pd.DataFrame = field(default_factory=partial(empty, ATTRIBUTION))


@dataclass(frozen=True)
class Holdings:
    """What somebody has at a close: signed shares by ticker, and cash in the account's currency."""

    shares: Mapping[str, float]
    cash: float


@dataclass(frozen=True)
class PendingOrders:
    """The orders fixed for a session that has not opened yet; amounts in the account's currency.

    orders : ticker, held and order (signed shares, on the basis of that session), mark (the last close known, on the
        same basis; NaN where there is none); a row a ticker, sorted.
    cash, equity : at the decision, the latter at the closes.
    delisted : the tickers of which a position was taken out on the way.
    """

    orders: pd.DataFrame
    cash: float
    equity: float
    delisted: tuple[str, ...] = ()


def simulate(
    targets: Targets,
    bars: Bars,
    actions: Actions,
    *,
    sessions: pd.DatetimeIndex,
    costs: Costs,
    account: Account,
    horizon: int = 0,
    delistings: Mapping[str, Delisting] | None = None,
    pay_dates: Mapping[tuple[str, pd.Timestamp], pd.Timestamp] | None = None,
) -> AccountHistory:
    """Trade target weights through as-traded bars and return the account's history.

    A target of session s is turned into whole shares with the equity and the close of the session before, and filled at
    the open of s. With a horizon of 0 everything is sold (or bought back) at the close of s; with 1 it stays until a
    later target. With a horizon h of 2 or more, h trades overlap: a tranche of a session's targets gets 1/h of the
    equity known at its decision, is held in shares, and left at the open of s + h. What one tranche buys and another
    sells at the same open is netted before it is filled.
    In a session: interest and borrow fees, dividends due, splits, dividends earned, delistings, fills (sells before
    buys), marks, expiry of orders, and the decision for the next session.

    Parameters
    ----------
    targets : Targets
        By the session that fills them; 0 is an exit. A ticker that isn't named is held with a horizon of 1, and with a
        longer one has no part in the tranche that is opened.
    bars, actions : Bars, Actions of one vintage
        As traded. A session without a bar, an open or volume fills nothing; bars outside `sessions` are ignored.
    sessions : DatetimeIndex of n_sessions
        All exchange sessions from the one whose close makes the first decision (nothing trades in it) to the last.
    costs : Costs
        Of trading and financing.
    account : Account
        Capital, leverage and lot.
    horizon : int, default=0
        Sessions from the entry to the exit; that of the forecasts' labels. What a halt keeps from being left in time
        is left at the first open that prints; what it keeps from being entered is not entered later.
    delistings : mapping of ticker to (session, return on the last mark), optional
        Whoever calls knows which tickers left, and why; a ticker that merely has no more bars is kept at a stale mark.
    pay_dates : mapping of (ticker, ex-date) to pay date, optional
        A dividend not named here is paid on its ex-date.

    Returns
    -------
    AccountHistory
        `equity` has n_sessions rows, the first with the capital untouched.

    Raises
    ------
    DataError
        If a target has no bars, lies outside the sessions or exceeds the leverage, or bars or actions repeat.
    ValueError
        If `sessions` aren't ascending, or a delisting return is below -1.

    Examples
    --------
    >>> from stockseq.backtest.targets import as_targets
    >>> sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29"])
    >>> bars = Bars(pd.DataFrame({"ticker": "AAA", "session": sessions, "open": [100.0, 101.0], "close": [100.0, 102.0],
    ...                           "volume": 1e6}))
    >>> actions = Actions(pd.DataFrame(columns=["ticker", "session", "kind", "value"]))
    >>> targets = as_targets(pd.DataFrame({"session": sessions[1:], "ticker": "AAA", "weight": 0.5}))
    >>> result = simulate(targets, bars, actions, sessions=sessions, costs=Costs().scaled(0),
    ...                     account=Account(capital=100_000))
    >>> result.equity["equity"].tolist()
    [100000.0, 100500.0]
    """
    market = build_market(
        bars,
        actions,
        sessions=sessions,
        tickers=targeted_tickers(targets),
        delistings=delistings or {},
        pay_dates=pay_dates or {},
    )
    return simulate_market(targets, market, costs=costs, account=account, horizon=horizon)


def targeted_tickers(targets: Targets) -> pd.Index:
    """Return the tickers of some targets, sorted."""
    return pd.Index(sorted(targets["ticker"].unique()), dtype="str")


def simulate_market(
    targets: Targets, market: Market, *, costs: Costs, account: Account, horizon: int = 0
) -> AccountHistory:
    """Trade target weights as `simulate` does, on a market that was built before, of more tickers perhaps.

    Raises
    ------
    DataError
        If a target's ticker isn't part of the market, lies outside its sessions or exceeds the leverage.
    """
    market = market.of(targeted_tickers(targets))
    weights = target_matrix(targets, sessions=market.sessions, tickers=market.tickers, max_gross=account.max_gross)
    book = Book(market, costs=costs, account=account, n_tranches=max(horizon, 1))
    balances = []
    for row in range(len(market.sessions)):
        at_open = _pass_session(book, row, horizon=horizon)
        if row + 1 < len(weights):
            book.decide(weights[row + 1])
        book.journal.position(row, book.shares, book.marks, ~np.isfinite(market.close[row]))
        balances.append({**_balances(book), **_stakes(at_open)})
    equity = pd.DataFrame(balances, index=market.sessions.rename("session"))
    before = equity["equity"].shift().clip(lower=0)
    equity["turnover"] = (equity["traded"] / before.where(before > 0)).fillna(0.0)
    journal, attribution = book.journal, book.attribution
    return AccountHistory(
        equity,
        journal.fills(),
        journal.positions(),
        journal.flags(),
        profits=attribution.profits(market.sessions, market.tickers),
        attribution=attribution.table(market.tickers),
    )


def decide_orders(
    targets: Targets,
    bars: Bars,
    actions: Actions,
    *,
    sessions: pd.DatetimeIndex,
    costs: Costs,
    account: Account,
    horizon: int = 0,
    delistings: Mapping[str, Delisting] | None = None,
    holdings: Holdings | None = None,
) -> PendingOrders:
    """Trade target weights as `simulate` does up to the last session's open, and return the orders fixed for it.

    Parameters
    ----------
    targets, bars, actions, costs, account, horizon, delistings
        As of `simulate`; the targets of the last session are those that the orders follow.
    sessions : DatetimeIndex of n_sessions
        As of `simulate`; the last is the session to come, of which no bar is read.
    holdings : Holdings, optional
        What is there at the last decision, in the place of what the simulated account has. Trades that overlap keep
        their parts of the equity, in whole lots; what none of them wants is sold.

    Raises
    ------
    DataError, ValueError
        As `simulate` does.

    Examples
    --------
    >>> from stockseq.backtest.targets import as_targets
    >>> sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29"])
    >>> bars = Bars(pd.DataFrame({"ticker": "AAA", "session": sessions[:1], "open": 99.0, "close": 100.0,
    ...                           "volume": 1e6}))
    >>> actions = Actions(pd.DataFrame(columns=["ticker", "session", "kind", "value"]))
    >>> targets = as_targets(pd.DataFrame({"session": sessions[1:], "ticker": "AAA", "weight": 0.5}))
    >>> pending = decide_orders(targets, bars, actions, sessions=sessions, costs=Costs(), account=Account())
    >>> pending.orders.to_dict("records")
    [{'ticker': 'AAA', 'held': 0.0, 'order': 500.0, 'mark': 100.0}]
    """
    held = {} if holdings is None else holdings.shares
    tickers = pd.Index(sorted({*targets["ticker"], *held}), dtype="str")
    market = build_market(bars, actions, sessions=sessions, tickers=tickers, delistings=delistings or {}, pay_dates={})
    weights = target_matrix(targets, sessions=market.sessions, tickers=tickers, max_gross=account.max_gross)
    book = Book(market, costs=costs, account=account, n_tranches=max(horizon, 1))
    last = len(market.sessions) - 1
    for row in range(last):
        _pass_session(book, row, horizon=horizon)
        if row == last - 1 and holdings is not None:
            book.take_over(np.array([held.get(ticker, 0.0) for ticker in tickers]), holdings.cash)
        book.decide(weights[row + 1])
    cash, equity = book.cash, book.equity
    # What is known of the morning itself, such as a split, rescales the orders.
    book.start(last)
    _open_session(book)
    orders = pd.DataFrame({"ticker": tickers, "held": book.shares, "order": book.orders, "mark": book.marks})
    flags = book.journal.flags()
    delisted = sorted(flags.loc[flags["flag"] == "delisted", "ticker"].unique())
    return PendingOrders(orders, cash=cash, equity=equity, delisted=tuple(delisted))


def _pass_session(book: Book, row: int, *, horizon: int) -> Floats:
    """Let one session happen up to its close, and return the positions after the open; in the first nothing trades."""
    book.start(row)
    if row:
        _open_session(book)
        book.fill_orders()
    at_open = book.attribution.values(book.shares)
    if row and horizon == 0:
        book.fill_exits()
    book.mark()
    book.attribution.close()
    return at_open


def _open_session(book: Book) -> None:
    book.accrue_interest()
    book.receive_due()
    book.apply_splits()
    book.earn_dividends()
    book.settle_delistings()


def _balances(book: Book) -> dict[str, float]:
    values = book.position_values
    return {
        "cash": book.cash,
        "receivable": book.receivable,
        "long": total(np.maximum(values, 0.0)),
        "short": total(np.minimum(values, 0.0)),
        "equity": book.worth(values),
        **{name: book.flows[name] for name in FLOWS},
    }


def _stakes(values: Floats) -> dict[str, float]:
    return {
        "long_at_open": total(np.maximum(values, 0.0)),
        "short_at_open": total(np.minimum(values, 0.0)),
    }
