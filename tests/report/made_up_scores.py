"""Scores of made-up numbers, complete as a run leaves them."""

from typing import Any


def made_up_scores(accuracy: float, **changes: Any) -> dict[str, Any]:
    """Return every key that `metrics.json` has of a forecaster."""
    return {
        "n": 15000, "n_sessions": 500, "n_tickers": 30, "n_unmoved": 0, "accuracy": accuracy,
        "accuracy_ci": [accuracy - 0.01, accuracy + 0.01], "base_rate": 0.512, "chance": 0.5, "edge": accuracy - 0.5,
        "edge_ci": None, "share_up": 0.512, "share_forecast_up": 0.55, "balanced_accuracy": accuracy, "mcc": 0.1,
        "auc": 0.56, "brier": 0.247, "brier_base": 0.25, "log_loss": 0.681, "log_loss_base": 0.693,
        "calibration_intercept": 0.0, "calibration_slope": 1.0, "ece": 0.01, "reliability": 0.001, "resolution": 0.004,
        "uncertainty": 0.25, "n_ic_sessions": 500, "ic": 0.11, "ic_ratio": 0.5, "ic_t": 9.0, "rank_ic": 0.1,
        "rank_ic_ratio": 0.5, "rank_ic_t": 9.0, "pt_t": 8.0, "pt_p": 0.00001, "pt_clustered_t": 7.0,
        "pt_clustered_p": 0.00001, "rho_hit": 0.2, "seeds": [], "notes": [], **changes,
    }  # fmt: skip
