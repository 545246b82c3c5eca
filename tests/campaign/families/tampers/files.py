"""Files and folders that are replaced, removed, linked or put back to an earlier state."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

from tests.campaign.case import Case
from tests.campaign.families.tampers.honest_store import copy_earlier, copy_whole
from tests.campaign.families.tampers.tools import commits, edit_commit
from tests.campaign.families.tampers.verdicts import must_find

LEDGER = ("forecasts", "outcomes")
EVERY = (*LEDGER, "ledger_heads", "outcome_heads")
# What is removed, or put back to an earlier state, together; all four at once is what README says can't be seen.
GROUPS = (
    ("forecasts",),
    ("outcomes",),
    ("ledger_heads",),
    ("outcome_heads",),
    ("ledger_heads", "outcome_heads"),
    ("outcomes", "outcome_heads"),
    ("forecasts", "ledger_heads"),
    ("forecasts", "outcomes"),
    ("forecasts", "outcomes", "ledger_heads"),
    ("outcomes", "ledger_heads", "outcome_heads"),
)
FILES: Mapping[str, Callable[[Path, Path], object]] = {
    "removed": lambda path, other: path.unlink(),
    "empty": lambda path, other: path.write_bytes(b""),
    "cut in half": lambda path, other: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "random bytes": lambda path, other: path.write_bytes(bytes(range(256)) * 8),
    "one of another table": lambda path, other: shutil.copy(other, path),
    "a folder": lambda path, other: (path.unlink(), path.mkdir()),
    "a link to itself": lambda path, other: (path.unlink(), path.symlink_to(path.name)),
    "a link to nothing": lambda path, other: (path.unlink(), path.symlink_to("nothing.parquet")),
    "a link to a copy": lambda path, other: (
        shutil.copy(path, path.with_name("copy.bin")),
        path.unlink(),
        path.symlink_to("copy.bin"),
    ),
}


def _added(table: Path, number: int) -> Path:
    """Return the Parquet file that a commit adds."""
    paths: list[str] = []

    def note(actions: list[dict]) -> list[dict]:
        paths.extend(action["add"]["path"] for action in actions if "add" in action)
        return actions

    edit_commit(commits(table)[number], note)
    return table / paths[0]


def removed(folder: Path, seed: int, *, tables: tuple[str, ...]) -> str:
    """Remove whole tables."""
    data = copy_whole(folder)
    for table in tables:
        shutil.rmtree(data / table)
    return must_find(data)


def put_back(folder: Path, seed: int, *, tables: tuple[str, ...]) -> str:
    """Put tables back to what they were after three mornings."""
    data, earlier = copy_whole(folder), copy_earlier(folder)
    for table in tables:
        shutil.rmtree(data / table)
        shutil.copytree(earlier / table, data / table)
    return must_find(data)


def file_replaced(folder: Path, seed: int, *, table: str, name: str, mended: bool) -> str:
    """Put something else in the place of a Parquet file, with its size in the log where `mended`."""
    data = copy_whole(folder)
    other = "bars" if table == "forecasts" else "forecasts"
    path = _added(data / table, 4)
    FILES[name](path, _added(data / other, 1))
    if mended:
        size = path.stat().st_size

        def mend(actions: list[dict]) -> list[dict]:
            return [{"add": action["add"] | {"size": size}} if "add" in action else action for action in actions]

        edit_commit(commits(data / table)[4], mend)
    return must_find(data)


def last_file_replaced(folder: Path, seed: int, *, table: str, name: str) -> str:
    """Put something else in the place of the newest file, which passes for a torn commit."""
    data = copy_whole(folder)
    FILES[name](_added(data / table, -1), _added(data / "bars", 1))
    return must_find(data)


def commit_linked(folder: Path, seed: int, *, table: str) -> str:
    """Put a link to a copy in the place of a commit."""
    data = copy_whole(folder)
    path = commits(data / table)[2]
    shutil.copy(path, folder / "commit.json")
    path.unlink()
    path.symlink_to(folder / "commit.json")
    return must_find(data)


def table_a_file(folder: Path, seed: int, *, table: str) -> str:
    """Put a file in the place of a table's folder."""
    data = copy_whole(folder)
    shutil.rmtree(data / table)
    (data / table).write_text("nothing")
    return must_find(data, table)


def log_gone(folder: Path, seed: int, *, table: str) -> str:
    """Remove the log, and leave the Parquet files."""
    data = copy_whole(folder)
    shutil.rmtree(data / table / "_delta_log")
    return must_find(data, table)


def column_added(folder: Path, seed: int, *, table: str, kind: str) -> str:
    """Add a column through Delta."""
    data = copy_whole(folder)
    DeltaTable(str(data / table)).alter.add_columns([Field("note", PrimitiveType(kind))])
    return must_find(data, table)


def other_table(folder: Path, seed: int, *, table: str, other: str) -> str:
    """Put another table in the place of one."""
    data = copy_whole(folder)
    shutil.rmtree(data / table)
    shutil.copytree(data / other, data / table)
    return must_find(data, table)


def cases() -> list[Case]:
    """Return a case for each table and what is put in the place of its files."""
    groups = [
        Case(f"{' and '.join(tables)} {words}", partial(run, tables=tables), short=tables == ("outcomes",))
        for words, run in (("removed", removed), ("put back to an earlier state", put_back))
        for tables in GROUPS
        # One table of heads put back alone is missed as removed heads are.
    ]
    replaced = [
        Case(
            f"{table}: a file {name}{', its size mended' if mended else ''}",
            partial(file_replaced, table=table, name=name, mended=mended),
        )
        for table in LEDGER
        for name in FILES
        for mended in (False, True)
        if not mended or name in ("random bytes", "one of another table", "empty", "cut in half")
    ]
    last = [
        Case(f"{table}: the newest file {name}", partial(last_file_replaced, table=table, name=name))
        for table in LEDGER
        for name in FILES
    ]
    columns = [
        Case(f"{table}: a column of {kind} added", partial(column_added, table=table, kind=kind))
        for table in (*EVERY, "bars", "models")
        for kind in ("string", "double")
    ]
    others = [
        *(Case(f"{table}: a commit linked", partial(commit_linked, table=table)) for table in EVERY),
        *(Case(f"{table}: a file in the place of the table", partial(table_a_file, table=table)) for table in EVERY),
        *(Case(f"{table}: the log gone", partial(log_gone, table=table)) for table in EVERY),
        Case("outcomes: the forecasts in its place", partial(other_table, table="outcomes", other="forecasts")),
        Case("forecasts: the outcomes in its place", partial(other_table, table="forecasts", other="outcomes")),
        Case(
            "ledger_heads: the outcomes' heads in its place",
            partial(other_table, table="ledger_heads", other="outcome_heads"),
        ),
    ]
    return [*groups, *replaced, *last, *columns, *others]
