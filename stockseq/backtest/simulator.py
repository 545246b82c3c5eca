"""The event ledger: what an account that follows target weights would have, session by session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from stockseq.backtest.account import Account
from stockseq.backtest.attribution import ATTRIBUTION
from stockseq.backtest.book import FLOWS, Book
from stockseq.backtest.costs import Costs, Floats
from stockseq.backtest.prints import Delisting, build_market
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
    attribution : ticker, side (long or short), price (gains at prints and marks), dividends, borrow (a fee), cost;
        n_sessions in which it was held, n_gained and n_lost of them by price and dividends. price + dividends - borrow
        - cost of all rows, and the interest of `equity`, are what the account gained.
    """

    equity: pd.DataFrame
    fills: pd.DataFrame
    positions: pd.DataFrame
    flags: pd.DataFrame
    attribution: pd.DataFrame = field(default_factory=partial(empty, ATTRIBUTION))


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
    tickers = pd.Index(sorted(targets["ticker"].unique()), dtype="str")
    market = build_market(
        bars, actions, sessions=sessions, tickers=tickers, delistings=delistings or {}, pay_dates=pay_dates or {}
    )
    weights = target_matrix(targets, sessions=market.sessions, tickers=tickers, max_gross=account.max_gross)
    book = Book(market, costs=costs, account=account, n_tranches=max(horizon, 1))
    balances = []
    for row in range(len(market.sessions)):
        book.start(row)
        if row:
            _open_session(book)
            book.fill_orders()
        at_open = book.attribution.values(book.shares)
        if row and horizon == 0:
            book.fill_exits()
        book.mark()
        book.attribution.close()
        if row + 1 < len(weights):
            book.decide(weights[row + 1])
        book.journal.position(row, book.shares, book.marks, ~np.isfinite(market.close[row]))
        balances.append({**_balances(book), **_stakes(at_open)})
    equity = pd.DataFrame(balances, index=market.sessions.rename("session"))
    before = equity["equity"].shift().clip(lower=0)
    equity["turnover"] = (equity["traded"] / before.where(before > 0)).fillna(0.0)
    attribution = book.attribution.table(market.tickers)
    journal = book.journal
    return AccountHistory(equity, journal.fills(), journal.positions(), journal.flags(), attribution=attribution)


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
        "long": float(np.maximum(values, 0.0).sum()),
        "short": float(np.minimum(values, 0.0).sum()),
        "equity": book.equity,
        **{name: book.flows[name] for name in FLOWS},
    }


def _stakes(values: Floats) -> dict[str, float]:
    return {
        "long_at_open": float(np.maximum(values, 0.0).sum()),
        "short_at_open": float(np.minimum(values, 0.0).sum()),
    }
