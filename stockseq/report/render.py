"""The page of a run, drawn from what the run left in its folder and from nothing else."""

from pathlib import Path

from stockseq.ablation.result import AblationResult
from stockseq.benchmarks.result import BenchmarkResult
from stockseq.report.ablation.page import render_ablation
from stockseq.report.benchmark import render_benchmark
from stockseq.report.page import render_report
from stockseq.report.run import read_basics, read_json, read_run


def render_run(folder: Path) -> Path:
    """Draw the page of the run in `folder` and return its path.

    Raises
    ------
    OSError, ValueError
        If a file of the run is missing or damaged.
    """
    recipe = read_json(folder / "manifest.json")["recipe"]
    page = folder / "report"
    # Recipes that forecast nothing to trade have pages of their own.
    if recipe == "ablation":
        ablation = AblationResult.from_dict(read_json(folder / "metrics.json")["ablation"])
        return render_ablation(read_basics(folder), ablation, page)
    if recipe == "benchmark":
        benchmark = BenchmarkResult.from_dict(read_json(folder / "metrics.json")["benchmark"])
        return render_benchmark(read_basics(folder), benchmark, page)
    return render_report(read_run(folder), page)
