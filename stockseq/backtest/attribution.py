"""Which ticker, on which side, made an account's profit: every cent of it, event by event."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.backtest.costs import Floats
from stockseq.schemas import NUMBER, SESSION, TEXT, empty

SIDES = ("long", "short")
AMOUNTS = ("price", "dividends", "borrow", "cost")
ATTRIBUTION = {
    "ticker": TEXT,
    "side": TEXT,
    **dict.fromkeys(AMOUNTS, NUMBER),
    "n_sessions": "int64",
    "n_gained": "int64",
    "n_lost": "int64",
}

PROFITS = {"session": SESSION, "ticker": TEXT, "profit": NUMBER}

Flags = NDArray[np.bool_]


class Attribution:
    """Adds up by ticker and side what moved the account, at the prices at which the ledger itself books it.

    Arrays have shape (2, n_tickers), the first row of the long side. `prices` are what the shares were last valued at:
    the last mark, or the print of a later fill. Of a fill that turns a position round, the part that closes it belongs
    to the side that it closes. Interest is the account's and no ticker's.
    """

    def __init__(self, n_tickers: int) -> None:
        self.prices = np.full(n_tickers, np.nan)
        self._sums = {name: np.zeros((2, n_tickers)) for name in AMOUNTS}
        self._counts = np.zeros((3, 2, n_tickers), dtype=np.int64)
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
        short = -np.minimum(values, 0.0)
        if fee:
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
        gain = np.where(shares != 0, shares * (prices - self.prices), 0.0)
        self._net += gain
        for row, side in enumerate((shares > 0, shares < 0)):
            self._held[row] |= side
            moved = np.where(side, gain, 0.0)
            self._sums["price"][row] += moved
            self._gains[row] += moved
        self.prices = np.where(np.isfinite(prices), prices, self.prices)

    def trade(self, before: Floats, traded: Floats, prices: Floats, cost: Floats) -> None:
        """Value positions at the prints that they trade at, and note what the trades cost.

        Parameters
        ----------
        before, traded : array of shape (n_tickers,)
            Shares before the fills, and the signed change.
        prices, cost : array of shape (n_tickers,)
            The print and the whole cost of each fill; anything where nothing traded.
        """
        done = traded != 0
        self.revalue(np.where(done, before, 0.0), np.where(done, prices, np.nan))
        closing = np.where(np.sign(before) == -np.sign(traded), np.minimum(np.abs(before), np.abs(traded)), 0.0)
        share = np.divide(closing, np.abs(traded), out=np.zeros_like(closing), where=done)
        paid = np.where(done, cost, 0.0)
        self._net -= paid
        for row, sign in enumerate((1, -1)):
            self._sums["cost"][row] += paid * np.where(np.sign(before) == sign, share, 0.0)
            self._sums["cost"][row] += paid * np.where(np.sign(traded) == sign, 1.0 - share, 0.0)

    def close(self) -> None:
        """End the session: count who was held in it, and who gained or lost before costs."""
        self._counts += np.stack([self._held, self._held & (self._gains > 0), self._held & (self._gains < 0)])
        self._by_session.append(self._net)
        self._begin(self._held.shape[1])

    def profits(self, sessions: pd.DatetimeIndex, tickers: pd.Index) -> pd.DataFrame:
        """Return the net profits by session and ticker, of those that aren't zero; see `AccountHistory.profits`."""
        net = np.stack(self._by_session) if self._by_session else np.zeros((0, len(tickers)))
        rows, columns = np.nonzero(net)
        named = {"session": sessions.to_numpy()[rows], "ticker": tickers.to_numpy()[columns]}
        return pd.DataFrame({**named, "profit": net[rows, columns]}).astype(PROFITS)

    def table(self, tickers: pd.Index) -> pd.DataFrame:
        """Return the amounts by ticker and side, of those that were ever held; see `AccountHistory.attribution`."""
        rows, columns = np.nonzero(self._counts[0])
        if not len(rows):
            return empty(ATTRIBUTION)
        counts = dict(zip(("n_sessions", "n_gained", "n_lost"), self._counts, strict=True))
        frame = pd.DataFrame({"ticker": tickers.to_numpy()[columns], "side": np.array(SIDES)[rows]})
        sums = {name: values[rows, columns] for name, values in {**self._sums, **counts}.items()}
        return frame.assign(**sums).astype(ATTRIBUTION).sort_values(["ticker", "side"], ignore_index=True)

    def _begin(self, n_tickers: int) -> None:
        self._held: Flags = np.zeros((2, n_tickers), dtype=np.bool_)
        self._gains = np.zeros((2, n_tickers))
        self._net = np.zeros(n_tickers)
