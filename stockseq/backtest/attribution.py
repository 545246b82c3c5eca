"""Which ticker, on which side, made an account's profit: every cent of it, event by event."""

import numpy as np
import pandas as pd

from stockseq.backtest.costs import Columns, Flags, Floats
from stockseq.schemas import NUMBER, SESSION, TEXT, empty

SIDES = ("long", "short")
AMOUNTS = ("price", "dividends", "borrow", "cost")
COUNTS = ("n_sessions", "n_gained", "n_lost")
ATTRIBUTION = {
    "ticker": TEXT,
    "side": TEXT,
    **dict.fromkeys(AMOUNTS, NUMBER),
    **dict.fromkeys(COUNTS, "int64"),
}

PROFITS = {"session": SESSION, "ticker": TEXT, "profit": NUMBER}


class Attribution:
    """Adds up by ticker and side what moved the account, at the prices at which the ledger itself books it.

    Arrays have shape (2, n_tickers), the first row of the long side. `prices` are what the shares were last valued at:
    the last mark, or the print of a later fill. Of a fill that turns a position round, the part that closes it belongs
    to the side that it closes. Interest is the account's and no ticker's.
    """

    def __init__(self, n_tickers: int) -> None:
        self.prices = np.full(n_tickers, np.nan)
        self._sums = {name: np.zeros((2, n_tickers)) for name in AMOUNTS}
        self._counted: dict[str, list[Flags]] = {name: [] for name in COUNTS}
        self._by_session: list[Floats] = []
        self._begin(n_tickers)

    def values(self, shares: Floats) -> Floats:
        """Return what the shares are worth at the prices last known, negative for a short."""
        return np.where(shares != 0, shares * self.prices, 0.0)

    def split(self, ratio: Floats) -> None:
        """Restate the prices for new shares per old."""
        self.prices = self.prices / ratio

    def borrow(self, fee: float, values: Floats) -> None:
        """Share a fee among the short positions by their values at the close before."""
        if fee:
            short = -np.minimum(values, 0.0)
            shared = fee * short / short.sum()
            self._sums["borrow"][1] += shared
            self._net -= shared

    def dividends(self, earned: Floats) -> None:
        """Note what positions of these signs received (positive) or owed."""
        for row, amount in enumerate((np.maximum(earned, 0.0), np.minimum(earned, 0.0))):
            self._sums["dividends"][row] += amount
            self._gains[row] += amount
        self._net += earned

    def revalue(self, shares: Floats, prices: Floats) -> None:
        """Value what is held at new prices; where there is none, or nothing is held, no profit is made."""
        columns = shares.nonzero()[0]
        if len(columns):
            self._revalue(columns, shares[columns], prices[columns])
        self.prices = np.where(np.isfinite(prices), prices, self.prices)

    def trade(self, columns: Columns, before: Floats, traded: Floats, prices: Floats, cost: Floats) -> None:
        """Value positions at the prints that they trade at, and note what the trades cost.

        Parameters
        ----------
        columns : array of shape (n_fills,)
            The tickers that trade, all in one direction.
        before, traded : array of shape (n_fills,)
            Shares before the fills, and the signed change.
        prices, cost : array of shape (n_fills,)
            The print and the whole cost of each fill.
        """
        opening, closing = (0, 1) if traded[0] > 0 else (1, 0)
        if before.any():
            held = before.nonzero()[0]
            self._revalue(columns[held], before[held], prices[held])
            size = np.abs(traded)
            share = np.where(np.sign(before) == -np.sign(traded), np.minimum(np.abs(before), size), 0.0) / size
            self._sums["cost"][closing, columns] += cost * share
            self._sums["cost"][opening, columns] += cost * (1.0 - share)
        else:
            self._sums["cost"][opening, columns] += cost
        self._net[columns] -= cost
        self.prices[columns] = prices

    def close(self) -> None:
        """End the session: count who was held in it, and who gained or lost before costs."""
        self._by_session.append(self._net)
        counted = (self._held, self._held & (self._gains > 0), self._held & (self._gains < 0))
        for sessions, flags in zip(self._counted.values(), counted, strict=True):
            sessions.append(flags)
        self._begin(self._held.shape[1])

    def profits(self, sessions: pd.DatetimeIndex, tickers: pd.Index) -> pd.DataFrame:
        """Return the net profits by session and ticker, of those that aren't zero; see `AccountHistory.profits`."""
        net = np.stack(self._by_session) if self._by_session else np.zeros((0, len(tickers)))
        rows, columns = np.nonzero(net)
        named = {"session": sessions.to_numpy()[rows], "ticker": tickers.take(columns)}
        return pd.DataFrame({**named, "profit": net[rows, columns]}).astype(PROFITS)

    def table(self, tickers: pd.Index) -> pd.DataFrame:
        """Return the amounts by ticker and side, of those that were ever held; see `AccountHistory.attribution`."""
        # With none before the first session, as a sum needs a shape.
        counts = {name: np.sum([np.zeros_like(self._held), *flags], axis=0) for name, flags in self._counted.items()}
        rows, columns = np.nonzero(counts["n_sessions"])
        if not len(rows):
            return empty(ATTRIBUTION)
        frame = pd.DataFrame({"ticker": tickers.to_numpy()[columns], "side": np.array(SIDES)[rows]})
        sums = {name: values[rows, columns] for name, values in {**self._sums, **counts}.items()}
        return frame.assign(**sums).astype(ATTRIBUTION).sort_values(["ticker", "side"], ignore_index=True)

    def _revalue(self, columns: Columns, shares: Floats, prices: Floats) -> None:
        """Value the shares of these tickers, none of them 0, at new prices."""
        gain = shares * (prices - self.prices[columns])
        self._net[columns] += gain
        for row, side in enumerate((shares > 0, shares < 0)):
            if side.any():
                held = columns[side]
                moved = gain[side]
                self._held[row, held] = True
                self._sums["price"][row, held] += moved
                self._gains[row, held] += moved

    def _begin(self, n_tickers: int) -> None:
        self._held: Flags = np.zeros((2, n_tickers), dtype=np.bool_)
        self._gains = np.zeros((2, n_tickers))
        self._net = np.zeros(n_tickers)
