"""Rows that are edited, removed, added, doubled, swapped or renumbered, by Parquet or by Delta itself."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from stockseq.forecast_ledger import append_outcomes, verify
from stockseq.ledger_verification import SCORED
from stockseq.schemas import as_labels
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.families.tampers.honest_store import EVENING, copy_whole
from tests.campaign.families.tampers.tools import edit_file, order_of, rewrite, set_value
from tests.campaign.families.tampers.verdicts import must_find

Change = Callable[[Any], Any]


def other_hash(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


LATER = pd.Timedelta(hours=3)
# By table and column, what a foe writes in place of a value.
EDITS: Mapping[tuple[str, str], Mapping[str, Change]] = {
    ("outcomes", "realised_return"): {
        "its sign turned": lambda value: -value,
        "its last bit": lambda value: value * (1 + 2**-52),
        "NaN": lambda value: float("nan"),
        "infinity": lambda value: float("inf"),
        "nothing": lambda value: None,
    },
    ("outcomes", "realised_variance"): {
        "halved": lambda value: value / 2,
        "below zero": lambda value: -value,
        "NaN": lambda value: float("nan"),
    },
    ("outcomes", "scored_at"): {"later": lambda at: at + LATER, "in 2999": lambda at: at.replace(year=2999)},
    ("outcomes", "forecast_id"): {"another": other_hash, "empty": lambda value: "", "nothing": lambda value: None},
    ("outcomes", "sequence"): {
        "a fraction": lambda value: value + 0.5,
        "infinity": lambda value: float("inf"),
        "nothing": lambda value: None,
        "zero": lambda value: 0.0,
    },
    ("outcomes", "hash"): {"another": other_hash, "nothing": lambda value: None},
    ("outcomes", "previous_hash"): {"another": other_hash, "nothing": lambda value: None},
    ("outcomes", "forecasts_hash"): {"another": other_hash, "nothing": lambda value: None},
    ("forecasts", "probability_up"): {
        "turned": lambda value: 1 - value,
        "NaN": lambda value: float("nan"),
        "2": lambda value: 2.0,
    },
    ("forecasts", "expected_return"): {"turned": lambda value: -value},
    ("forecasts", "sigma"): {"doubled": lambda value: 2 * value, "nothing": lambda value: None},
    ("forecasts", "late"): {"turned": lambda value: not value, "nothing": lambda value: None},
    ("forecasts", "ticker"): {"another": lambda value: "ZZZ", "nothing": lambda value: None},
    ("forecasts", "session"): {"a day on": lambda day: day + pd.Timedelta(days=1)},
    ("forecasts", "made_at"): {"earlier": lambda at: at - LATER},
    ("forecasts", "opens_at"): {"later": lambda at: at + LATER},
    ("forecasts", "model_id"): {"another": lambda value: "better"},
    ("forecasts", "outcomes_hash"): {"another": other_hash, "nothing": lambda value: None},
    ("forecasts", "sequence"): {"zero": lambda value: 0, "nothing": lambda value: None},
    ("ledger_heads", "hash"): {"another": other_hash},
    ("ledger_heads", "n_rows"): {"one more": lambda n: n + 1, "a million": lambda n: 10**6, "below zero": lambda n: -1},
    ("outcome_heads", "hash"): {"another": other_hash},
    ("outcome_heads", "n_rows"): {"one more": lambda n: n + 1, "below zero": lambda n: -7},
}
DELTA: Mapping[str, Callable[[DeltaTable, str], object]] = {
    "update": lambda table, order: table.update({order: f"{order} + 1"}, predicate=f"{order} >= 8"),
    "delete": lambda table, order: table.delete(f"{order} = 8"),
    "delete everything": lambda table, order: table.delete(),
    "restore": lambda table, order: table.restore(max(table.version() - 3, 0)),
}
RELABELLED = '{"basis": {"label": "open_to_close"}}'
TABLES = ("forecasts", "outcomes", "ledger_heads", "outcome_heads")


def swapped(rows: pd.DataFrame, *, renumber: bool) -> pd.DataFrame:
    order = [1, 0, *range(2, len(rows))]
    return rows.iloc[order].assign(sequence=rows["sequence"].to_numpy()) if renumber else rows.iloc[order]


REWRITES: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "two rows swapped": partial(swapped, renumber=True),
    "rows in another order": partial(swapped, renumber=False),
    "a row doubled": lambda rows: pd.concat([rows, rows.iloc[[3]]]),
    "the first row removed": lambda rows: rows.iloc[1:],
    "a row in the middle removed": lambda rows: rows.drop(index=5),
    "the last row removed": lambda rows: rows.iloc[:-1],
    "every hash empty": lambda rows: rows.assign(hash="", previous_hash=""),
    "renumbered from 2": lambda rows: rows.assign(sequence=rows["sequence"] + 1),
}
ADDED: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "the last row again": lambda rows: rows.tail(1),
    "the first row again": lambda rows: rows.head(1),
    "a row of an empty hash": lambda rows: rows.tail(1).assign(sequence=rows["sequence"].max() + 1, hash=""),
    "a row with a gap before it": lambda rows: rows.tail(1).assign(sequence=rows["sequence"].max() + 2),
}


def edit_value(folder: Path, seed: int, *, table: str, column: str, change: Change) -> str:
    """Edit one value of any commit's file, and mend size and statistics in the log."""
    data = copy_whole(folder)
    n_commits = DeltaTable(str(data / table)).version()
    edit_file(data / table, set_value(column, change), number=1 + seed % (n_commits - 1))
    return must_find(data)


def by_delta(folder: Path, seed: int, *, table: str, name: str) -> str:
    """Change rows the way that Delta itself offers."""
    data = copy_whole(folder)
    DELTA[name](DeltaTable(str(data / table)), order_of(data / table))
    return must_find(data)


def by_rewrite(
    folder: Path, seed: int, *, table: str, change: Callable[[pd.DataFrame], pd.DataFrame], mode: str
) -> str:
    """Overwrite the table with other rows, or append some."""
    data = copy_whole(folder)
    rewrite(data / table, change, mode=mode)
    return must_find(data)


def models_changed(folder: Path, seed: int, *, name: str) -> str:
    """Take a model and with it its forecasts out of the record, or let them count in another trade's."""
    data = copy_whole(folder)
    table = data / "models"
    match name:
        case "the table removed":
            shutil.rmtree(table)
        case "one deleted by Delta":
            DeltaTable(str(table)).delete("model_id = 'days'")
        case "one removed from Parquet":
            edit_file(table, lambda rows: rows.slice(0, 1))
        case "one renamed in Parquet":
            edit_file(table, set_value("model_id", lambda value: "other"))
        case "its trade changed in Parquet":
            edit_file(table, set_value("metrics", lambda value: RELABELLED, row=1))
    return must_find(data, "models")


def unchained_beside(folder: Path, seed: int) -> str:
    """Add an outcome that passes for one of before they were chained."""
    data = copy_whole(folder)
    links = dict.fromkeys(("sequence", "forecasts_hash", "previous_hash", "hash"))
    rewrite(data / "outcomes", lambda rows: rows.tail(1).assign(realised_return=0.5, **links), mode="append")
    return must_find(data)


def chained_stranger(folder: Path, seed: int) -> str:
    """Add an outcome of no forecast whose hash is right."""
    data = copy_whole(folder)
    ledger = verify(Store(data))
    strange = ledger.outcomes.tail(1).assign(forecast_id="f" * 64)
    chained = SCORED.link(strange, n_before=ledger.n_chained, head=ledger.outcomes_head)
    snapshot = DeltaTable(str(data / "outcomes"))
    schema = pa.schema(snapshot.schema().to_arrow())
    rows = pa.Table.from_pandas(chained, schema=schema, preserve_index=False)
    write_deltalake(str(data / "outcomes"), rows, mode="append")
    return must_find(data)


def chained_lie(folder: Path, seed: int) -> str:
    """Correct an outcome by a well chained row that its bars don't give: they are asked again."""
    data = copy_whole(folder)
    store = Store(data)
    ledger = verify(store)
    row = ledger.forecasts[ledger.forecasts["model_id"] == "day"].iloc[seed % 20]
    lie = as_labels(
        pd.DataFrame(
            {
                "ticker": [row["ticker"]],
                "session": row["session"],
                "entry_at": row["opens_at"],
                "exit_at": row["opens_at"],
                "realised_return": 0.25,
                "volatility": 0.01,
            }
        )
    )
    at = EVENING + pd.Timedelta(days=1)
    assert append_outcomes(store, lie, scored_at=at, model_ids=["day"]).n_rows == 1
    return must_find(data, row["ticker"])


def cases() -> list[Case]:
    """Return a case for each table and change."""
    edits = [
        Case(
            f"{table}.{column} edited in Parquet: {name}",
            partial(edit_value, table=table, column=column, change=change),
            short=(column, name) in {("realised_return", "its sign turned"), ("outcomes_hash", "another")},
        )
        for (table, column), changes in EDITS.items()
        for name, change in changes.items()
    ]
    delta = [
        Case(f"{table}: Delta's {name}", partial(by_delta, table=table, name=name))
        for table in TABLES
        for name in DELTA
    ]
    rewrites = [
        Case(f"{table} {mode}: {name}", partial(by_rewrite, table=table, change=change, mode=mode))
        for table in ("forecasts", "outcomes")
        for mode, changes in (("overwrite", REWRITES), ("append", ADDED))
        for name, change in changes.items()
    ]
    added = [
        Case("an outcome added that passes for an old one", unchained_beside),
        Case("a chained outcome of no forecast", chained_stranger),
        Case("a well chained lie about an outcome", chained_lie, short=True),
    ]
    models = [
        Case(f"models: {name}", partial(models_changed, name=name))
        for name in (
            "the table removed",
            "one deleted by Delta",
            "one removed from Parquet",
            "one renamed in Parquet",
            "its trade changed in Parquet",
        )
    ]
    return [*edits, *delta, *rewrites, *added, *models]
