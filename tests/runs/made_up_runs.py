"""Folders of runs with made-up forecasts and equity, as a recipe would leave them."""

import json
from pathlib import Path

import pandas as pd
import tomli_w

from tests.report.made_up_scores import made_up_scores


def write_made_up_run(
    root: Path,
    name: str,
    forecasts: pd.DataFrame,
    *,
    equity: pd.DataFrame | None = None,
    settings: dict[str, object] | None = None,
) -> Path:
    """Write the folder of a run; its recipe is the last part of its name."""
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    recipe = name.split("-")[1]
    manifest = {"recipe": recipe, "title": f"A {recipe}", "now": "2024-11-29T13:00:00+00:00"}
    metrics: dict[str, object] = {"forecast": made_up_scores(0.55), "coverage": {"tickers": 2}}
    if equity is not None:
        metrics["portfolio"] = {"total_return": 0.1, "sharpe": 1.0}
        equity.rename_axis("session").reset_index().to_parquet(folder / "equity.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    (folder / "settings.toml").write_text(
        tomli_w.dumps({"label": "open_to_close", **(settings or {})}), encoding="utf-8"
    )
    table = "out_of_sample" if recipe == "daily" else "forecasts"
    forecasts.to_parquet(folder / f"{table}.parquet")
    return folder
