"""What a person reads of an audit in the terminal."""

from pipelines.screens.console import build_table, console, escape
from stockseq.audit.result import AuditResult, Verdict
from stockseq.report.text.audit import audit_sentence, finding_sentence, unaudited_sentence, verdict_words

N_SHOWN = 10


def show_audit(result: AuditResult, *, n_stored: int) -> None:
    """One row per artefact, a sentence for each thing that moved, what was not looked at, and what it comes to."""
    table = build_table("What the future changed", "Artefact", "Cuts", "Values compared", "Verdict", left=(0, 3))
    for verdict in result.verdicts:
        name = f"{result.n_features} features" if verdict.artefact == "features" else verdict.artefact
        cuts = f"{verdict.n_cuts:,}" if verdict.n_cuts else "every row"
        table.add_row(escape(name), cuts, f"{verdict.n_values:,}", _coloured(verdict))
    console.print(table)
    for verdict in result.moved:
        shown = list(dict.fromkeys(map(finding_sentence, verdict.findings)))
        for sentence in shown[:N_SHOWN]:
            console.print(f"[red]✗[/red] {escape(sentence)}")
        if len(shown) > N_SHOWN:
            console.print(f"  and {len(shown) - N_SHOWN:,} more of {escape(verdict.artefact)}.")
    for gap in result.unaudited:
        console.print(f"[yellow]Not audited:[/yellow] {escape(unaudited_sentence(gap))}")
    if not result.moved:
        console.print(f"[green]✓[/green] {escape(audit_sentence(result, n_stored=n_stored))} Next: make backtest.")


def _coloured(verdict: Verdict) -> str:
    colour = "red" if verdict.findings else "green" if verdict.n_values else "default"
    return f"[{colour}]{escape(verdict_words(verdict))}[/{colour}]"
