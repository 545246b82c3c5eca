"""What a run leaves behind: one folder with its settings, numbers, tables, manifest and page."""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from pipelines.context import Context
from stockseq.errors import StockseqError

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


def run_id(context: Context, recipe: str) -> str:
    """Return the name of a run: its instant and its recipe."""
    return f"{context.now:%Y%m%dT%H%M%SZ}-{recipe}"


def build_manifest(context: Context) -> dict[str, Any]:
    """Return the versions, seeds and data that a run stands on."""
    return {
        "now": context.now.isoformat(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "seeds": list(range(context.settings.training.seed, context.settings.training.seed + context.settings.training.n_seeds)),
        "data_version": context.store.data_version(),
        "data": context.settings.data,
    }


def write_run(
    context: Context, recipe: str, *, metrics: Mapping[str, Any], frames: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]
) -> Path:
    """Write a run's folder in one step and point `runs/latest` at it; return the folder.

    A folder of the same name (the same instant and recipe) is replaced.
    """
    runs = context.root / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=runs))
    try:
        (draft / "settings.toml").write_text(
            tomli_w.dumps(context.settings.model_dump(mode="json", exclude_none=True)), encoding="utf-8"
        )
        (draft / "metrics.json").write_text(as_json(metrics), encoding="utf-8")
        for name, frame in frames.items():
            frame.to_parquet(draft / f"{name}.parquet", index=False)
        hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(draft.iterdir())}
        (draft / "manifest.json").write_text(as_json({**manifest, "sha256": hashes}), encoding="utf-8")
        draft.chmod(0o755)
        folder = runs / run_id(context, recipe)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _point(runs / "latest", folder.name)
    return folder


def as_json(value: object) -> str:
    """Return strict JSON: a NaN is refused, an instant is ISO text.

    Examples
    --------
    >>> as_json({"n": 3})
    '{\\n "n": 3\\n}\\n'
    """
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, default=_plain) + "\n"


def find_run(root: Path, name: str | None) -> Path:
    """Return the folder of a named run, or of the newest.

    Raises
    ------
    StockseqError
        If there is no such run, with the names there are.
    """
    runs = root / "runs"
    names = sorted(path.name for path in runs.glob("*") if (path / "manifest.json").exists() and not path.is_symlink())
    if name is None and names:
        return runs / ((runs / "latest").resolve().name if (runs / "latest").exists() else names[-1])
    if name in names:
        return runs / name
    known = f"there are: {', '.join(names[-5:])}." if names else "there is none yet; start with `make daily` or `make demo`."
    raise StockseqError(f"No run {name or ''} under {runs}; {known}".replace("  ", " "))


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

