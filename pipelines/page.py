"""The page of a run, drawn from what the run left in its folder and from nothing else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.ablation_page import render_ablation_run
from pipelines.benchmark_page import render_benchmark_run
from pipelines.run_folder import read_run, read_table
from stockseq.report.page import render_report
from stockseq.report.text.verdict import verdict


def render_run(folder: Path) -> Path:
    """Draw the page of the run in `folder` and return its path."""
    recipe = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["recipe"]
    return PAGES.get(recipe, render_forecasting_run)(folder)


def render_forecasting_run(folder: Path) -> Path:
    """Draw the page of a run that forecasts and return its path."""
    run = read_run(folder)
    forecasts, equity = read_table(folder / "forecasts.parquet"), read_table(folder / "equity.parquet")
    daily = run.recipe == "daily"
    run = replace(
        run,
        verdict=verdict(run.metrics["forecast"]),
        out_of_sample=read_table(folder / "out_of_sample.parquet") if daily else forecasts,
        optimum=run.metrics.get("optimum"),
        equity=None if equity is None else equity.set_index("session"),
        fills=read_table(folder / "fills.parquet"),
        next_forecasts=_with_headlines(forecasts, read_table(folder / "headlines.parquet")) if daily else None,
        live_record=run.metrics.get("live"),
    )
    return render_report(run, folder / "report")


# Recipes that forecast nothing to trade have pages of their own.
PAGES: Mapping[str, Callable[[Path], Path]] = {"ablation": render_ablation_run, "benchmark": render_benchmark_run}


def _with_headlines(forecasts: pd.DataFrame | None, headlines: pd.DataFrame | None) -> pd.DataFrame | None:
    if forecasts is None or headlines is None:
        return forecasts
    columns = ["published_at", "text", "url", "compound"]
    read = {str(key): list(group[columns].itertuples(index=False)) for key, group in headlines.groupby("ticker")}
    lists: list[Any] = [read.get(ticker, []) for ticker in forecasts["ticker"]]
    return forecasts.assign(headlines=lists)
