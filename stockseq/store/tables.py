"""The store's tables: their columns, keys and rules, and the way of a frame to Arrow and back, bit for bit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from stockseq.errors import DataError
from stockseq.schemas import (
    ACTIONS,
    BARS,
    FLAG,
    HEADLINE_EXTRAS,
    HEADLINES,
    INSTANT,
    NUMBER,
    RANK_AND_SIZE,
    SCORES,
    SESSION,
    TEXT,
    with_empty_columns,
)

COUNT = "int64"

ARROW_TYPES: Mapping[str, pa.DataType] = {
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    FLAG: pa.bool_(),
    COUNT: pa.int64(),
    # A session is the label of a day, not an instant; every reader of Delta knows the type.
    SESSION: pa.date32(),
    INSTANT: pa.timestamp("us", "UTC"),
}

Rule = Literal["vintages", "refuse", "keep_first", "derived"]


@dataclass(frozen=True)
class Table:
    """One table of the store.

    Parameters
    ----------
    name : str
        Its folder under the data root.
    columns : mapping of column to pandas dtype
        The fixed columns, in order.
    key : tuple of columns
        At most one row per key.
    rule : "vintages", "refuse", "keep_first" or "derived"
        What becomes of a row whose key is stored with other content: a newer vintage beside the old one, a
        `StoreError`, the stored row stays, or the new row replaces it.
    order : tuple of columns, default=()
        How `read` sorts the rows; the key where empty.
    nullable : tuple of columns, default=()
        The columns that may lack a value.
    added : tuple of columns, default=()
        Columns that a later version added: no value where a frame or a table of an earlier one lacks them.
    recorded_at : tuple of columns, default=()
        The first of them that has a value is the instant from which a row was known; empty where the table can't be
        read as of an instant.
    open_ended : bool, default=False
        Whether float64 columns of any name may follow the fixed ones.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rule: Rule
    order: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    recorded_at: tuple[str, ...] = ()
    open_ended: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """The key without `fetched_at`: what the vintages are vintages of."""
        return tuple(column for column in self.key if column != "fetched_at")

    def recorded_by(self, rows: pd.DataFrame, instant: pd.Timestamp) -> pd.Series:
        """Return which rows were known at `instant` (tz-aware); bool of shape (n_rows,)."""
        first, *others = (rows[column] for column in self.recorded_at)
        for other in others:
            first = first.fillna(other)
        return first <= instant

    def free_columns(self, columns: Iterable[str]) -> list[str]:
        """Return those of `columns` that are not fixed ones, in their order."""
        return [column for column in columns if column not in self.columns]

    def arrow_schema(self, free_columns: Iterable[str] = ()) -> pa.Schema:
        """Return the Arrow schema, with float64 fields for `free_columns`."""
        fixed = [
            pa.field(name, ARROW_TYPES[dtype], nullable=name in (*self.nullable, *self.added))
            for name, dtype in self.columns.items()
        ]
        return pa.schema(fixed + [pa.field(name, pa.float64()) for name in free_columns])

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with this table's columns and dtypes, sorted by key; raise `DataError` where it can't be."""
        frame = with_empty_columns(frame, self._lacking(frame))
        missing = [column for column in self.columns if column not in frame.columns]
        free = self.free_columns(frame.columns)
        if missing or (free and not self.open_ended):
            raise DataError(
                f"The table `{self.name}` has the columns {list(self.columns)}; missing {missing}, unknown "
                f"{[] if self.open_ended else free}."
            )
        dtypes = {**self.columns, **dict.fromkeys(free, NUMBER)}
        try:
            typed = frame[list(dtypes)].astype(dtypes)
        except (TypeError, ValueError) as error:
            raise DataError(f"The table `{self.name}` needs the types {dtypes}: {error}.") from error
        for column in self.columns:
            lacking = typed[column].isna()
            if column not in (*self.nullable, *self.added) and lacking.any():
                raise DataError(
                    f"The table `{self.name}` needs a value in every `{column}`; {int(lacking.sum())} of {len(typed)} "
                    f"rows lack it, first {self.describe(typed[lacking])}."
                )
            if self.columns[column] == SESSION and (typed[column] != typed[column].dt.normalize())[~lacking].any():
                raise DataError(f"The table `{self.name}` needs a date in `{column}`; some have a time of day.")
        ordered = typed.sort_values(list(self.key), kind="stable", ignore_index=True)
        repeated = ordered.duplicated(list(self.key))
        if repeated.any():
            raise DataError(
                f"The table `{self.name}` has one row per {list(self.key)}; {int(repeated.sum())} of {len(ordered)} "
                f"rows repeat one, first {self.describe(ordered[repeated])}."
            )
        return ordered

    def describe(self, rows: pd.DataFrame) -> str:
        """Name the first of `rows` by its key, for a message."""
        return ", ".join(f"{column} {rows.iloc[0][column]}" for column in self.key)

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """Turn a checked frame to Arrow; NaN stays NaN and is told apart from a value that is not there."""
        schema = self.arrow_schema(self.free_columns(frame.columns))
        try:
            return pa.table([_to_arrow(frame[field.name], field.type) for field in schema], schema=schema)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise DataError(f"The table `{self.name}` can't hold a value: {error}.") from error

    def to_pandas(self, rows: pa.Table) -> pd.DataFrame:
        """Turn Arrow rows to a frame with the dtypes of `schemas.py`."""
        columns = {name: _to_pandas(rows[name], self.columns.get(name, NUMBER)) for name in rows.column_names}
        return pd.DataFrame(columns, index=pd.RangeIndex(rows.num_rows))

    def complete(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return whole rows with the columns that were added after they were written, empty, in the table's order."""
        frame = with_empty_columns(rows, self._lacking(rows))
        return frame[[*self.columns, *self.free_columns(frame.columns)]]

    def _lacking(self, rows: pd.DataFrame) -> dict[str, str]:
        return {column: self.columns[column] for column in self.added if column not in rows.columns}


def _to_arrow(column: pd.Series, kind: pa.DataType) -> pa.Array:
    if kind == pa.float64():
        return pa.array(column.to_numpy(), from_pandas=False)
    return pa.Array.from_pandas(column).cast(kind)


def _to_pandas(column: pa.ChunkedArray, dtype: str) -> pd.Series:
    if dtype == SESSION:
        column = column.cast(pa.timestamp("us"))
    if dtype == NUMBER:
        return pd.Series(np.asarray(column.to_numpy(zero_copy_only=False), dtype=NUMBER))
    return column.to_pandas().astype(dtype)


FEATURES = {"ticker": TEXT, "session": SESSION, "feature_set": TEXT, "decision_at": INSTANT}
MODELS = {
    "model_id": TEXT,
    "state": TEXT,
    "at": INSTANT,
    "trained_through": SESSION,
    "settings_hash": TEXT,
    "data_version": TEXT,
    "metrics": TEXT,
}
LEDGER = {
    "sequence": COUNT,
    "forecast_id": TEXT,
    "ticker": TEXT,
    "session": SESSION,
    "decision_at": INSTANT,
    "made_at": INSTANT,
    "opens_at": INSTANT,
    "late": FLAG,
    "model_id": TEXT,
    "probability_up": NUMBER,
    "expected_return": NUMBER,
    **RANK_AND_SIZE,
    # The hash of the last outcome that was known when the forecast was made.
    "outcomes_hash": TEXT,
    "previous_hash": TEXT,
    "hash": TEXT,
}
LEDGER_HEADS = {"n_rows": COUNT, "hash": TEXT, "made_at": INSTANT}
UNIVERSE = {"ticker": TEXT, "state": TEXT, "at": INSTANT}
CURRENCIES = {"ticker": TEXT, "currency": TEXT, "at": INSTANT}
EXCHANGES = {"exchange": TEXT, "at": INSTANT}
# `asked_in` and a comparison's `session` are the last final session of the morning on which the source was asked.
QUARANTINE = {
    "ticker": TEXT,
    "session": SESSION,
    "at": INSTANT,
    "asked_in": SESSION,
    "state": TEXT,
    "reason": TEXT,
    **{name: BARS[name] for name in ("open", "high", "low", "close", "volume", "source")},
}
HOLES = {"ticker": TEXT, "session": SESSION, "asked_in": SESSION, "at": INSTANT}
COMPARISONS = {"ticker": TEXT, "session": SESSION, "at": INSTANT}
# Days (UTC) of which a source was asked for all headlines of a ticker, both included.
NEWS_COVERAGE = {"source": TEXT, "ticker": TEXT, "first": SESSION, "last": SESSION, "at": INSTANT}
SOURCES = {"at": INSTANT, "source": TEXT, "settings": TEXT}
# An outcome of before they were chained has no place in the chain, so the number is a float.
OUTCOME_LINKS = {"sequence": NUMBER, "forecasts_hash": TEXT, "previous_hash": TEXT, "hash": TEXT}
OUTCOMES = {
    "forecast_id": TEXT,
    "realised_return": NUMBER,
    "scored_at": INSTANT,
    "realised_variance": NUMBER,
    **OUTCOME_LINKS,
}
TRIALS = {"trial_id": TEXT, "scored_at": INSTANT, "name": TEXT, "settings": TEXT, "metrics": TEXT}

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("bars", BARS, ("ticker", "session", "fetched_at"), "vintages", recorded_at=("fetched_at",)),
        Table(
            "actions",
            ACTIONS,
            ("ticker", "session", "kind", "fetched_at"),
            "vintages",
            recorded_at=("fetched_at",),
        ),
        Table(
            "headlines",
            HEADLINES,
            ("headline_id",),
            "keep_first",
            order=("ticker", "published_at", "headline_id"),
            nullable=("first_seen_at",),
            added=tuple(HEADLINE_EXTRAS),
            recorded_at=("first_seen_at", "published_at"),
        ),
        Table("scores", SCORES, ("headline_id", "scorer"), "refuse"),
        # Stored by session, because a daily run replaces the last ones of every ticker.
        Table(
            "features",
            FEATURES,
            ("session", "ticker", "feature_set"),
            "derived",
            order=("ticker", "session", "feature_set"),
            open_ended=True,
        ),
        Table("models", MODELS, ("model_id", "state", "at"), "refuse", order=("at", "model_id"), recorded_at=("at",)),
        # Keyed by its place in the chain, so that two writers can't both extend the same head.
        Table(
            "forecasts",
            LEDGER,
            ("sequence",),
            "refuse",
            added=(*RANK_AND_SIZE, "outcomes_hash"),
            recorded_at=("made_at",),
        ),
        Table("ledger_heads", LEDGER_HEADS, ("n_rows",), "keep_first"),
        # An outcome whose bars were corrected has a later row beside it; the newest counts.
        Table(
            "outcomes",
            OUTCOMES,
            ("sequence",),
            "refuse",
            order=("sequence", "forecast_id"),
            added=("realised_variance", *OUTCOME_LINKS),
            recorded_at=("scored_at",),
        ),
        Table("outcome_heads", LEDGER_HEADS, ("n_rows",), "keep_first"),
        # What was added and removed by hand; without a row a ticker belongs where it has bars.
        Table("universe", UNIVERSE, ("ticker", "state", "at"), "keep_first", order=("at",), recorded_at=("at",)),
        Table("currencies", CURRENCIES, ("ticker", "currency", "at"), "keep_first", order=("at",), recorded_at=("at",)),
        # One row, of the exchange that all tickers trade on.
        Table("exchanges", EXCHANGES, ("exchange",), "keep_first", recorded_at=("at",)),
        # Where the bars are fetched from when no source is named.
        Table("sources", SOURCES, ("at", "source", "settings"), "keep_first", order=("at",), recorded_at=("at",)),
        # Which days' headlines were asked for, so that a backfill goes on where it ended.
        Table(
            "news_coverage",
            NEWS_COVERAGE,
            ("source", "ticker", "first", "last"),
            "keep_first",
            order=("source", "ticker", "first", "last"),
            recorded_at=("at",),
        ),
        # Bars that a source answered and that are not used, and what became of each.
        Table("quarantine", QUARANTINE, ("ticker", "session", "at"), "keep_first", recorded_at=("at",)),
        # Sessions that an answer lacked, once per morning.
        Table("holes", HOLES, ("ticker", "session", "asked_in"), "keep_first", recorded_at=("at",)),
        # When each ticker's whole history was last compared with what is stored.
        Table("comparisons", COMPARISONS, ("ticker", "session"), "keep_first", recorded_at=("at",)),
        Table("trials", TRIALS, ("trial_id",), "keep_first", recorded_at=("scored_at",)),
    )
}
