"""What a run leaves behind: one folder with its settings, numbers, tables, manifest and page."""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from pipelines.context import Context
from pipelines.ingest import Ingested
from pipelines.page import render_run
from stockseq.errors import StockseqError
from stockseq.schemas import Dropped

LIBRARIES = (
    "stockseq",
    "tensorflow",
    "keras",
    "yfinance",
    "vaderSentiment",
    "pandas",
    "numpy",
    "ta",
    "deltalake",
    "exchange_calendars",
    "scikit-learn",
)


def write_run(
    context: Context,
    recipe: str,
    title: str,
    *,
    metrics: Mapping[str, Any],
    frames: Mapping[str, pd.DataFrame],
    dropped: Sequence[Dropped],
    ingested: Ingested | None,
    doubts: Sequence[str] = (),
    models: pd.DataFrame | None = None,
) -> Path:
    """Write a run's folder with its page in one step, point `runs/latest` at it; return the folder.

    A run of the same instant, recipe and settings is replaced; beside one of other settings the new one is numbered.
    """
    runs = context.root / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    settings = tomli_w.dumps(context.settings.model_dump(mode="json", exclude_none=True))
    folder = _folder_for(runs, f"{context.now:%Y%m%dT%H%M%SZ}-{recipe}", settings)
    workshop = Path(tempfile.mkdtemp(prefix=".draft-", dir=runs))
    # The page bears its folder's name, so the draft has the final one.
    draft = workshop / folder.name
    draft.mkdir()
    account = {
        "dropped": [asdict(drop) for drop in dropped],
        "outcomes": [asdict(outcome) for outcome in ingested.outcomes.values()] if ingested else [],
        "doubts": doubts,
        "models": [] if models is None else records(models),
    }
    try:
        (draft / "settings.toml").write_text(settings, encoding="utf-8")
        (draft / "metrics.json").write_text(as_json(metrics), encoding="utf-8")
        (draft / "account.json").write_text(as_json(account), encoding="utf-8")
        for name, frame in frames.items():
            frame.to_parquet(draft / f"{name}.parquet", index=False)
        manifest = {"recipe": recipe, "title": title, **_circumstances(context), "sha256": _hashes(draft)}
        (draft / "manifest.json").write_text(as_json(manifest), encoding="utf-8")
        render_run(draft)
        if folder.exists():
            folder.rename(workshop / "replaced")
        draft.rename(folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    _point(runs / "latest", folder.name)
    return folder


def find_run(root: Path, name: str | None) -> Path:
    """Return the folder of a named run, or of the newest.

    Raises
    ------
    StockseqError
        If there is no such run, with the names there are.
    """
    names = run_names(root)
    if name is None and names:
        latest = root / "runs" / "latest"
        return latest.resolve() if latest.exists() else root / "runs" / names[-1]
    if name in names:
        return root / "runs" / name
    raise no_run(root, name)


def no_run(root: Path, name: str | None = None) -> StockseqError:
    """Return the error of a run that isn't there, with the names there are or the way to the first."""
    names = run_names(root)
    known = f"there are: {', '.join(names[-5:])}." if names else "`make daily` or `make demo` makes the first."
    return StockseqError(f"No run{f' {name}' if name else ''} under {root / 'runs'}; {known}")


def run_names(root: Path) -> list[str]:
    """Return the names of the runs, the oldest first."""
    return sorted((path.parent.name for path in (root / "runs").glob("[0-9]*/manifest.json")), key=_place)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame for JSON, with None where a value is missing.

    Examples
    --------
    >>> records(pd.DataFrame({"ticker": ["A"], "spread": [float("nan")]}))
    [{'ticker': 'A', 'spread': None}]
    """
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def as_json(value: object) -> str:
    """Return strict JSON: a NaN is refused, an instant is ISO text.

    Examples
    --------
    >>> as_json({"n": 3})
    '{\\n "n": 3\\n}\\n'
    """
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, default=_plain) + "\n"


def _folder_for(runs: Path, name: str, settings: str) -> Path:
    """Return the first folder of this name, numbered from the second on, that is free or of the same settings."""
    folders = (runs / (name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(folder for folder in folders if not folder.exists() or _settings_of(folder) == settings)


def _settings_of(folder: Path) -> str | None:
    path = folder / "settings.toml"
    return path.read_text(encoding="utf-8") if path.exists() else None


def _place(name: str) -> tuple[str, int]:
    """Return what runs are sorted by: of one instant and recipe, the tenth comes after the ninth."""
    first, _, number = name.rpartition("-")
    return (first, int(number)) if number.isdigit() else (name, 1)


def _circumstances(context: Context) -> dict[str, Any]:
    return {
        "now": context.now,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "seeds": context.settings.training.seeds,
        "data": context.settings.data,
        "sources": sorted(context.read("bars", columns=["source"])["source"].unique()),
        "data_version": context.store.data_version(),
        "tables": context.store.versions(),
    }


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form.")


def _point(link: Path, target: str) -> None:
    fresh = link.with_name(f".latest-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
