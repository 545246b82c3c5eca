"""The price rows of Yahoo's chart, each with the instant that Yahoo stamps it with."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stockseq.schemas import INSTANT
from stockseq.sources.json_text import describe

NUMBERS = ["open", "high", "low", "close", "adjusted", "volume"]
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
# From 1901 to 2100; milliseconds lie far beyond.
EARLIEST, LATEST = -(2**31), 4_102_444_800


def read_rows(result: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of one result, as they stand.

    Parameters
    ----------
    result : mapping
        The one result of a chart's answer.

    Returns
    -------
    DataFrame of stamp (UTC, NaT where it can't be read) and open, high, low, close, adjusted, volume
        In the order of their stamps. NaN where a number is missing or none.

    Raises
    ------
    ValueError
        If there are prices without times, a column is missing, or columns have different lengths.

    Examples
    --------
    >>> quote = {name: [1.0, None] for name in ("open", "high", "low", "close", "volume")}
    >>> result = {"timestamp": [1732631400, 1732717800], "indicators": {"quote": [quote]}}
    >>> read_rows(result)["close"].tolist()
    [1.0, nan]
    """
    times = result.get("timestamp")
    quote = _first(_inner(result, "indicators"), "quote")
    if not times:
        if quote:
            raise ValueError(f"its prices come without times ({describe(times)})")
        return pd.DataFrame({name: pd.Series(dtype=float) for name in NUMBERS}).assign(stamp=pd.Series(dtype=INSTANT))
    columns: dict[str, Any] = {name: quote.get(name) for name in NUMBERS if name != "adjusted"}
    # Without adjusted closes no dividend can be confirmed, but every price stands.
    columns["adjusted"] = _first(_inner(result, "indicators"), "adjclose").get("adjclose", columns["close"])
    for name, cells in {"timestamp": times, **columns}.items():
        if not isinstance(cells, list):
            raise ValueError(f"its answer lacks a list of {name}; there is {describe(cells)}")
    lengths = {name: len(cells) for name, cells in {"timestamp": times, **columns}.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"its columns must have the same length, and have {listed}")
    rows = pd.DataFrame({name: _numbers(cells) for name, cells in columns.items()})
    return rows.assign(stamp=instants(times)).sort_values("stamp", kind="stable", ignore_index=True)


def instants(cells: Sequence[object]) -> pd.Series:
    """Return seconds since 1970 as instants (UTC); NaT for what is no such number between 1901 and 2100."""
    seconds = _numbers(cells)
    usable = np.isfinite(seconds) & (seconds >= EARLIEST) & (seconds < LATEST)
    whole = pd.Series(np.where(usable, seconds, 0.0).astype("int64"))
    return pd.to_datetime(whole, unit="s", utc=True).astype(INSTANT).where(usable)


def _numbers(cells: Sequence[object]) -> np.ndarray:
    return np.array([_number(cell) for cell in cells], dtype=float)


def _number(cell: object) -> float:
    written = isinstance(cell, str) and PLAIN_NUMBER.fullmatch(cell) is not None
    if not written and (isinstance(cell, bool) or not isinstance(cell, int | float)):
        return float("nan")
    return float(cell)  # type: ignore[arg-type]


def _inner(mapping: object, name: str) -> object:
    return mapping.get(name) if isinstance(mapping, Mapping) else None


def _first(mapping: object, name: str) -> Mapping[str, Any]:
    listed = _inner(mapping, name)
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, Mapping) else {}
