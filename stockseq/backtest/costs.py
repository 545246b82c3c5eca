"""What trading and financing cost, and the share of a session's volume one may take."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stockseq.arguments import SettingsModel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Columns = NDArray[np.intp]

BPS = 1e-4
DAYS_PER_YEAR = 360


def total(values: Floats) -> float:
    """Return the sum of an array; `values.sum()` takes twice as long to find the same way.

    Examples
    --------
    >>> total(np.array([1.0, 2.5]))
    3.5
    """
    return float(np.add.reduce(values))


class Costs(SettingsModel, frozen=True):
    """Costs of every fill and of every night; the defaults suit US large caps and are never zero by accident.

    Examples
    --------
    >>> Costs().fill_prices(np.array([100.0, 100.0]), np.array([1.0, -1.0])).round(6).tolist()
    [100.05, 99.95]
    """

    half_spread_bps: float = Field(default=2.0, ge=0, description="Half of the quoted spread, paid on every fill.")
    slippage_bps: float = Field(default=3.0, ge=0, description="Further distance between the print and our fill.")
    commission_bps: float = Field(default=1.0, ge=0, description="Commission on the value at the fill price.")
    min_commission: float = Field(
        default=0.0, ge=0, description="Least commission of one fill, in the account's currency."
    )
    cash_rate: float = Field(
        default=0.0, ge=0, description="Yearly interest received on idle cash, act/360, as a fraction."
    )
    margin_rate: float = Field(
        default=0.06, ge=0, description="Yearly interest paid on borrowed cash, act/360, as a fraction."
    )
    borrow_rate: float = Field(
        default=0.01, ge=0, description="Yearly fee on the value of borrowed shares, act/360, as a fraction."
    )
    capacity: float = Field(
        default=0.05,
        gt=0,
        allow_inf_nan=True,
        description="Largest share of a session's volume one fill may take; inf lifts it.",
    )

    def scaled(self, multiple: float) -> "Costs":
        """Return these settings with the costs of trading multiplied; financing and capacity stay.

        Parameters
        ----------
        multiple : float
            0 for a frictionless market, 2 for twice the costs.

        Raises
        ------
        ValueError
            If `multiple` is negative or not finite.

        Examples
        --------
        >>> Costs(half_spread_bps=2).scaled(2).half_spread_bps
        4.0
        """
        if not 0 <= multiple < np.inf:
            raise ValueError(f"`multiple` must be a finite number of at least 0, received {multiple}.")
        trading = ("half_spread_bps", "slippage_bps", "commission_bps", "min_commission")
        return self.model_copy(update={name: getattr(self, name) * multiple for name in trading})

    @property
    def impact(self) -> float:
        """Distance between a print and our fill, as a fraction of the price."""
        return (self.half_spread_bps + self.slippage_bps) * BPS

    def fill_prices(self, prices: Floats, sides: Floats | float) -> Floats:
        """Return what is paid (`sides` +1) or received (-1) per share where the market prints `prices`."""
        filled: Floats = prices * (1.0 + sides * self.impact)
        return filled

    def commissions(self, values: Floats) -> Floats:
        """Return the commission of each fill of these absolute values."""
        charged: Floats = np.maximum(self.min_commission, values * self.commission_bps * BPS)
        return charged

    def interest(self, cash: float, short_value: float, days: int) -> tuple[float, float]:
        """Return the interest received (negative: paid) and the borrow fee of `days` calendar days.

        `short_value` is the absolute value of the shares sold short; their proceeds earn nothing.
        """
        year = days / DAYS_PER_YEAR
        base = cash - short_value
        rate = self.cash_rate if base > 0 else self.margin_rate
        return base * rate * year, short_value * self.borrow_rate * year
