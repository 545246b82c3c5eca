"""What a run leaves behind: one folder with its settings, numbers, tables, manifest and page."""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from stockseq.errors import StockseqError
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome

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
# Names that a run gives to what it has not finished: drafts of runs, of the link to the newest, of the list of runs,
# and of bundles.
UNFINISHED = ("runs/.draft-*", "runs/.latest-*", "runs/.partial-*", "models/.bundle-*")
# What an earlier run of the same name is called in the draft's folder while the new one takes its place.
REPLACED = "replaced"


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a run come from.

    Parameters
    ----------
    data : str
        The data root.
    sources : sequence of str
        Of the bars.
    data_version : str
        A name of the content of bars, actions and headlines.
    tables : mapping of table to version
    seeds : sequence of int
    """

    data: str
    sources: Sequence[str]
    data_version: str
    tables: Mapping[str, int]
    seeds: Sequence[int]


@dataclass(frozen=True)
class RunContents:
    """All that a run writes into its folder.

    Parameters
    ----------
    recipe, title : str
    now : Timestamp, tz-aware
        The instant of the run.
    settings : mapping
        As resolved, JSON-able and without None.
    metrics : mapping
        Of `metrics.json`, JSON-able.
    frames : mapping of name to DataFrame
        One Parquet file each.
    provenance : Provenance
    dropped : sequence of Dropped
    outcomes : sequence of Outcome
        How each ticker's fetch ended.
    doubts : sequence of str
        What the reader must know of the data, a sentence each.
    models : DataFrame, optional
        Every registered model.
    inputs : mapping, optional
        What the forecasts were made of, as hashes.
    """

    recipe: str
    title: str
    now: pd.Timestamp
    settings: Mapping[str, object]
    metrics: Mapping[str, object]
    frames: Mapping[str, pd.DataFrame]
    provenance: Provenance
    dropped: Sequence[Dropped] = ()
    outcomes: Sequence[Outcome] = ()
    doubts: Sequence[str] = ()
    models: pd.DataFrame | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)


def write_run(
    contents: RunContents,
    root: Path,
    *,
    render: Callable[[Path], Path],
    list_runs: Callable[[Path], object] | None = None,
) -> Path:
    """Write a run's folder with its page in one step, point `runs/latest` at it; return the folder.

    A run of the same instant, recipe and settings is replaced; beside one of other settings the new one is numbered.

    Parameters
    ----------
    contents : RunContents
    root : Path
        The local folder in which `runs` lies.
    render : callable
        Draws the page of a run's folder.
    list_runs : callable, optional
        Writes the page that lists every run under `root`, once this one is there.
    """
    # The tables, which whoever only reads the folders of runs doesn't need.
    from stockseq.store.durability import sync, sync_tree

    runs = root / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    settings = tomli_w.dumps(dict(contents.settings))
    folder = _folder_for(runs, f"{contents.now:%Y%m%dT%H%M%SZ}-{contents.recipe}", settings)
    workshop = Path(tempfile.mkdtemp(prefix=".draft-", dir=runs))
    # The page bears its folder's name, so the draft has the final one.
    draft, replaced = workshop / folder.name, workshop / REPLACED
    draft.mkdir()
    try:
        (draft / "settings.toml").write_text(settings, encoding="utf-8")
        _write_files(contents, draft)
        render(draft)
        # A name that is safe before its content would show an empty run after a power cut.
        sync_tree(draft)
        if folder.exists():
            folder.rename(replaced)
        draft.rename(folder)
        sync(runs)
    finally:
        if replaced.exists() and not folder.exists():
            replaced.rename(folder)
        shutil.rmtree(workshop, ignore_errors=True)
    _point(runs / "latest", folder.name)
    sync(runs, root)
    if list_runs is not None:
        list_runs(root)
    return folder


def _write_files(contents: RunContents, folder: Path) -> None:
    account = {
        "dropped": [asdict(drop) for drop in contents.dropped],
        "outcomes": [asdict(outcome) for outcome in contents.outcomes],
        "doubts": contents.doubts,
        "models": [] if contents.models is None else as_records(contents.models),
    }
    (folder / "metrics.json").write_text(as_json(contents.metrics), encoding="utf-8")
    (folder / "account.json").write_text(as_json(account), encoding="utf-8")
    for name, frame in contents.frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    manifest = {
        "recipe": contents.recipe,
        "title": contents.title,
        "now": contents.now,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        **asdict(contents.provenance),
        **({"inputs": contents.inputs} if contents.inputs else {}),
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())},
    }
    (folder / "manifest.json").write_text(as_json(manifest), encoding="utf-8")


def clear_drafts(root: Path) -> None:
    """Remove what killed runs left half-written; only a run that holds the store may, or it takes another's away.

    A run or bundle that was about to be replaced is put back first.
    """
    for replaced in root.glob(f"runs/.draft-*/{REPLACED}"):
        for draft in replaced.parent.iterdir():
            if draft != replaced and not (root / "runs" / draft.name).exists():
                replaced.rename(root / "runs" / draft.name)
    for replaced in root.glob("models/.bundle-replaced-*"):
        folder = root / "models" / replaced.name.removeprefix(".bundle-replaced-")
        if not folder.exists():
            replaced.rename(folder)
    for pattern in UNFINISHED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def local_root(data: str) -> Path:
    """Return the local folder of runs and model bundles: the data root itself, or a folder named after a remote one.

    Examples
    --------
    >>> local_root("demo").as_posix(), local_root("s3://bucket/prices").as_posix()
    ('demo', 'data/s3/bucket_prices')
    """
    scheme, remote, rest = data.partition("://")
    return Path("data") / scheme / rest.replace("/", "_") if remote else Path(data)


def find_run(root: Path, name: str | None, *, now: pd.Timestamp | None = None) -> Path:
    """Return the folder of a named run, or of the newest; with `now`, of the newest that there was then.

    Raises
    ------
    StockseqError
        If there is no such run, with the names there are.
    """
    names = run_names(root)
    if name is not None:
        if name in names:
            return root / "runs" / name
        raise no_run(root, name)
    past = run_names(root, now=now)
    latest = root / "runs" / "latest"
    if past and latest.exists() and latest.resolve().name in past:
        return latest.resolve()
    if past:
        return root / "runs" / past[-1]
    raise no_run(root, now=now)


def no_run(root: Path, name: str | None = None, *, now: pd.Timestamp | None = None) -> StockseqError:
    """Return the error of a run that isn't there, with the names there are or the way to the first."""
    names = run_names(root)
    hint = newest_names(names) if names else "`make daily` or `make demo` makes the first."
    then = f" as of {now:%Y-%m-%d %H:%M:%S} UTC" if names and now is not None else ""
    return StockseqError(f"No run{f' {name}' if name else ''}{then} under {root / 'runs'}; {hint}")


def newest_names(names: Sequence[str]) -> str:
    """Return the end of a sentence that names the newest runs there are, the last five.

    Examples
    --------
    >>> newest_names(["daily-2026-11-26", "daily-2026-11-27"])
    'there are: daily-2026-11-26, daily-2026-11-27.'
    """
    return f"{'the newest are' if len(names) > 5 else 'there are'}: {', '.join(names[-5:])}."


def run_names(root: Path, *, now: pd.Timestamp | None = None) -> list[str]:
    """Return the names of the runs, the oldest first; with `now` (tz-aware), of those of then and before."""
    names = sorted((path.parent.name for path in (root / "runs").glob("[0-9]*/manifest.json")), key=_order)
    # A run is named after its instant, to the second.
    return names if now is None else [name for name in names if name[:16] <= f"{now.tz_convert('UTC'):%Y%m%dT%H%M%SZ}"]


def named_versions(root: Path) -> dict[str, list[int]]:
    """Return the versions of each table that a run's manifest names, so that the run can be reproduced.

    Raises
    ------
    StockseqError
        If a manifest can't be read.
    """
    named: dict[str, set[int]] = {}
    for name in run_names(root):
        path = root / "runs" / name / "manifest.json"
        try:
            tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
        except (ValueError, KeyError, TypeError) as error:
            raise StockseqError(
                f"{path} is damaged, so the versions of the tables that this run needs are unknown. Put it back, or "
                f"remove {path.parent}, and run again."
            ) from error
        for table, number in tables.items():
            named.setdefault(table, set()).add(number)
    return {table: sorted(versions) for table, versions in named.items()}


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame for JSON, with None where a value is missing.

    Examples
    --------
    >>> as_records(pd.DataFrame({"ticker": ["A"], "spread": [float("nan")]}))
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


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form.")


def _folder_for(runs: Path, name: str, settings: str) -> Path:
    """Return the first folder of this name, numbered from the second on, that is free or of the same settings."""
    folders = (runs / (name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(folder for folder in folders if not folder.exists() or _settings_of(folder) == settings)


def _settings_of(folder: Path) -> str | None:
    path = folder / "settings.toml"
    return path.read_text(encoding="utf-8") if path.exists() else None


def _order(name: str) -> tuple[str, int]:
    """Return what runs are sorted by: of one instant and recipe, the tenth comes after the ninth."""
    first, _, number = name.rpartition("-")
    return (first, int(number)) if number.isdigit() else (name, 1)


def _point(link: Path, target: str) -> None:
    fresh = link.with_name(f".latest-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
