"""SQL predicates over the store's tables: every value quoted, every column known."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from stockseq.schemas import SESSION, TEXT
from stockseq.store.tables import COUNT, Table

# More names than this in one predicate take longer to read than the rows that they leave out.
MOST_NAMES = 2_000


def text_in(column: str, values: Iterable[str]) -> str:
    """Return the predicate that a text column holds one of `values`; no values, no rows.

    Examples
    --------
    >>> text_in("ticker", ["AAPL", "O'X"])
    "ticker IN ('AAPL', 'O''X')"
    """
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})" if quoted else "false"


def moment(value: pd.Timestamp) -> str:
    """Return the literal of a session (tz-naive) or of an instant (tz-aware).

    Examples
    --------
    >>> moment(pd.Timestamp("2024-02-05"))
    "DATE '2024-02-05'"
    """
    if value.tzinfo is None:
        return f"DATE '{value.date().isoformat()}'"
    return f"TIMESTAMP '{value.tz_convert('UTC').tz_localize(None).isoformat(timespec='microseconds')}Z'"


def in_box(tickers: Iterable[str], first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return the predicate of these tickers from one session to another, both included."""
    return f"{text_in('ticker', tickers)} AND session BETWEEN {moment(first)} AND {moment(last)}"


def surroundings(frame: pd.DataFrame, spec: Table) -> str | None:
    """Return a predicate that every stored row with a key of `frame` meets, and few others; None is no predicate.

    Examples
    --------
    >>> from stockseq.store.tables import TABLES
    >>> bars = pd.DataFrame({"ticker": "AAPL", "session": pd.to_datetime(["2024-02-05", "2024-02-07"])})
    >>> surroundings(bars, TABLES["bars"])
    "ticker IN ('AAPL') AND session BETWEEN DATE '2024-02-05' AND DATE '2024-02-07'"
    """
    parts = []
    for column in spec.identity:
        values, kind = frame[column], spec.columns[column]
        if kind == TEXT and values.nunique() <= MOST_NAMES:
            parts.append(text_in(column, values.unique()))
        elif kind == SESSION:
            parts.append(f"{column} BETWEEN {moment(values.min())} AND {moment(values.max())}")
        elif kind == COUNT:
            parts.append(f"{column} BETWEEN {values.min()} AND {values.max()}")
    return " AND ".join(parts) or None


def reach(frame: pd.DataFrame, column: str) -> str:
    """Return the predicate that a text column lies within the reach of `frame`: files that don't are passed over.

    Examples
    --------
    >>> reach(pd.DataFrame({"ticker": ["MSFT", "AAPL"]}), "ticker")
    "ticker >= 'AAPL' AND ticker <= 'MSFT'"
    """
    first, last = (value.replace("'", "''") for value in (frame[column].min(), frame[column].max()))
    return f"{column} >= '{first}' AND {column} <= '{last}'"


def conditions(
    spec: Table,
    tickers: Sequence[str] | None,
    as_of: pd.Timestamp | None,
    where: Mapping[str, str] | None,
) -> str | None:
    """Return the predicate of one `read`, or None where it wants every row; raise `ValueError` for a wrong question."""
    parts = []
    if tickers is not None:
        parts.append(text_in(_having(spec, "ticker"), tickers))
    if as_of is not None:
        if not spec.recorded_at or as_of.tzinfo is None:
            raise ValueError(
                f"`as_of` is a tz-aware instant, for a table that has one; received {as_of} for `{spec.name}`."
            )
        parts.append(f"coalesce({', '.join(spec.recorded_at)}) <= {moment(as_of)}")
    parts += [text_in(_having(spec, name), [value]) for name, value in (where or {}).items()]
    return " AND ".join(parts) or None


def _having(spec: Table, column: str) -> str:
    if spec.columns.get(column) != TEXT:
        raise ValueError(f"The table `{spec.name}` has no text column {column!r}; it has {list(spec.columns)}.")
    return column
