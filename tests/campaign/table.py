"""The verdicts of a campaign: a file that grows by a line per case, and the table made of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from tests.campaign.case import Verdict


def read_verdicts(path: Path) -> list[Verdict]:
    """Return what was noted so far; a line that a killed run left half written is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [Verdict(**json.loads(line)) for line in lines]


def note_verdict(path: Path, verdict: Verdict) -> None:
    """Append one verdict."""
    content = path.read_bytes() if path.exists() else b""
    with path.open("ab") as file:
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
        file.write(json.dumps(asdict(verdict)).encode() + b"\n")


def summary(verdicts: Sequence[Verdict]) -> Table:
    """Return the table: a row per family, then the whole."""
    table = Table("family", "cases", "inputs", "right", "wrong", "minutes")
    for column in table.columns[1:]:
        column.justify = "right"
    for family in sorted({verdict.family for verdict in verdicts}):
        table.add_row(*_row(family, [verdict for verdict in verdicts if verdict.family == family]))
    table.add_section()
    table.add_row(*_row("all", verdicts))
    return table


def write_table(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write every case with its verdict as a Markdown table."""
    rows = [
        f"| {verdict.family} | {verdict.name} | {verdict.n_inputs:,} | {'right' if verdict.right else 'WRONG'} | "
        f"{' '.join(verdict.said.split()).replace('|', '/')} |"
        for verdict in verdicts
    ]
    head = ["| family | case | inputs | verdict | what happened |", "|---|---|---|---|---|"]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


def _row(name: str, verdicts: Sequence[Verdict]) -> list[str]:
    right = sum(verdict.right for verdict in verdicts)
    return [
        name,
        f"{len(verdicts):,}",
        f"{sum(verdict.n_inputs for verdict in verdicts):,}",
        f"{right:,}",
        f"{len(verdicts) - right:,}",
        f"{sum(verdict.seconds for verdict in verdicts) / 60:.1f}",
    ]
