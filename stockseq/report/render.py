"""The page of a run, drawn from what the run left in its folder and from nothing else."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report.ablation.page import render_ablation
from stockseq.report.benchmark import render_benchmark
from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from stockseq.report.text.verdict import verdict
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


def render_run(folder: Path) -> Path:
    """Draw the page of the run in `folder` and return its path."""
    run = read_run(folder)
    return PAGES.get(run.recipe, _render_forecasts)(run, folder / "report")


def read_run(folder: Path) -> RunReport:
    """Return what stands in a run's folder.

    Raises
    ------
    OSError, ValueError
        If a file is missing or damaged.
    """
    manifest, account = _json(folder / "manifest.json"), _json(folder / "account.json")
    run = RunReport(
        run_id=folder.name,
        recipe=manifest["recipe"],
        created_at=pd.Timestamp(manifest["now"]),
        title=manifest["title"],
        metrics=_json(folder / "metrics.json"),
        models=pd.DataFrame(account["models"]) if account["models"] else None,
        dropped=tuple(Dropped(**drop) for drop in account["dropped"]),
        ticker_outcomes=tuple(_outcome(outcome) for outcome in account["outcomes"]),
        limitations=account["doubts"],
        settings=tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8")),
        manifest=manifest,
    )
    return run if run.recipe in PAGES else _with_forecasts(run, folder)


# Recipes that forecast nothing to trade have pages of their own.
PAGES: Mapping[str, Callable[[RunReport, Path], Path]] = {"ablation": render_ablation, "benchmark": render_benchmark}


def _render_forecasts(run: RunReport, folder: Path) -> Path:
    return render_report(run, folder)


def _with_forecasts(run: RunReport, folder: Path) -> RunReport:
    forecasts, equity = _table(folder / "forecasts.parquet"), _table(folder / "equity.parquet")
    daily = run.recipe == "daily"
    return replace(
        run,
        verdict=verdict(run.metrics["forecast"]),
        out_of_sample=_table(folder / "out_of_sample.parquet") if daily else forecasts,
        optimum=run.metrics.get("optimum"),
        equity=None if equity is None else equity.set_index("session"),
        fills=_table(folder / "fills.parquet"),
        next_forecasts=_with_headlines(forecasts, _table(folder / "headlines.parquet")) if daily else None,
        live_record=run.metrics.get("live"),
    )


def _with_headlines(forecasts: pd.DataFrame | None, headlines: pd.DataFrame | None) -> pd.DataFrame | None:
    if forecasts is None or headlines is None:
        return forecasts
    columns = ["published_at", "text", "url", "compound"]
    read = {str(key): list(group[columns].itertuples(index=False)) for key, group in headlines.groupby("ticker")}
    lists: list[Any] = [read.get(ticker, []) for ticker in forecasts["ticker"]]
    return forecasts.assign(headlines=lists)


def _table(path: Path) -> pd.DataFrame | None:
    """Return a table of the run, or None where it left none."""
    return pd.read_parquet(path) if path.exists() else None


def _outcome(fields: dict[str, Any]) -> Outcome:
    retry_at = fields["retry_at"]
    return Outcome(**{**fields, "retry_at": None if retry_at is None else pd.Timestamp(retry_at)})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
