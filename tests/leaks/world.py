"""A small market with all that a leak can bite on, and the real machinery that is to catch it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd

from stockseq.audit.clock import Cut
from stockseq.audit.comparison import Compared, examine
from stockseq.audit.pipeline import Pipeline, describe_dataset
from stockseq.audit.result import Finding
from stockseq.audit.rows import examine_instants
from stockseq.dataset.dataset import Dataset, Inputs
from stockseq.dataset.folds import FoldSettings
from stockseq.dataset.labels import OPEN_TO_CLOSE
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.news import LATENCY, Latency
from stockseq.market import MarketData
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.schemas import Bars, as_headlines
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.simulated import SimulatedMarket

LOOKBACK = 2
FORECASTER = Forecaster(
    NetworkSettings(lookback=LOOKBACK, units=1, min_headlines=2), TrainingSettings(n_seeds=1, epochs=1)
)
FOLDS = FoldSettings(min_train=50, validation_size=10, gap=0, n_folds=1)
ENDED, GAP = 120, slice(124, 128)
CUTS = (90, 126)


@dataclass(frozen=True)
class World:
    """A market, the pipeline that is run on it, and where it is cut."""

    pipeline: Pipeline
    market: MarketData
    cuts: tuple[Cut, ...]

    def compare(self, whole: Dataset | None = None) -> Iterator[Compared]:
        """Yield what the audit compares at each cut, before any model is fitted; `whole` is built where not given."""
        pipeline = self.pipeline
        reference = describe_dataset(pipeline.dataset(self.market) if whole is None else whole, pipeline.clock)
        for cut in self.cuts:
            yield from examine(self.market, reference, cut, pipeline.build, clock=pipeline.clock, seed=7)

    def findings(self) -> Iterator[Finding]:
        """Yield what moves, and what breaks the rules of instants."""
        whole = self.pipeline.dataset(self.market)
        yield from examine_instants(whole, self.pipeline.clock).findings
        for compared in self.compare(whole):
            yield from compared.findings


def make_world(
    seed: int = 1,
    *,
    features: Sequence[Feature] = (),
    cuts: Sequence[int] = CUTS,
    decision: str = "before_open(30)",
    label: str = OPEN_TO_CLOSE,
    latency: pd.Timedelta | Latency = LATENCY,
) -> World:
    """Return a market of 150 sessions: one ticker ends early, one is halted, stamps are late or bare dates."""
    drawn = _draw(seed)
    sessions = drawn.sessions
    _, halted, ended = drawn.tickers
    bars = drawn.bars
    gone = (bars["ticker"] == ended) & (bars["session"] > sessions[ENDED])
    gone |= (bars["ticker"] == halted) & bars["session"].isin(sessions[GAP])
    now = drawn.calendar.opens_at(sessions[-1])
    inputs = Inputs(
        lookback=LOOKBACK,
        label=label,
        decision=DecisionPolicy.parse(decision),
        latency=latency,
        features=(*DEFAULT_FEATURES, *features),
    )
    market = MarketData(
        Bars(bars[~gone].reset_index(drop=True)),
        drawn.actions,
        _with_bare_dates(drawn.headlines),
        TradingCalendar.until(now),
        now,
    )
    pipeline = Pipeline(inputs, market.calendar, FORECASTER, FOLDS)
    return World(pipeline, market, tuple(pipeline.clock.cut(sessions[number]) for number in cuts))


@cache
def _draw(seed: int) -> SimulatedMarket:
    """Return the market before anything is left out of it; what a test plants lies behind it."""
    return SimulatedMarket(kind="leak_backdated", n_sessions=150, n_tickers=3, seed=seed)


def with_table(built: Any, table: pd.DataFrame) -> Any:
    """Return built features with another table."""
    return replace(built, table=table)


def _with_bare_dates(headlines: pd.DataFrame) -> Any:
    """Return the headlines, every fifth without a time of day and without a first sight."""
    bare = pd.Series(range(len(headlines)), index=headlines.index) % 5 == 0
    return as_headlines(
        headlines.assign(
            date_only=bare,
            published_at=headlines["published_at"].mask(bare, headlines["published_at"].dt.normalize()),
            first_seen_at=headlines["first_seen_at"].mask(bare),
        )
    )
