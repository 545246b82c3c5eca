"""The page of an ablation, drawn from what the run left in its folder and from nothing else."""

from pathlib import Path

from pipelines.run_folder import read_run
from stockseq.report.ablation import render_ablation


def render_ablation_run(folder: Path) -> Path:
    """Draw the page of the ablation in `folder` from its files alone, and return its path."""
    return render_ablation(read_run(folder), folder / "report")
