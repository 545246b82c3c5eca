"""What a store must be after any crash, and what the next run must make of it."""

import filecmp
import hashlib
import json
from pathlib import Path

import pandas as pd

from stockseq.forecast_ledger import verify
from stockseq.runs.folder import run_names
from stockseq.store import TABLES, Store


def contents(data: Path) -> dict[str, pd.DataFrame]:
    """Return every table."""
    store = Store(data)
    return {table: store.read(table) for table in TABLES}


def require_whole(data: Path) -> dict[str, pd.DataFrame]:
    """Every table opens, holds each key once, the ledger verifies, no run and no bundle is half; return the tables."""
    tables = contents(data)
    for table, rows in tables.items():
        spec = TABLES[table]
        assert not rows.duplicated(list(spec.identity)).any(), f"{table} holds a key twice"
        needed = rows[[name for name in spec.columns if name not in (*spec.nullable, *spec.added)]]
        assert not needed.isna().any(axis=None), f"{table} holds a row without a value that it must have"
    verify(Store(data))
    for name in run_names(data):
        _require_whole_run(data / "runs" / name)
    for model in tables["models"]["model_id"].unique():
        _require_hashes(data / "models" / model, besides={"manifest.json"})
    return tables


def require_nothing_lost(tables: dict[str, pd.DataFrame], before: dict[str, pd.DataFrame]) -> None:
    """Each row that stood in the store stands there still; only derived tables may have been rebuilt."""
    for table, rows in before.items():
        spec = TABLES[table]
        if spec.rule != "derived" and len(rows):
            key = [*spec.identity]
            kept = tables[table][rows.columns].merge(rows[key], on=key)
            assert len(kept) == len(rows), f"{table} lost {len(rows) - len(kept)} of {len(rows)} rows"


def require_same(data: Path, expected: Path, tables: dict[str, pd.DataFrame]) -> None:
    """The tables, runs and models are those of a run that nothing disturbed, and no draft lies about."""
    for table, rows in contents(data).items():
        pd.testing.assert_frame_equal(rows, tables[table], check_exact=True, obj=table)
    assert run_names(data) == run_names(expected)
    for name in run_names(data):
        for file in [*sorted((expected / "runs" / name).glob("*.parquet")), expected / "runs" / name / "metrics.json"]:
            ours = data / "runs" / name / file.name
            assert ours.is_file(), f"{name} lacks {file.name}"
            assert filecmp.cmp(ours, file, shallow=False), f"{name}/{file.name} differs"
    require_no_leftovers(data)


def require_no_leftovers(data: Path) -> None:
    """Each run has its page and is listed once, each bundle is a listed model's, and no draft lies about."""
    names = run_names(data)
    if names:
        found = {path.name for path in (data / "runs").iterdir()}
        # Beside the runs lies the page that lists them.
        assert {name for name in found if name == "latest" or not name[0].isalpha()} == {*names, "latest"}
        assert "index.html" in found, "no list of the runs"
        assert (data / "runs" / "latest").resolve().name == names[-1]
    assert all((data / "runs" / name / "report" / "index.html").is_file() for name in names)
    # The table of models lies beside the bundles.
    models = data / "models"
    found = {path.name for path in models.iterdir() if path.is_dir()} if models.exists() else set()
    bundles = found - {"_delta_log", "_torn"}
    assert bundles == set(Store(data).read("models")["model_id"]), f"bundles {sorted(bundles)}"


def _require_whole_run(folder: Path) -> None:
    _require_hashes(folder, besides={"manifest.json", "report"})
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>"), f"the page of {folder.name} is cut short"


def _require_hashes(folder: Path, *, besides: set[str]) -> None:
    """The manifest of a run or a bundle names its files and their hashes."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["sha256"]
    found = {path.name for path in folder.iterdir()} - besides
    assert found == set(manifest), f"{folder.name} holds {sorted(found)}, its manifest names {sorted(manifest)}"
    for name, digest in manifest.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, f"{folder / name} is damaged"
