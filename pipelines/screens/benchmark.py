"""What a person reads of a benchmark in the terminal: the tables and the sentences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rich.table import Table

from pipelines.screens.console import console, escape, show_page
from stockseq.benchmarks.result import BenchmarkResult, SampleScores
from stockseq.report.benchmark import COLUMNS, benchmark_rows
from stockseq.report.text.benchmark import benchmark_sentences, sample_title

# What fits a terminal of 100 characters, alike in each table so that the eye finds its column again.
WIDTHS: Mapping[str, tuple[int, Literal["left", "right"]]] = {
    "Forecast": (31, "left"),
    "Accuracy": (8, "right"),
    "95% interval": (14, "right"),
    "Seeds alone": (14, "right"),
    "MCC": (6, "right"),
    "PT p": (6, "right"),
}


def show_benchmark(result: BenchmarkResult, folder: Path) -> None:
    """Print a table for each sample, one paragraph, where the page is, and what to try next."""
    for period in result.periods:
        for sample in period.samples:
            console.print(_table(sample_title(period, sample), sample))
    console.print(escape(" ".join(benchmark_sentences(result))))
    show_page(folder)
    console.print("Next: `make runs` lists it beside your other runs; `make report` draws the newest page again.")


def _table(title: str, sample: SampleScores) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for head, (width, justify) in WIDTHS.items():
        table.add_column(head, min_width=width, justify=justify)
    for row in benchmark_rows(sample):
        table.add_row(*(escape(cell) for head, cell in zip(COLUMNS, row, strict=True) if head in WIDTHS))
    return table
