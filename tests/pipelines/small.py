"""Settings of a market and a network so small that a whole recipe runs in seconds."""

from typing import Any

SMALL: dict[str, Any] = {
    "source": "simulated",
    "simulated.n_sessions": 230,
    "simulated.n_tickers": 6,
    "network.lookback": 3,
    "network.units": 2,
    "training.n_seeds": 2,
    "training.epochs": 2,
    "folds.min_train": 90,
    "folds.validation_size": 20,
    "folds.n_folds": 2,
    "daily.holdout": 20,
}
