"""The trades that overlap in one account: which of its shares are left when."""

import numpy as np

from stockseq.backtest.account import Account
from stockseq.backtest.costs import Flags, Floats


class Tranches:
    """The shares that each trade of some sessions wants, while the account holds their sum and trades its changes.

    A tranche is opened every session, in the place of the one that it replaces. Shares that no tranche wants are those
    that could not be left in time: with the next orders they go.

    Parameters
    ----------
    n : int
        Trades that overlap, which is how many sessions each lasts; at least 1.
    n_tickers : int
    """

    def __init__(self, n: int, n_tickers: int) -> None:
        self.n = n
        self.wanted = np.zeros((n, n_tickers))
        self.newest = 0

    @property
    def staying(self) -> Floats:
        """The shares of all tranches but the newest, shape (n_tickers,)."""
        others: Floats = np.delete(self.wanted, self.newest, axis=0).sum(axis=0)
        return others

    def turn(self, row: int) -> None:
        """Let the tranche of the session of `row` take the place of the one that ends there."""
        self.newest = row % self.n
        self.wanted[self.newest] = 0.0

    def split(self, ratio: Floats, account: Account) -> None:
        """Rescale the shares; as of a position, only whole shares of their sum remain."""
        # From the oldest on, so that those that are held already sum to what is left of them.
        order = np.roll(np.arange(self.n), -self.newest - 1)
        sums = account.whole(np.cumsum(self.wanted[order], axis=0) * ratio)
        split = np.diff(sums, axis=0, prepend=0.0)
        self.wanted[order] = np.where(ratio == 1, self.wanted[order], split)

    def scale(self, multiple: float, account: Account) -> None:
        """Multiply what each trade wants, cut to whole lots."""
        self.wanted = account.lots(self.wanted * multiple)

    def settle(self, shares: Floats, *, filled: Flags) -> None:
        """Give the newest tranche what is there for it.

        Parameters
        ----------
        shares : array of shape (n_tickers,)
            What the account holds after the fills.
        filled : bool array of shape (n_tickers,)
            Whether the whole order was filled. Of what wasn't, the tranche has no more than it wanted.
        """
        there = shares - self.staying
        wanted = self.wanted[self.newest]
        part = np.where(np.sign(there) == np.sign(wanted), np.sign(wanted) * np.minimum(abs(there), abs(wanted)), 0.0)
        self.wanted[self.newest] = np.where(filled, there, part)

    def drop(self, gone: Flags) -> None:
        """Forget the tickers that left the market."""
        self.wanted[:, gone] = 0.0
