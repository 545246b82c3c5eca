"""The state of one account, changed by one event after another."""

import numpy as np
from numpy.typing import NDArray

from stockseq.backtest.account import Account
from stockseq.backtest.attribution import Attribution
from stockseq.backtest.costs import BPS, Costs, Floats
from stockseq.backtest.journal import Journal, Moment
from stockseq.backtest.prints import Market
from stockseq.backtest.tranches import Tranches

FLOWS = ("traded", "cost", "interest", "borrow", "dividends")


class Book:
    """Cash, shares, marks and day orders; every method is one event of one session.

    Arrays have shape (n_tickers,). `marks` are the last closes known, NaN before a ticker's first; `orders` are signed
    shares fixed at the last decision, and `tranches` the trades that they net; `due` is dividends not yet paid by the
    row on which they are (negative: owed).
    """

    def __init__(self, market: Market, *, costs: Costs, account: Account, n_tranches: int = 1) -> None:
        self.market, self.costs, self.account = market, costs, account
        self.row = 0
        self.cash = account.capital
        self.due: dict[int, float] = {}
        self.shares = np.zeros(len(market.tickers))
        self.orders = np.zeros(len(market.tickers))
        self.tranches = Tranches(n_tranches, len(market.tickers))
        self.marks = np.full(len(market.tickers), np.nan)
        self.decided_on = account.capital
        self.flows = dict.fromkeys(FLOWS, 0.0)
        self.journal = Journal(market.sessions, market.tickers)
        self.attribution = Attribution(len(market.tickers))

    @property
    def position_values(self) -> Floats:
        """Market value of each position, negative for a short."""
        return np.where(self.shares != 0, self.shares * self.marks, 0.0)

    @property
    def receivable(self) -> float:
        """Dividends earned and not yet paid, less those owed."""
        return sum(self.due.values())

    @property
    def equity(self) -> float:
        """Cash, dividends due and positions at their marks."""
        return self.cash + self.receivable + float(self.position_values.sum())

    def start(self, row: int) -> None:
        """Turn to the session of `row`."""
        self.row = row
        self.flows = dict.fromkeys(FLOWS, 0.0)

    def accrue_interest(self) -> None:
        """Receive or pay interest and borrow fees for the days since the previous session, on its closing balances."""
        days = (self.market.sessions[self.row] - self.market.sessions[self.row - 1]).days
        values = self.position_values
        short_value = -float(np.minimum(values, 0.0).sum())
        interest, borrow = self.costs.interest(self.cash, short_value, days)
        self.cash += interest - borrow
        self.attribution.borrow(borrow, values)
        self.flows["interest"], self.flows["borrow"] = interest, borrow

    def receive_due(self) -> None:
        """Settle the dividends whose pay date has come."""
        for row in [row for row in self.due if row <= self.row]:
            self.cash += self.due.pop(row)

    def apply_splits(self) -> None:
        """Rescale shares, marks and orders; a fraction of a share is settled at the previous close."""
        ratio = self.market.split[self.row]
        if (ratio == 1).all():
            return
        exact = self.shares * ratio
        self.marks = self.marks / ratio
        self.attribution.split(ratio)
        self.shares = np.where(ratio == 1, self.shares, self.account.whole(exact))
        fraction = exact - self.shares
        self.cash += float(np.where(fraction != 0, fraction * self.marks, 0.0).sum())
        self.orders = np.where(ratio == 1, self.orders, self.account.whole(self.orders * ratio))
        self.tranches.split(ratio, self.account)

    def earn_dividends(self) -> None:
        """Book the dividends of shares held at the previous close; shorts owe them."""
        earned = self.shares * self.market.dividend[self.row]
        self.attribution.dividends(earned)
        for column in np.flatnonzero(earned):
            self.flows["dividends"] += earned[column]
            pay_row = int(self.market.pay_row[self.row, column])
            if pay_row <= self.row:
                self.cash += earned[column]
            else:
                self.due[pay_row] = self.due.get(pay_row, 0.0) + earned[column]

    def settle_delistings(self) -> None:
        """Take out each delisted position at its last mark and the delisting return."""
        price_return = self.market.delisting_return[self.row]
        gone = np.isfinite(price_return)
        if not gone.any():
            return
        left = np.where(gone, self.shares, 0.0)
        self.cash += float(np.where(left != 0, left * self.marks * (1.0 + price_return), 0.0).sum())
        self.attribution.revalue(left, self.marks * (1.0 + price_return))
        self.flag("delisted", left)
        self.shares = np.where(gone, 0.0, self.shares)
        self.orders = np.where(gone, 0.0, self.orders)
        self.tranches.drop(gone)
        # Without a mark no later order can be sized.
        self.marks = np.where(gone, np.nan, self.marks)

    def fill_orders(self) -> None:
        """Fill the day orders as far as print, volume and cash allow; what remains expires."""
        prices = self._prices("open")
        fillable = self._fillable(self.orders, prices)
        sells = np.minimum(fillable, 0.0)
        self._settle(sells, prices, "open")
        buys = np.maximum(fillable, 0.0)
        affordable = self._affordable(buys, prices)
        self.flag("short_of_cash", buys - affordable)
        self._settle(affordable, prices, "open")
        self.tranches.settle(self.shares, filled=sells + affordable == self.orders)
        self.orders = np.zeros_like(self.orders)

    def fill_exits(self) -> None:
        """Close every position at the close, as far as print and volume allow."""
        prices = self._prices("close")
        fillable = self._fillable(-self.shares, prices)
        self._settle(np.minimum(fillable, 0.0), prices, "close")
        self._settle(np.maximum(fillable, 0.0), prices, "close")

    def mark(self) -> None:
        """Mark to the close; a position without a valid close keeps its mark and is flagged."""
        close = self.market.close[self.row]
        printed = np.isfinite(close)
        self.marks = np.where(printed, close, self.marks)
        self.attribution.revalue(self.shares, self.marks)
        self.flag("stale_mark", np.where(printed, 0.0, self.shares))

    def take_over(self, shares: Floats, cash: float) -> None:
        """Go on with other holdings; the trades under way keep their parts of the equity, in whole lots."""
        before = self.equity
        self.shares, self.cash, self.due = shares, cash, {}
        self.tranches.scale(self.equity / before if before > 0 else 0.0, self.account)

    def decide(self, weights: Floats) -> None:
        """Fix the next session's orders from the equity and closes known now.

        Target weights are those of the tranche that the session opens, in shares of its part of the equity. NaN is no
        target: a single tranche keeps what it has of the ticker, one of several leaves it, as its trade is over.
        """
        self.decided_on = max(self.equity, 0.0)
        priced = np.isfinite(self.marks)
        self.flag("no_mark", np.where(~priced & (np.nan_to_num(weights) != 0), np.nan, 0.0))
        sized = priced & np.isfinite(weights)
        self.tranches.turn(self.row + 1)
        staying = self.tranches.staying
        wanted = staying.copy() if self.tranches.n > 1 else self.shares.copy()
        equity = self.decided_on / self.tranches.n
        wanted[sized] = staying[sized] + self.account.lots(weights[sized] * equity / self.marks[sized])
        allowed = self._within_gross(wanted)
        self.tranches.wanted[self.tranches.newest] = allowed - staying
        change = allowed - self.shares
        # Sums of fractions of a share differ in their last digits, which is no order.
        self.orders = np.where(np.abs(change) > 1e-9 * np.abs(allowed), change, 0.0)

    def flag(self, name: str, shares: Floats) -> None:
        """Note the tickers whose `shares` aren't zero."""
        self.journal.flag(self.row, name, shares)

    def _prices(self, moment: Moment) -> Floats:
        return (self.market.open if moment == "open" else self.market.close)[self.row]

    def _fillable(self, wanted: Floats, prices: Floats) -> Floats:
        printed = np.isfinite(prices)
        self.flag("no_print", np.where(printed, 0.0, wanted))
        limit = self.account.whole(self.costs.capacity * np.where(printed, self.market.volume[self.row], 1.0))
        fillable: Floats = np.sign(wanted) * np.where(printed, np.minimum(np.abs(wanted), limit), 0.0)
        self.flag("over_capacity", np.where(printed, wanted - fillable, 0.0))
        return fillable

    def _affordable(self, buys: Floats, prices: Floats) -> Floats:
        bought = np.flatnonzero(buys)
        values = buys[bought] * self.costs.fill_prices(prices[bought], np.ones(len(bought)))
        available = self.cash + (self.account.max_gross - 1.0) * self.decided_on
        if not len(bought) or values.sum() + self.costs.commissions(values).sum() <= available:
            return buys
        # A commission is at most its minimum plus its share of the value, so the scaled buys fit for certain.
        spendable = max(available - self.costs.min_commission * len(bought), 0.0)
        share = spendable / float(values.sum() * (1.0 + self.costs.commission_bps * BPS))
        return self.account.lots(buys * share)

    def _settle(self, shares: Floats, prices: Floats, moment: Moment) -> None:
        columns = np.flatnonzero(shares)
        if not len(columns):
            return
        traded, price = shares[columns], prices[columns]
        fill_price = self.costs.fill_prices(price, np.sign(traded))
        commission = self.costs.commissions(np.abs(traded) * fill_price)
        cost = np.abs(traded) * price * self.costs.impact + commission
        self.cash -= float((traded * fill_price).sum() + commission.sum())
        self.attribution.trade(self.shares, shares, prices, _spread(cost, columns, len(shares)))
        self.shares[columns] += traded
        self.flows["traded"] += float((np.abs(traded) * price).sum())
        self.flows["cost"] += float(cost.sum())
        self.journal.fill(
            self.row,
            moment,
            columns,
            shares=traded,
            price=price,
            fill_price=fill_price,
            commission=commission,
            cost=cost,
        )

    def _within_gross(self, wanted: Floats) -> Floats:
        """Cut what adds exposure pro rata, where held and wanted positions together exceed the leverage."""
        marks = np.nan_to_num(self.marks, nan=0.0)
        same_side = np.sign(wanted) == np.sign(self.shares)
        unopposed = np.where(same_side, np.sign(wanted) * np.minimum(np.abs(wanted), np.abs(self.shares)), 0.0)
        room = self.account.max_gross * self.decided_on - float((np.abs(unopposed) * marks).sum())
        growth = float((np.abs(wanted - unopposed) * marks).sum())
        if growth == 0 or growth <= room + 1e-9 * self.decided_on:
            return wanted
        allowed = unopposed + self.account.lots((wanted - unopposed) * max(room, 0.0) / growth)
        self.flag("over_gross", wanted - allowed)
        return allowed


def _spread(amounts: Floats, columns: NDArray[np.intp], n_tickers: int) -> Floats:
    """Return the amounts of some tickers at their places among all, 0 elsewhere."""
    spread = np.zeros(n_tickers)
    spread[columns] = amounts
    return spread
