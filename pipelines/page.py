"""The page of a run, drawn from what the run left in its folder and from nothing else."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.benchmark_page import render_benchmark_run
from stockseq.evaluate.verdict import verdict
from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


def render_run(folder: Path) -> Path:
    """Draw the page of the run in `folder` and return its path."""
    manifest = _json(folder / "manifest.json")
    if manifest["recipe"] == "benchmark":
        return render_benchmark_run(folder)
    metrics = _json(folder / "metrics.json")
    account = _json(folder / "account.json")
    forecasts = _table(folder / "forecasts.parquet")
    equity = _table(folder / "equity.parquet")
    daily = manifest["recipe"] == "daily"
    run = RunReport(
        run_id=folder.name,
        recipe=manifest["recipe"],
        created_at=pd.Timestamp(manifest["now"]),
        title=manifest["title"],
        verdict=verdict(metrics["forecast"]),
        metrics=metrics,
        out_of_sample=_table(folder / "out_of_sample.parquet") if daily else forecasts,
        optimum=metrics.get("optimum"),
        equity=None if equity is None else equity.set_index("session"),
        fills=_table(folder / "fills.parquet"),
        next_forecasts=_with_headlines(forecasts, _table(folder / "headlines.parquet")) if daily else None,
        live_record=metrics.get("live"),
        models=pd.DataFrame(account["models"]) if account["models"] else None,
        dropped=tuple(Dropped(**drop) for drop in account["dropped"]),
        ticker_outcomes=tuple(_outcome(outcome) for outcome in account["outcomes"]),
        limitations=account["doubts"],
        settings=tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8")),
        manifest=manifest,
    )
    return render_report(run, folder / "report")


def _with_headlines(forecasts: pd.DataFrame | None, headlines: pd.DataFrame | None) -> pd.DataFrame | None:
    if forecasts is None or headlines is None:
        return forecasts
    columns = ["published_at", "text", "url", "compound"]
    read = {str(key): list(group[columns].itertuples(index=False)) for key, group in headlines.groupby("ticker")}
    lists: list[Any] = [read.get(ticker, []) for ticker in forecasts["ticker"]]
    return forecasts.assign(headlines=lists)


def _outcome(fields: dict[str, Any]) -> Outcome:
    retry_at = fields["retry_at"]
    return Outcome(**{**fields, "retry_at": None if retry_at is None else pd.Timestamp(retry_at)})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _table(path: Path) -> pd.DataFrame | None:
    return pd.read_parquet(path) if path.exists() else None
