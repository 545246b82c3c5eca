"""The page of a benchmark, drawn from what the run left in its folder and from nothing else."""

from pathlib import Path

from pipelines.run_folder import read_run
from stockseq.report.benchmark import render_benchmark


def render_benchmark_run(folder: Path) -> Path:
    """Draw the page of the benchmark in `folder` from its files alone, and return its path."""
    return render_benchmark(read_run(folder), folder / "report")
