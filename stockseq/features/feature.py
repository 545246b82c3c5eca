"""A feature: a named, scale-free function of one ticker's past bars."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from stockseq.errors import PluginError

# The bars that every block of features can look back on; no feature may need more.
HISTORY = 400


@dataclass(frozen=True)
class Feature:
    """A named function of one ticker's bars; ours and a user's pass `testing.check_feature`.

    Parameters
    ----------
    name : str
        The column in the feature table: lower-case letters, digits and underscores.
    compute : function of a DataFrame of n_bars rows, giving a Series of shape (n_bars,)
        It gets one ticker's forward-adjusted bars, sorted, indexed by `session`, with the columns `open`, `high`,
        `low`, `close`, `volume` and `traded_session` (the session after the bar's own, which the exchange publishes
        in advance). The value at a bar may use that bar and earlier ones. A function of a module, or a
        `functools.partial` of one, can also be computed in other processes; a lambda can't.
    warm_up : int
        The number of first bars at which the value is not to be trusted; NaN is allowed there and nowhere else.
        At most 400.
    divide_by : {"close", None}, default=None
        "close" divides the values by the close of the same bar: for indicators in units of price, which would
        otherwise tell of later splits.
    wide : bool, default=False
        Whether `compute` also takes many histories at once, which is faster: a mapping of the columns and `session` to
        DataFrames with a history a column, from its first row on, NaN after its last. It gives a DataFrame then, of
        which each column is to the last bit what it gives of that history alone.

    Raises
    ------
    ValueError
        If the name can't be a column or the warm-up is not within 0 and 400.

    Examples
    --------
    >>> def return_1(bars):
    ...     return bars["close"].pct_change()
    >>> Feature("return_1", return_1, warm_up=1).values(pd.DataFrame({"close": [100.0, 110.0]})).round(2).tolist()
    [nan, 0.1]
    """

    name: str
    compute: Callable[[pd.DataFrame], pd.Series]
    warm_up: int
    divide_by: Literal["close"] | None = None
    wide: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", self.name):
            raise ValueError(
                f"A feature's name must be lower-case letters, digits and underscores, received {self.name!r}."
            )
        if not 0 <= self.warm_up <= HISTORY:
            raise ValueError(f"Feature {self.name!r} must warm up within 0 to {HISTORY} bars, received {self.warm_up}.")

    def recipe(self) -> str:
        """Return a text that changes when the feature may: its settings and the module that its function stands in.

        What that module imports is not seen, nor a function typed in at a prompt; give such a feature a new name.
        """
        function, bound = _unwrapped(self.compute)
        try:
            source = inspect.getsource(inspect.getmodule(function))  # type: ignore[arg-type]
        except (OSError, TypeError):
            source = ""
        name = getattr(function, "__qualname__", type(function).__qualname__)
        description = repr((self.name, self.warm_up, self.divide_by, name, bound, source))
        # Where a bound object lies in memory is another place in each process.
        return re.sub(r" at 0x[0-9a-fA-F]+", "", description)

    def raw(self, bars: pd.DataFrame) -> pd.Series:
        """Return the values at all bars, those of the warm-up included; raise `PluginError` if they don't fit."""
        try:
            # A shallow copy, so that a feature which changes its input changes its own copy.
            given = self.compute(bars.copy(deep=False))
        except Exception as error:
            raise PluginError(f"Feature {self.name!r} failed on {len(bars)} bars: {error!r}.") from error
        if not isinstance(given, pd.Series) or not given.index.equals(bars.index):
            raise PluginError(
                f"Feature {self.name!r} must return a Series on the index of its bars ({len(bars)} rows), "
                f"received {_describe(given)}."
            )
        if not pd.api.types.is_numeric_dtype(given.dtype):
            raise PluginError(f"Feature {self.name!r} must return numbers, received {given.dtype}.")
        values = given.astype("float64")
        return values / bars["close"] if self.divide_by == "close" else values

    def wide_values(self, histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Return the values of many histories by bar and history, those of the warm-up included; see `wide`."""
        values: pd.DataFrame = self.compute(histories)  # type: ignore[arg-type, assignment]
        return values / histories["close"] if self.divide_by == "close" else values

    def values(self, bars: pd.DataFrame) -> pd.Series:
        """Return the values by bar, float64, NaN in the warm-up; raise `PluginError` if they don't fit the bars."""
        ready = np.arange(len(bars)) >= self.warm_up
        return self.raw(bars).where(ready).rename(self.name)


def _unwrapped(function: Any) -> tuple[Any, list[Any]]:
    """Return the function inside `functools.partial`s, and what they bind."""
    bound: list[Any] = []
    while isinstance(function, partial):
        bound.append((function.args, sorted(function.keywords.items())))
        function = function.func
    return function, bound


def _describe(given: object) -> str:
    return f"a Series of {len(given)} rows" if isinstance(given, pd.Series) else f"a {type(given).__name__}"
