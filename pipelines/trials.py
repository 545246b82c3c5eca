"""Every configuration ever scored on test sessions: the number of trials that luck is measured against."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.context import Context
from pipelines.results import as_json
from stockseq.models.settings import NetworkSettings

# Settings that say where and how fast, not what was tried.
NO_CONFIGURATION = {"data", "workers", "scheduler", "storage_options", "yahoo", "backtest", "ablation"}


def record_trial(
    context: Context, name: str, measures: Mapping[str, Any], *, network: NetworkSettings | None = None
) -> None:
    """Note that the settings of this run were scored by the recipe `name`; the same again is not a new trial.

    `network` is what was scored in place of the settings' own.
    """
    settings = context.settings.model_copy(update={"network": network or context.settings.network})
    told = as_json({"name": name, **settings.model_dump(mode="json", exclude=NO_CONFIGURATION)})
    trial = {
        "trial_id": hashlib.sha256(told.encode()).hexdigest()[:16],
        "scored_at": context.now,
        "name": name,
        "settings": told,
        "metrics": as_json(measures),
    }
    context.store.append("trials", pd.DataFrame([trial]))


def count_trials(context: Context) -> int:
    """Return how many configurations were ever scored, whatever instant this run plays."""
    return len(context.store.read("trials", columns=["trial_id"]))
