"""What a foe uses: an editor of Parquet files that mends the log, and of the log itself."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

Action = dict[str, Any]


def commits(table: Path) -> list[Path]:
    """Return the commits of a table's log, oldest first."""
    return sorted((table / "_delta_log").glob("*.json"))


def edit_commit(path: Path, edit: Callable[[list[Action]], list[Action]]) -> None:
    """Rewrite one commit of a log."""
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(action) + "\n" for action in edit(actions)))


def edit_info(path: Path, **changes: object) -> None:
    """Change what a commit says of itself."""

    def edit(actions: list[Action]) -> list[Action]:
        return [
            {"commitInfo": action["commitInfo"] | changes} if "commitInfo" in action else action for action in actions
        ]

    edit_commit(path, edit)


def edit_file(table: Path, edit: Callable[[pa.Table], pa.Table], *, number: int = -1) -> None:
    """Rewrite the Parquet file of one commit, and its size and statistics in the log."""
    commit = commits(table)[number]

    def mend(actions: list[Action]) -> list[Action]:
        for action in actions:
            if "add" in action:
                path = table / action["add"]["path"]
                rows = edit(pq.read_table(path))
                pq.write_table(rows, path)
                action["add"] |= {"size": path.stat().st_size, "stats": json.dumps({"numRecords": rows.num_rows})}
        return actions

    edit_commit(commit, mend)


def set_value(column: str, change: Callable[[Any], Any], *, row: int = 0) -> Callable[[pa.Table], pa.Table]:
    """Return an edit that changes one value of a column."""

    def edit(rows: pa.Table) -> pa.Table:
        values = rows[column].to_pylist()
        values[row] = change(values[row])
        place = rows.schema.get_field_index(column)
        field = pa.field(column, rows.schema.field(column).type)
        return rows.set_column(place, field, pa.array(values, field.type, from_pandas=False))

    return edit


def rewrite(table: Path, change: Callable[[pd.DataFrame], pd.DataFrame], *, mode: str = "overwrite") -> None:
    """Overwrite a table through deltalake, or append to it what `change` makes of its rows."""
    snapshot = DeltaTable(str(table))
    schema = pa.schema(snapshot.schema().to_arrow())
    rows = snapshot.to_pandas().sort_values(order_of(table), ignore_index=True)
    written = pa.Table.from_pandas(change(rows), schema=schema, preserve_index=False)
    write_deltalake(str(table), written, mode=mode)  # type: ignore[call-overload]


def order_of(table: Path) -> str:
    """Return the column that numbers the rows of a table."""
    return "n_rows" if table.name.endswith("heads") else "sequence"


def relabel(commit: Path, **operation: object) -> None:
    """Make a rewriting commit pass for an appending one."""
    edit_info(commit, operation="WRITE", operationParameters={"mode": "Append"}, **operation)


def keep_files(actions: list[Action]) -> list[Action]:
    """Make a commit say that its removed files change no rows."""

    def mend(action: Action) -> Action:
        return {
            name: fields | {"dataChange": False} if name in ("add", "remove") else fields
            for name, fields in action.items()
        }

    return [mend(action) for action in actions]


def cut(table: Path, n: int, *, pointer: bool) -> None:
    """Take the newest commits off a log, and the pointer to its last checkpoint with them."""
    for commit in commits(table)[-n:]:
        for path in (table / "_delta_log").glob(f"{commit.stem}.*"):
            path.unlink()
    if pointer:
        (table / "_delta_log" / "_last_checkpoint").unlink(missing_ok=True)


def hide_history(table: Path) -> None:
    """Write a checkpoint, and clean the log before it away."""
    snapshot = DeltaTable(str(table))
    snapshot.create_checkpoint()
    for commit in commits(table)[:-1]:
        commit.unlink()


def values_of(row: Mapping[str, object], *columns: str) -> dict[str, object]:
    """Return some columns of a row."""
    return {column: row[column] for column in columns}
