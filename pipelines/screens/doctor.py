"""What a person reads of a diagnosis: a line a finding, and what to do below those that aren't well."""

from pipelines.screens.console import console, escape
from stockseq.doctor import Diagnosis
from stockseq.errors import counted

MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "failure": "[red]✗[/red]"}


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Print every finding."""
    for check in diagnosis.checks:
        console.print(f"{MARKS[check.verdict]} {escape(check.subject)}: {escape(check.finding)}.")
        if check.advice:
            console.print(f"    {escape(check.advice)}")
    n_warnings, n_failures = diagnosis.count("warning"), diagnosis.count("failure")
    if n_failures:
        console.print(f"{counted(n_failures, 'failure')}: the next morning would fail, or isn't to be trusted.")
    elif n_warnings:
        console.print(f"Nothing keeps the next morning from running; {counted(n_warnings, 'warning')} to look at.")
    else:
        console.print("All is well.")
