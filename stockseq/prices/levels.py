"""What a close of one session leads to expect of another's prices, by the splits and dividends between them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.schemas import SESSION, Actions

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Levels:
    """The splits and dividends of one ticker, added up by ex-date.

    Parameters
    ----------
    split_dates, dividend_dates : array of ex-dates
        Ascending.
    shares, paid : float64 array, one longer than the dates
        Product of the splits, and sum of the dividends, before the first date and up to each of them.
    """

    split_dates: Dates
    shares: Floats
    dividend_dates: Dates
    paid: Floats

    @classmethod
    def of(cls, actions: Actions) -> "Levels":
        """Add up one ticker's actions."""
        ordered = actions.sort_values("session", kind="stable")
        splits, dividends = (ordered[ordered["kind"] == kind] for kind in ("split", "dividend"))
        shares: Floats = np.cumprod(np.r_[1.0, splits["value"].to_numpy(dtype=float)]).astype(np.float64)
        paid: Floats = np.cumsum(np.r_[0.0, dividends["value"].to_numpy(dtype=float)]).astype(np.float64)
        return cls(as_dates(splits["session"]), shares, as_dates(dividends["session"]), paid)

    def distances(self, prices: Floats, at: Dates, closes: Floats, closed_at: Dates) -> Floats:
        """Return how far each price is from what a close of another session leads to expect.

        Parameters
        ----------
        prices : array of shape (n_rows, n_prices)
            Positive, as traded.
        at : array of shape (n_rows,)
            Their sessions.
        closes, closed_at : arrays of shape (n_rows,)
            The closes that they are measured by, and their sessions, before or after; NaN where there is none.

        Returns
        -------
        array of shape (n_rows, n_prices)
            Absolute logarithm of the ratio; of the two bases, with and without the dividends between, the nearer.

        Examples
        --------
        >>> split = pd.DataFrame({"session": pd.to_datetime(["2024-11-26"]), "kind": "split", "value": 2.0})
        >>> days = pd.to_datetime(["2024-11-25", "2024-11-26"]).to_numpy()
        >>> Levels.of(split).distances(np.array([[50.0]]), days[1:], np.array([100.0]), days[:1]).tolist()
        [[0.0]]
        """
        expected = closes * self._shares(closed_at) / self._shares(at)
        less_paid = expected - (self._paid(at) - self._paid(closed_at))
        less_paid = np.where(less_paid > 0, less_paid, np.nan)
        logs = [np.abs(np.log(prices / level[:, None])) for level in (expected, less_paid)]
        return np.fmin(*logs)

    def _shares(self, at: Dates) -> Floats:
        return self.shares[self.split_dates.searchsorted(at, side="right")]

    def _paid(self, at: Dates) -> Floats:
        return self.paid[self.dividend_dates.searchsorted(at, side="right")]


def as_dates(sessions: pd.Series) -> Dates:
    """Return sessions as an array of dates."""
    return sessions.to_numpy(dtype=SESSION)
