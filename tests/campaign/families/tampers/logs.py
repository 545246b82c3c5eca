"""The log of a table: relabelled, hidden, cut, damaged, dated in the future, or asking for other readers."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from deltalake import DeltaTable, TableFeatures

from tests.campaign.case import Case
from tests.campaign.families.tampers.honest_store import copy_whole
from tests.campaign.families.tampers.tools import (
    commits,
    cut,
    edit_commit,
    edit_info,
    hide_history,
    keep_files,
    relabel,
)
from tests.campaign.families.tampers.verdicts import must_find

LEDGER = ("forecasts", "outcomes")
TURNED = {"forecasts": {"probability_up": "1 - probability_up"}, "outcomes": {"realised_return": "-realised_return"}}
HEAD = {"ledger_heads": {"made_at": "made_at"}, "outcome_heads": {"hash": "'0'"}}
HALF = 2
DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // HALF]),
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 4),
    "a number": lambda path: path.write_text("5\n"),
    "a list": lambda path: path.write_text("[1, 2]\n"),
    "null": lambda path: path.write_text("null\n"),
    "a commit of nothing": lambda path: path.write_text('{"commitInfo": {}}\n'),
    "an add of nothing": lambda path: path.write_text('{"add": null}\n{"add": {"path": 5}}\n'),
    "ten thousand brackets": lambda path: path.write_text("[" * 10_000 + "\n"),
    "removed": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}
DATES: Mapping[str, object] = {
    "in 3000": 32_503_680_000_000,
    "in the year 3 million": 10**17,
    "at the last millisecond": 2**63 - 1,
    "next week": 1,
    "before 1970": -5,
    "never": None,
    "by a text": "tomorrow",
    "by a fraction": 1.5,
    "by 400 digits": 10**400,
}


def relabelled(folder: Path, seed: int, *, table: str, files: bool) -> str:
    """Update rows, and call the commit an append; with `files`, an OPTIMIZE whose files change no rows."""
    data = copy_whole(folder)
    DeltaTable(str(data / table)).update(TURNED.get(table) or HEAD[table])
    commit = commits(data / table)[-1]
    if files:
        edit_commit(commit, keep_files)
        edit_info(commit, operation="OPTIMIZE", operationParameters={})
    else:
        relabel(commit)
    return must_find(data)


def hidden(folder: Path, seed: int, *, table: str, change: bool) -> str:
    """Update rows, write a checkpoint of the result, and clean the log before it away."""
    data = copy_whole(folder)
    if change:
        DeltaTable(str(data / table)).update(TURNED.get(table) or HEAD[table])
    hide_history(data / table)
    return must_find(data)


def cut_end(folder: Path, seed: int, *, table: str, n: int, pointer: bool) -> str:
    """Take the last commits off one table's log, after a checkpoint that knew them."""
    data = copy_whole(folder)
    if pointer:
        DeltaTable(str(data / table)).create_checkpoint()
    cut(data / table, n, pointer=pointer)
    return must_find(data)


def damaged(folder: Path, seed: int, *, table: str, name: str, number: int) -> str:
    """Damage one commit of the log."""
    data = copy_whole(folder)
    DAMAGES[name](commits(data / table)[number])
    return must_find(data)


def dated(folder: Path, seed: int, *, table: str, timestamp: object) -> str:
    """Date a commit."""
    data = copy_whole(folder)
    path = commits(data / table)[seed % 5]
    if timestamp == 1:
        now = json.loads(path.read_text().splitlines()[0])["commitInfo"]["timestamp"]
        timestamp = now + 7 * 86_400_000
    edit_info(path, timestamp=timestamp)
    return must_find(data)


def asks_for_readers(folder: Path, seed: int, *, table: str, name: str) -> str:
    """Raise what the table asks of readers and writers, such as that they know deletion vectors."""
    data = copy_whole(folder)
    if name == "feature":
        snapshot = DeltaTable(str(data / table))
        snapshot.alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
        return must_find(data)
    version = {"writers of 7": (1, 7), "readers of 99": (99, 99), "readers of 3": (3, 7)}[name]
    protocol = {"minReaderVersion": version[0], "minWriterVersion": version[1]}
    if version[1] == 7:
        protocol |= {"writerFeatures": ["appendOnly"], **({"readerFeatures": []} if version[0] == 3 else {})}  # type: ignore[dict-item]
    edit_commit(commits(data / table)[-1], lambda actions: [*actions, {"protocol": protocol}])
    return must_find(data)


def deletion_vector(folder: Path, seed: int, *, table: str) -> str:
    """Hide a row by a deletion vector in the log."""
    data = copy_whole(folder)
    vector = {"storageType": "u", "pathOrInlineDv": "vBn[lx{q8@P<9BNH/isA", "offset": 1, "sizeInBytes": 36}

    def edit(actions: list[dict]) -> list[dict]:
        return [
            {"add": action["add"] | {"deletionVector": {**vector, "cardinality": 1}}} if "add" in action else action
            for action in actions
        ]

    edit_commit(commits(data / table)[-1], edit)
    return must_find(data)


def forgotten_file(folder: Path, seed: int, *, table: str) -> str:
    """Take the file that a commit adds out of the commit, and mend the count of files."""
    data = copy_whole(folder)
    commit = commits(data / table)[3]
    edit_commit(commit, lambda actions: [action for action in actions if "add" not in action])
    edit_info(commit, operationMetrics={"num_added_files": 0})
    return must_find(data)


def added_twice(folder: Path, seed: int, *, table: str) -> str:
    """Add the file of one commit in another commit, too."""
    data = copy_whole(folder)
    log = commits(data / table)
    added = [json.loads(line) for line in log[2].read_text().splitlines() if '"add"' in line]
    copied = [action for action in added if "add" in action]
    name = "part-copy.parquet"
    for action in copied:
        (data / table / name).write_bytes((data / table / action["add"]["path"]).read_bytes())
        action["add"]["path"] = name
    edit_commit(log[-1], lambda actions: [*actions, *copied])
    edit_info(log[-1], operationMetrics={"num_added_files": 2})
    return must_find(data)


def cases() -> list[Case]:
    """Return a case for each table and change of its log."""
    every = (*LEDGER, *HEAD)
    found = [
        Case(
            f"{table}: an UPDATE called {'OPTIMIZE' if files else 'an append'}",
            partial(relabelled, table=table, files=files),
            short=table == "outcomes" and not files,
        )
        for table in LEDGER
        for files in (False, True)
    ]
    found += [
        Case(f"{table}: a log cleaned up behind a checkpoint{words}", partial(hidden, table=table, change=change))
        for table in every
        for change, words in ((True, " that hides an UPDATE"), (False, ""))
    ]
    found += [
        Case(
            f"{table}: the last {n} commits removed, {'with' if pointer else 'without'} a checkpoint",
            partial(cut_end, table=table, n=n, pointer=pointer),
            short=(table, n, pointer) == ("outcomes", 1, False),
        )
        for table in every
        for n in (1, 3)
        for pointer in (False, True)
        # One head less is what a killed run leaves.
        if not (n == 1 and table in HEAD)
    ]
    found += [
        Case(f"{table}: {place} commit {name}", partial(damaged, table=table, name=name, number=number))
        for table in LEDGER
        for place, number in (("the last", -1), ("the first", 0), ("a middle", 4))
        for name in DAMAGES
    ]
    found += [
        Case(f"{table}: a commit dated {name}", partial(dated, table=table, timestamp=timestamp))
        for table in LEDGER
        for name, timestamp in DATES.items()
    ]
    for table in LEDGER:
        found += [
            Case(f"{table}: asks for {name}", partial(asks_for_readers, table=table, name=name))
            for name in ("feature", "writers of 7", "readers of 99", "readers of 3")
        ]
        found += [
            Case(f"{table}: a row hidden by a deletion vector", partial(deletion_vector, table=table)),
            Case(f"{table}: a commit that forgot its file", partial(forgotten_file, table=table)),
            Case(f"{table}: a file added twice", partial(added_twice, table=table)),
        ]
    return found
