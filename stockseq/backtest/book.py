"""The state of one account, changed by one event after another."""

import numpy as np

from stockseq.backtest.account import Account
from stockseq.backtest.attribution import Attribution
from stockseq.backtest.costs import BPS, Columns, Costs, Flags, Floats, total
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
        # Most sessions have no event, and a look at all tickers would take as long as one.
        self._days = [0, *(market.sessions[1:] - market.sessions[:-1]).days.tolist()]
        self._has_split: list[bool] = np.any(market.split != 1, axis=1).tolist()
        self._has_dividend: list[bool] = np.any(market.dividend != 0, axis=1).tolist()
        self._has_delisting: list[bool] = np.any(np.isfinite(market.delisting_return), axis=1).tolist()

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
        return self.worth(self.position_values)

    def worth(self, values: Floats) -> float:
        """Return the equity with positions of these values."""
        return self.cash + self.receivable + total(values)

    def start(self, row: int) -> None:
        """Turn to the session of `row`."""
        self.row = row
        self.flows = dict.fromkeys(FLOWS, 0.0)

    def accrue_interest(self) -> None:
        """Receive or pay interest and borrow fees for the days since the previous session, on its closing balances."""
        values = self.position_values
        short_value = -total(np.minimum(values, 0.0))
        interest, borrow = self.costs.interest(self.cash, short_value, self._days[self.row])
        self.cash += interest - borrow
        self.attribution.borrow(borrow, values)
        self.flows["interest"], self.flows["borrow"] = interest, borrow

    def receive_due(self) -> None:
        """Settle the dividends whose pay date has come."""
        for row in [row for row in self.due if row <= self.row]:
            self.cash += self.due.pop(row)

    def apply_splits(self) -> None:
        """Rescale shares, marks and orders; a fraction of a share is settled at the previous close."""
        if not self._has_split[self.row]:
            return
        ratio = self.market.split[self.row]
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
        if not self._has_dividend[self.row]:
            return
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
        if not self._has_delisting[self.row]:
            return
        price_return = self.market.delisting_return[self.row]
        gone = np.isfinite(price_return)
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
        columns, fillable, prices = self._fillable(self.orders, self.market.open[self.row])
        sells = _part(fillable < 0, columns, fillable, prices)
        self._settle(*sells, "open")
        columns, wanted, prices = _part(fillable > 0, columns, fillable, prices)
        affordable = self._affordable(wanted, prices)
        if affordable is wanted:
            self._settle(columns, wanted, prices, "open")
        else:
            self.journal.flag(self.row, "short_of_cash", wanted - affordable, columns)
            self._settle(*_part(affordable > 0, columns, affordable, prices), "open")
        if self.tranches.n > 1:
            filled = np.zeros_like(self.orders)
            filled[sells[0]], filled[columns] = sells[1], affordable
            self.tranches.settle(self.shares, filled=filled == self.orders)
        self.orders = np.zeros_like(self.orders)

    def fill_exits(self) -> None:
        """Close every position at the close, as far as print and volume allow."""
        columns, fillable, prices = self._fillable(-self.shares, self.market.close[self.row])
        for side in (fillable < 0, fillable > 0):
            self._settle(*_part(side, columns, fillable, prices), "close")

    def mark(self) -> None:
        """Mark to the close; a position without a valid close keeps its mark and is flagged."""
        close = self.market.close[self.row]
        printed = np.isfinite(close)
        self.marks = np.where(printed, close, self.marks)
        self.attribution.revalue(self.shares, self.marks)
        if not printed.all():
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
        priced, weighted = np.isfinite(self.marks), np.isfinite(weights)
        if not priced.all():
            self.flag("no_mark", np.where(~priced & weighted & (weights != 0), np.nan, 0.0))
        sized = (priced & weighted).nonzero()[0]
        equity = self.decided_on / self.tranches.n
        lots = self.account.lots(weights[sized] * equity / self.marks[sized])
        if self.tranches.n > 1:
            self.tranches.turn(self.row + 1)
            staying = self.tranches.staying
            wanted = staying.copy()
            wanted[sized] = staying[sized] + lots
            allowed = self._within_gross(wanted)
            self.tranches.wanted[self.tranches.newest] = allowed - staying
        else:
            wanted = self.shares.copy()
            wanted[sized] = lots
            allowed = self._within_gross(wanted)
        change = allowed - self.shares
        # Sums of fractions of a share differ in their last digits, which is no order.
        self.orders = np.where(np.abs(change) > 1e-9 * np.abs(allowed), change, 0.0)

    def flag(self, name: str, shares: Floats) -> None:
        """Note the tickers whose `shares` aren't zero."""
        self.journal.flag(self.row, name, shares)

    def _fillable(self, wanted: Floats, prices: Floats) -> tuple[Columns, Floats, Floats]:
        """Return the tickers of these orders, what print and volume let fill of each, and the prints."""
        columns = wanted.nonzero()[0]
        wanted, prices = wanted[columns], prices[columns]
        printed = np.isfinite(prices)
        if not printed.all():
            self.journal.flag(self.row, "no_print", np.where(printed, 0.0, wanted), columns)
            columns, wanted, prices = columns[printed], wanted[printed], prices[printed]
        limit = self.account.whole(self.costs.capacity * self.market.volume[self.row, columns])
        size = np.abs(wanted)
        if not (size > limit).any():
            return columns, wanted, prices
        fillable: Floats = np.sign(wanted) * np.minimum(size, limit)
        self.journal.flag(self.row, "over_capacity", wanted - fillable, columns)
        return columns, fillable, prices

    def _affordable(self, buys: Floats, prices: Floats) -> Floats:
        """Return what the cash pays of some buys, all of them above 0."""
        values = buys * self.costs.fill_prices(prices, 1.0)
        available = self.cash + (self.account.max_gross - 1.0) * self.decided_on
        if not len(buys) or total(values) + total(self.costs.commissions(values)) <= available:
            return buys
        # A commission is at most its minimum plus its share of the value, so the scaled buys fit for certain.
        spendable = max(available - self.costs.min_commission * len(buys), 0.0)
        share = spendable / (total(values) * (1.0 + self.costs.commission_bps * BPS))
        return self.account.lots(buys * share)

    def _settle(self, columns: Columns, traded: Floats, prices: Floats, moment: Moment) -> None:
        """Fill orders of some tickers, all of them buys or all sells, at these prints."""
        if not len(columns):
            return
        size = np.abs(traded)
        value = size * prices
        fill_price = self.costs.fill_prices(prices, 1.0 if traded[0] > 0 else -1.0)
        commission = self.costs.commissions(size * fill_price)
        cost = value * self.costs.impact + commission
        self.cash -= total(traded * fill_price) + total(commission)
        before = self.shares[columns]
        self.attribution.trade(columns, before, traded, prices, cost)
        self.shares[columns] = before + traded
        self.flows["traded"] += total(value)
        self.flows["cost"] += total(cost)
        self.journal.fill(
            self.row,
            moment,
            columns,
            shares=traded,
            price=prices,
            fill_price=fill_price,
            commission=commission,
            cost=cost,
        )

    def _within_gross(self, wanted: Floats) -> Floats:
        """Cut what adds exposure pro rata, where held and wanted positions together exceed the leverage."""
        unknown = np.isnan(self.marks)
        marks = np.where(unknown, 0.0, self.marks) if unknown.any() else self.marks
        if self.shares.any():
            side, size = np.sign(wanted), np.abs(wanted)
            unopposed = np.where(side == np.sign(self.shares), side * np.minimum(size, np.abs(self.shares)), 0.0)
        else:
            unopposed = np.zeros_like(wanted)
        room = self.account.max_gross * self.decided_on - total(np.abs(unopposed) * marks)
        growth = total(np.abs(wanted - unopposed) * marks)
        if growth == 0 or growth <= room + 1e-9 * self.decided_on:
            return wanted
        allowed = unopposed + self.account.lots((wanted - unopposed) * max(room, 0.0) / growth)
        self.flag("over_gross", wanted - allowed)
        return allowed


def _part(chosen: Flags, columns: Columns, shares: Floats, prices: Floats) -> tuple[Columns, Floats, Floats]:
    """Return the chosen fills; mostly they are all, or none."""
    if np.count_nonzero(chosen) == len(chosen):
        return columns, shares, prices
    return columns[chosen], shares[chosen], prices[chosen]
