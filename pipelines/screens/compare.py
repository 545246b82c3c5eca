"""What a person reads of a comparison of runs in the terminal."""

from pathlib import Path

from pipelines.screens.console import build_table, console, escape
from stockseq.report.format import text
from stockseq.report.text.comparison import pair_sentences
from stockseq.runs.compare import RunComparison


def show_comparison(comparison: RunComparison, page: Path) -> None:
    """The settings that differ, what each pair shows, and where the page is."""
    names = [run.name for run in comparison.runs]
    if comparison.settings:
        table = build_table("Settings that differ", "Setting", *map(escape, names), left=tuple(range(len(names) + 1)))
        for column in table.columns:
            # A name is typed again, so none of it is cut.
            column.overflow = "fold"
        for name, values in comparison.settings.items():
            table.add_row(escape(name), *(escape(text(value, limit=60)) for value in values))
        console.print(table)
    else:
        console.print("All settings are the same.")
    for pair in comparison.pairs:
        for sentence in pair_sentences(pair, comparison):
            console.print(escape(sentence))
    console.print(f"Page: {page}", markup=False)
