"""The page of a benchmark, drawn from what the run left in its folder and from nothing else."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report.benchmark import BenchmarkReport, render_benchmark
from stockseq.schemas import Dropped


def render_benchmark_run(folder: Path) -> Path:
    """Draw the page of the benchmark in `folder` from its files alone, and return its path."""
    manifest = _json(folder / "manifest.json")
    account = _json(folder / "account.json")
    report = BenchmarkReport(
        run_id=folder.name,
        created_at=pd.Timestamp(manifest["now"]),
        title=manifest["title"],
        benchmark=_json(folder / "metrics.json")["benchmark"],
        dropped=tuple(Dropped(**drop) for drop in account["dropped"]),
        settings=tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8")),
        manifest=manifest,
    )
    return render_benchmark(report, folder / "report")


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
