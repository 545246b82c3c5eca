"""What the page of any run is drawn from: the files that every run leaves in its folder, and nothing else."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report.run import RunReport
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


def read_run(folder: Path) -> RunReport:
    """Return what stands in a run's manifest, metrics, account and settings; its tables are left to each recipe.

    Raises
    ------
    OSError, ValueError
        If a file is missing or damaged.
    """
    manifest, account = _json(folder / "manifest.json"), _json(folder / "account.json")
    return RunReport(
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


def read_table(path: Path) -> pd.DataFrame | None:
    """Return a table of the run, or None where it left none."""
    return pd.read_parquet(path) if path.exists() else None


def _outcome(fields: dict[str, Any]) -> Outcome:
    retry_at = fields["retry_at"]
    return Outcome(**{**fields, "retry_at": None if retry_at is None else pd.Timestamp(retry_at)})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
