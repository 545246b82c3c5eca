"""Every configuration ever scored on test sessions: the number of trials that luck is measured against."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stockseq.config import Settings
from stockseq.runs.folder import as_json
from stockseq.store import Store

# Settings that say where and how fast, not what was tried.
NO_CONFIGURATION = {"data", "workers", "scheduler", "storage_options", "yahoo", "backtest", "ablation", "notify"}


@dataclass(frozen=True)
class Trials:
    """The configurations scored so far, whatever instant a run plays, and the Sharpe ratios of those that traded."""

    n: int
    sharpe_ratios: tuple[float, ...]


def record_trial(
    store: Store, settings: Settings, name: str, measures: Mapping[str, float | None], *, now: pd.Timestamp
) -> None:
    """Note that these settings were scored by the recipe `name`; the same again is not a new trial."""
    configuration = as_json({"name": name, **settings.model_dump(mode="json", exclude=NO_CONFIGURATION)})
    trial = {
        "trial_id": hashlib.sha256(configuration.encode()).hexdigest()[:16],
        "scored_at": now,
        "name": name,
        "settings": configuration,
        "metrics": as_json(measures),
    }
    store.append("trials", pd.DataFrame([trial]))


def read_trials(store: Store) -> Trials:
    """Return all trials of a store."""
    metrics = store.read("trials")["metrics"]
    ratios = [json.loads(measures).get("sharpe_per_session") for measures in metrics]
    return Trials(len(metrics), tuple(ratio for ratio in ratios if ratio is not None))
