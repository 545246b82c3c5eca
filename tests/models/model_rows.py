"""Rows for the tests of the models: six tickers whose returns follow one indicator and one word of their headlines."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset, Inputs
from stockseq.dataset.folds import Fold
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.windows import Windows, build_windows
from stockseq.market import MarketData
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.prices import LEAST_VARIANCE
from stockseq.schemas import ACTIONS, HEADLINES, SCORES, Bars, as_actions, as_bars, as_headlines, as_labels, empty
from stockseq.sessions import DecisionPolicy, TradingCalendar

SMALL = NetworkSettings(
    lookback=3,
    units=4,
    headlines_per_session=2,
    tokens_per_headline=4,
    embedding_dimension=2,
    min_headlines=1,
    indicator_dimension=0,
    cross_section=False,
)
FAST = TrainingSettings(n_seeds=2, epochs=8, patience=3, batch_size=64, learning_rate=0.02)
VOLATILITY = 0.02
Kind = TypeVar("Kind", bound=Windows)
CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-12-31"))


@dataclass(frozen=True)
class TinyMarket:
    """A dataset, and the sessions to train, validate and test on."""

    data: Dataset
    fold: Fold

    @property
    def panel(self) -> Panel:
        return self.data.panel

    @property
    def samples(self) -> Samples:
        return self.data.samples


def make_market(*, n_sessions: int = 120, n_tickers: int = 6, seed: int = 1) -> TinyMarket:
    """Return a market in which the return is indicator + news + noise, in units of a volatility of 2 %.

    Of each ticker there is one session more, decided and not traded yet; the market is seen ten minutes before.
    """
    generator = np.random.default_rng(seed)
    sessions = CALENDAR.sessions[: n_sessions + 1]
    tickers = [f"T{number}" for number in range(n_tickers)]
    keys = pd.DataFrame(
        {
            "ticker": pd.Series(np.repeat(tickers, len(sessions)), dtype="str"),
            "session": np.tile(sessions, n_tickers),
        }
    )
    decided = CALENDAR.decision_at(DecisionPolicy())
    keys["decision_at"] = keys["session"].map(decided)
    indicators = generator.standard_normal((len(keys), 3)).astype(np.float32)
    news = generator.integers(-1, 2, len(keys))
    words = {-1: ("shares sink",), 0: (), 1: ("shares soar", "firm soars")}
    panel = Panel(keys, indicators, ("strength", "noise", "more_noise"), tuple(words[int(sign)] for sign in news))
    move = indicators[:, 0] + news + 0.5 * generator.standard_normal(len(keys))
    traded = keys.assign(realised_return=VOLATILITY * move)[keys["session"] < sessions[-1]]
    schedule = CALENDAR.schedule
    labels = as_labels(
        traded.assign(
            entry_at=traded["session"].map(schedule["open"]),
            exit_at=traded["session"].map(schedule["close"]),
            volatility=VOLATILITY,
            realised_variance=(traded["realised_return"] ** 2).clip(lower=LEAST_VARIANCE),
        )
    )
    windows = build_windows(panel, np.full(len(panel), VOLATILITY), lookback=SMALL.lookback, sessions=CALENDAR.sessions)
    now = decided[sessions[-1]] - pd.Timedelta(minutes=10)
    data = Dataset(
        market=MarketData(
            _bars(traded, now), as_actions(empty(ACTIONS)), as_headlines(empty(HEADLINES)), CALENDAR, now
        ),
        inputs=Inputs(lookback=SMALL.lookback),
        headlines=empty(HEADLINES),
        scores=empty(SCORES),
        features=keys,
        labels=labels,
        panel=panel,
        windows=windows,
        samples=build_samples(windows, labels),
        dropped=(),
        jumps=pd.DataFrame(),
    )
    return TinyMarket(data, Fold(train=sessions[:80], validation=sessions[80:100], test=sessions[100:n_sessions]))


def first(windows: Kind, n: int) -> Kind:
    """Return the first n windows."""
    return windows.where(np.arange(len(windows)) < n)


def _bars(traded: pd.DataFrame, fetched_at: pd.Timestamp) -> Bars:
    """Return bars that open at 100 and close at the realised return."""
    close = 100.0 * (1.0 + traded["realised_return"])
    prices = {"open": 100.0, "high": close.clip(lower=100.0), "low": close.clip(upper=100.0), "close": close}
    return as_bars(traded[["ticker", "session"]].assign(**prices, volume=1000.0, source="test", fetched_at=fetched_at))
