"""Rows for the tests of the models: six tickers whose returns follow one indicator and one word of their headlines."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.schemas import Labels

SMALL = NetworkSettings(
    lookback=3,
    units=4,
    headlines_per_session=2,
    tokens_per_headline=4,
    embedding_dimension=2,
    min_headlines=1,
    indicator_dimension=0,
)
FAST = TrainingSettings(n_seeds=2, epochs=8, patience=3, batch_size=64, learning_rate=0.02)
VOLATILITY = 0.02


@dataclass(frozen=True)
class TinyMarket:
    """A panel, its samples, and the sessions to train, validate and test on."""

    panel: Panel
    samples: Samples
    train: pd.DatetimeIndex
    validation: pd.DatetimeIndex
    test: pd.DatetimeIndex


def make_market(*, n_sessions: int = 120, n_tickers: int = 6, seed: int = 1) -> TinyMarket:
    """Return a market in which the return is indicator + news + noise, in units of a volatility of 2 %."""
    generator = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-01", periods=n_sessions).astype("datetime64[us]")
    tickers = [f"T{place}" for place in range(n_tickers)]
    keys = pd.DataFrame(
        {
            "ticker": pd.Series(np.repeat(tickers, n_sessions), dtype="str"),
            "session": np.tile(sessions, n_tickers),
        }
    )
    keys["decision_at"] = (keys["session"] + pd.Timedelta(hours=14)).dt.tz_localize("UTC")
    indicators = generator.standard_normal((len(keys), 3)).astype(np.float32)
    news = generator.integers(-1, 2, len(keys))
    words = {-1: ("shares sink",), 0: (), 1: ("shares soar", "firm soars")}
    texts = tuple(words[int(sign)] for sign in news)
    move = indicators[:, 0] + news + 0.5 * generator.standard_normal(len(keys))
    exit_at = (keys["session"] + pd.Timedelta(hours=21)).dt.tz_localize("UTC")
    labels = keys.assign(exit_at=exit_at, realised_return=VOLATILITY * move, volatility=VOLATILITY)
    panel = Panel(keys, indicators, ("strength", "noise", "more_noise"), texts)
    samples = build_samples(panel, Labels(labels), lookback=SMALL.lookback)
    return TinyMarket(panel, samples, sessions[:80], sessions[80:100], sessions[100:])
