"""What must be known of a whole column of stamps before one of them can be read; parts of a column add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.printable import visible
from stockseq.sources.files.stamps import NAIVE

# A clock shows midnight once in 1,440 minutes; more midnights than one column of 10,000 has by chance are dates.
_MIDNIGHT, _CHANCE = 1 / 1440, 1e-4
_N_READINGS = 3
_NAMES_NO_ZONE = 1 << _N_READINGS

AreDates = tuple[bool, bool, bool]


@dataclass(frozen=True)
class ColumnFacts:
    """Counts of a column's stamps, or of a part of it.

    Parameters
    ----------
    n_rows : int
        All rows, blank ones among them.
    clocked : mapping of code to count
        Stamps with a time: bit 0 to 2 of the code say whether they are midnights in the zone that they name, in UTC and
        at the exchange, bit 3 whether they name no zone.
    first_of : mapping of code to (order, text)
        The first such stamp of the column.
    units : Counter
        Of epochs.
    done : Counter
        What was put right of a clock that lies.
    example : str
        The first stamp that can't be read, or "".
    n_values : int
        Values looked at, for the order.
    """

    n_rows: int = 0
    clocked: Mapping[int, int] = field(default_factory=dict)
    first_of: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    example: str = ""
    n_values: int = 0

    def __add__(self, later: "ColumnFacts") -> "ColumnFacts":
        """Return the facts of this part and one that follows it."""
        following = {code: (order + self.n_values, text) for code, (order, text) in later.first_of.items()}
        return ColumnFacts(
            self.n_rows + later.n_rows,
            Counter(self.clocked) + Counter(later.clocked),
            {**following, **self.first_of},
            self.units + later.units,
            self.done + later.done,
            self.example or later.example,
            self.n_values + later.n_values,
        )

    @property
    def n_clocked(self) -> int:
        """Stamps with a time."""
        return sum(self.clocked.values())

    @property
    def are_dates(self) -> AreDates:
        """Whether midnights are dates: those of the zone that they name, of UTC, and of the exchange."""
        # It takes long to load, and a store that reads no files needs none of it.
        from scipy.stats import binom

        taken = [False] * _N_READINGS
        total = self.n_clocked
        for place in range(_N_READINGS):
            n = sum(n for code, n in self.clocked.items() if code >> place & 1 and not _is_date(code, taken))
            # A single midnight is a time.
            taken[place] = 2 * n > total or (n > 1 and bool(binom.sf(n - 1, total, _MIDNIGHT) < _CHANCE))
        return taken[0], taken[1], taken[2]

    @property
    def n_dates(self) -> int:
        """Stamps with a time that are dates all the same."""
        are_dates = self.are_dates
        return sum(n for code, n in self.clocked.items() if _is_date(code, are_dates))

    @property
    def n_naive(self) -> int:
        """Times that name no zone."""
        return sum(self.clocked[code] for code in self._naive)

    @property
    def first_naive(self) -> str:
        """The first of them."""
        return min(self.first_of[code] for code in self._naive)[1]

    @property
    def _naive(self) -> list[int]:
        are_dates = self.are_dates
        return [code for code in self.clocked if code & _NAMES_NO_ZONE and not _is_date(code, are_dates)]


def measure(
    values: pd.Series,
    stamps: pd.DataFrame,
    exchange_timezone: str,
    *,
    weights: npt.NDArray[np.int64] | None = None,
    done: Mapping[str, pd.Series] | None = None,
) -> ColumnFacts:
    """Return the facts of parsed stamps.

    Parameters
    ----------
    values : Series of shape (n,)
        As they are written.
    stamps : DataFrame of n rows
        Of `parse_stamps`, with their clocks put right.
    exchange_timezone : str
    weights : array of shape (n,), optional
        How often each stands in the column; once by default.
    done : mapping of words to Series of bool, optional
        Which clocks were put right.
    """
    counts = np.ones(len(stamps), dtype=np.int64) if weights is None else weights
    clocked = _is_clocked(stamps).to_numpy()
    codes = _NAMES_NO_ZONE * stamps["offset"].isna().to_numpy(dtype=int)
    for place, reading in enumerate(_readings(stamps, exchange_timezone)):
        codes = codes + (_is_midnight(reading).to_numpy(dtype=int) << place)
    found, first = np.unique(codes[clocked], return_index=True)
    totals = np.bincount(codes[clocked], weights=counts[clocked], minlength=1).astype(int)
    rows = np.flatnonzero(clocked)
    units = stamps["unit"].dropna()
    unreadable = np.flatnonzero(stamps["unreadable"].to_numpy())
    return ColumnFacts(
        int(counts.sum()),
        {int(code): int(totals[code]) for code in found},
        {int(code): (int(rows[at]), str(values.iloc[rows[at]])) for code, at in zip(found, first, strict=True)},
        Counter({str(unit): int(counts[(stamps["unit"] == unit).to_numpy()].sum()) for unit in units.unique()}),
        Counter({words: int(counts[rows.to_numpy(dtype=bool)].sum()) for words, rows in (done or {}).items()}),
        visible(str(values.iloc[unreadable[0]])[:40]) if len(unreadable) else "",
        len(stamps),
    )


def find_midnights(stamps: pd.DataFrame, exchange_timezone: str, are_dates: AreDates) -> pd.Series:
    """Return the date of each stamp with a clock that is a date all the same, NaT for any other.

    A stamp that was moved to another zone shows its midnight there no more, but in UTC or at the exchange.
    """
    dates = pd.Series(pd.NaT, index=stamps.index, dtype=NAIVE)
    if not any(are_dates):
        return dates
    clocked = _is_clocked(stamps)
    for reading, taken in zip(_readings(stamps, exchange_timezone), are_dates, strict=True):
        if taken:
            dates = dates.where(~(clocked & dates.isna() & _is_midnight(reading)), reading)
    return dates


def _readings(stamps: pd.DataFrame, exchange_timezone: str) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the clock in the zone that each stamp names, in UTC, and at the exchange."""
    utc = (stamps["wall"] - stamps["offset"]).astype(NAIVE)
    there = utc.dt.tz_localize("UTC").dt.tz_convert(exchange_timezone).dt.tz_localize(None)
    return stamps["wall"], utc, there.astype(NAIVE)


def _is_date(code: int, taken: tuple[bool, ...] | list[bool]) -> bool:
    return any(is_taken and code >> place & 1 for place, is_taken in enumerate(taken))


def _is_clocked(stamps: pd.DataFrame) -> pd.Series:
    return stamps["wall"].notna() & ~stamps["bare"]


def _is_midnight(times: pd.Series) -> pd.Series:
    return times == times.dt.normalize()
