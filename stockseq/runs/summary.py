"""What each run amounts to in one line: recipe, span, record, money, and the settings that are not the defaults."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow.parquet import ParquetFile
from pydantic import Field

from stockseq.config import Settings
from stockseq.evaluate.scores import Scores
from stockseq.results import Result
from stockseq.runs.folder import run_names

# What reading JSON, TOML or a table raises where it is none, or another one.
DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
# Where and how fast a run worked, and who asked: nothing that a figure depends on.
NO_CHOICE = ("data", "workers", "scheduler", "storage_options", "edgar.contact")
# The table of a recipe's scored forecasts, where it is not `forecasts`.
RECORDS = {"daily": "out_of_sample"}
LONGEST_DAMAGE = 200


class RunSummary(Result):
    """One run in a list of runs; what a recipe doesn't have is None.

    Parameters
    ----------
    name : str
        Of its folder.
    damage : str or None
        Why it can't be read; then nothing else is known.
    recipe, title : str
    created_at : datetime, tz-aware
        The instant of the run.
    label : str
        The trade that it forecast.
    n_tickers : int
    first, last : date
        Sessions of the scored forecasts.
    scores : Scores
        Of them, out of sample.
    growth, sharpe : float
        Of the account after costs; a fraction over the whole span, and a year's ratio.
    benchmark : float
        Growth of buy and hold.
    changes : mapping of dotted name to str
        Settings that are not the defaults of this version.
    """

    name: str
    damage: str | None = None
    recipe: str | None = None
    title: str | None = None
    created_at: datetime | None = None
    label: str | None = None
    n_tickers: int | None = None
    first: date | None = None
    last: date | None = None
    scores: Scores | None = None
    growth: float | None = None
    sharpe: float | None = None
    benchmark: float | None = None
    changes: dict[str, str] = Field(default_factory=dict)


def summarise_runs(root: Path) -> list[RunSummary]:
    """Return every run under `root`, the newest first; one that can't be read is there with what is wrong with it."""
    return [summarise_run(root / "runs" / name) for name in reversed(run_names(root))]


def summarise_run(folder: Path) -> RunSummary:
    """Return one run's line; of a damaged one its name and what is wrong.

    Examples
    --------
    >>> summarise_run(Path("20240102T130000Z-daily")).damage[:19]
    'FileNotFoundError: '
    """
    try:
        return _read(folder)
    except DAMAGED as error:
        return RunSummary(name=folder.name, damage=f"{type(error).__name__}: {error}"[:LONGEST_DAMAGE])


def read_settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a run by dotted name, without those that no figure depends on.

    Raises
    ------
    OSError, ValueError
        If the file is missing, damaged or empty.
    """
    tables = tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))
    if not tables:
        raise ValueError("settings.toml is empty, and every run has settings")
    return {name: value for name, value in _leaves(tables).items() if not _is_no_choice(name)}


def record_table(folder: Path, recipe: str) -> Path:
    """Return the file of a run's forecasts with their outcomes."""
    return folder / f"{RECORDS.get(recipe, 'forecasts')}.parquet"


def _read(folder: Path) -> RunSummary:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    settings = read_settings(folder)
    forecast, account = metrics.get("forecast"), metrics.get("portfolio") or {}
    return RunSummary(
        name=folder.name,
        recipe=manifest["recipe"],
        title=manifest["title"],
        created_at=manifest["now"],
        label=settings.get("label"),
        n_tickers=(metrics.get("coverage") or {}).get("tickers"),
        scores=None if forecast is None else Scores.from_dict(forecast),
        growth=account.get("total_return"),
        sharpe=account.get("sharpe"),
        benchmark=(metrics.get("benchmarks") or {}).get("buy_and_hold", {}).get("total_return"),
        changes=_changes(settings),
        **_span(record_table(folder, manifest["recipe"])),
    )


def _span(path: Path) -> dict[str, date]:
    """Return the first and the last session of a table, by the file's own statistics: no row is read."""
    if not path.exists():
        return {}
    with ParquetFile(path) as file:
        column, groups = file.schema_arrow.get_field_index("session"), file.metadata
        if column < 0:
            return {}
        statistics = [groups.row_group(number).column(column).statistics for number in range(groups.num_row_groups)]
    ends = [(known.min, known.max) for known in statistics if known is not None and known.has_min_max]
    if not ends:
        return {}
    return {"first": pd.Timestamp(min(ends)[0]).date(), "last": pd.Timestamp(max(last for _, last in ends)).date()}


def _changes(settings: Mapping[str, Any]) -> dict[str, str]:
    defaults = _leaves(Settings().model_dump(mode="json", exclude_none=True))
    return {name: str(value) for name, value in settings.items() if value != defaults.get(name)}


def _leaves(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in tables.items():
        leaves |= _leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return leaves


def _is_no_choice(name: str) -> bool:
    return any(name == left_out or name.startswith(f"{left_out}.") for left_out in NO_CHOICE)
