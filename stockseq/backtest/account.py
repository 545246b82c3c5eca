"""The account a backtest trades: its capital, its leverage and its lot."""

import numpy as np
from pydantic import Field

from stockseq.arguments import SettingsModel
from stockseq.backtest.costs import Floats

# A quotient such as 29 can come out of binary fractions as 28.999999999999996.
SLACK = 1.0 + 1e-12


class Account(SettingsModel, frozen=True):
    """Capital and limits of one account.

    Examples
    --------
    >>> Account(lot=10).lots(np.array([129.9, -15.0])).tolist()
    [120.0, -10.0]
    """

    capital: float = Field(default=100_000.0, gt=0, description="Cash at the first decision.")
    max_gross: float = Field(
        default=1.0, gt=0, description="Largest sum of absolute positions over equity at a decision."
    )
    lot: int = Field(
        default=1, ge=0, description="Shares are ordered in multiples of this; 0 allows fractions of a share."
    )

    def lots(self, shares: Floats) -> Floats:
        """Return shares cut toward zero to whole lots."""
        return _cut(shares, self.lot)

    def whole(self, shares: Floats) -> Floats:
        """Return shares cut toward zero to whole shares, as a split or a partial fill leaves them."""
        return _cut(shares, min(self.lot, 1))


def _cut(shares: Floats, unit: int) -> Floats:
    if unit == 0:
        return shares
    cut: Floats = np.trunc(shares * SLACK) if unit == 1 else np.trunc(shares / unit * SLACK) * unit
    return cut
