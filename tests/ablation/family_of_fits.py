"""Made-up fits of a family: forecasts of four sessions a fold, and the record that a test asks for."""

from typing import Any

import numpy as np
import pandas as pd

from stockseq.ablation.fits import FitRecord, NetworkFit

TICKERS = ["A", "B"]


def made_up_fit(fold: int = 1, seed: int = 0, *, right: float = 0.5, **record: Any) -> NetworkFit:
    """Return a fit whose forecasts are right in about `right` of its 40 rows."""
    sessions = pd.bdate_range("2024-01-01", periods=40)[20 * (fold - 1) : 20 * fold]
    rows = pd.MultiIndex.from_product([TICKERS, sessions], names=["ticker", "session"]).to_frame(index=False)
    up = np.arange(len(rows)) % 2 == 0
    hit = np.random.default_rng(100 * fold + seed).random(len(rows)) < right
    rows = rows.assign(
        probability_up=np.where(hit == up, 0.6, 0.4),
        expected_return=np.where(hit == up, 0.01, -0.01),
        realised_return=np.where(up, 0.01, -0.01),
    )
    parts = {"n_epochs": 3, "seconds": 2.0, "seconds_per_epoch": 0.5, "n_weights": 100, "readings": {}, **record}
    return NetworkFit(rows, FitRecord(failure=None, **parts))


def failed_fit(reason: str) -> NetworkFit:
    """Return a fit that failed."""
    return NetworkFit(pd.DataFrame(), FitRecord(failure=reason))
