"""Settings of a market and a network so small that a whole recipe runs in seconds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SMALL: dict[str, Any] = {
    "source": "simulated",
    "simulated.n_sessions": 230,
    "simulated.n_tickers": 6,
    "network.lookback": 3,
    "network.units": 2,
    # Loading a network and tracing it takes as long as the rest of a small morning.
    "training.n_seeds": 1,
    "training.epochs": 2,
    "folds.min_train": 90,
    "folds.validation_size": 20,
    "folds.n_folds": 2,
    "daily.holdout": 20,
    "backtest.placebos": False,
}


def write_settings(folder: Path, settings: Mapping[str, Any]) -> Path:
    """Write dotted names and values as `settings.toml` in `folder`."""
    path = folder / "settings.toml"
    # A text or a number in JSON is the same in TOML.
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()), encoding="utf-8")
    return path
