"""What an audit shows: one row per artefact, and a sentence for each thing that moved."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from pipelines.context import console
from stockseq.evaluate.lookahead import Verdict

N_SHOWN = 10


def show_verdicts(verdicts: Sequence[Verdict], unaudited: Sequence[str], *, n_features: int) -> None:
    """Show the table, then the findings, then what was not looked at."""
    table = Table(title="What the future changed", title_justify="left")
    table.add_column("Artefact")
    for name in ("Cuts", "Values compared"):
        table.add_column(name, justify="right")
    table.add_column("Verdict")
    for verdict in verdicts:
        name = f"{n_features} features" if verdict.artefact == "features" else verdict.artefact
        table.add_row(
            escape(name),
            f"{verdict.n_cuts:,}" if verdict.n_cuts else "every row",
            f"{verdict.n_values:,}",
            _words(verdict),
        )
    console.print(table)
    for verdict in verdicts:
        shown = list(dict.fromkeys(finding.sentence for finding in verdict.findings))
        for sentence in shown[:N_SHOWN]:
            console.print(f"[red]✗[/red] {escape(sentence)}")
        if len(shown) > N_SHOWN:
            console.print(f"  and {len(shown) - N_SHOWN:,} more of {escape(verdict.artefact)}.")
    for reason in unaudited:
        console.print(f"[yellow]Not audited:[/yellow] {escape(reason)}")


def _words(verdict: Verdict) -> str:
    if verdict.findings:
        first = verdict.findings[0]
        place = f" of {first.ticker}" if first.ticker else ""
        return f"[red]{escape(first.column)}{escape(place)} moved[/red]"
    return "[green]identical[/green]" if verdict.n_values else "nothing to compare"
