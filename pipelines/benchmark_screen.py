"""What a person sees of a benchmark in the terminal: the table and the paragraph."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rich.markup import escape
from rich.table import Table

from pipelines.context import console
from pipelines.screen import show_page
from stockseq.report.benchmark import COLUMNS, benchmark_rows
from stockseq.report.text.benchmark import paragraph, sample_title

# What fits a terminal of 100 characters, alike in each table so that the eye finds its column again.
WIDTHS: Mapping[str, tuple[int, Literal["left", "right"]]] = {
    "Forecast": (31, "left"),
    "Accuracy": (8, "right"),
    "95% interval": (14, "right"),
    "Seeds alone": (14, "right"),
    "MCC": (6, "right"),
    "PT p": (6, "right"),
}


def show_benchmark(benchmark: Mapping[str, Any], folder: Path) -> None:
    """Print the table, one paragraph, where the page is, and what to try next."""
    for period in benchmark["periods"]:
        for sample in period["samples"]:
            console.print(_table(sample_title(period, sample), sample))
    console.print(escape(paragraph(benchmark)))
    show_page(folder)
    console.print("Next: `make runs` lists it beside your other runs; `make report` draws the newest page again.")


def _table(title: str, sample: Mapping[str, Any]) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for head, (width, justify) in WIDTHS.items():
        table.add_column(head, min_width=width, justify=justify)
    for row in benchmark_rows(sample):
        cells = [write(row[key]) for key, (head, write) in COLUMNS.items() if head in WIDTHS]
        table.add_row(*(escape(cell) for cell in cells))
    return table
