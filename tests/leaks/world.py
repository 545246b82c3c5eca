"""A small market with all that a leak can bite on, and the real machinery that is to catch it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pipelines.audit_artefacts import Describer
from pipelines.audit_rows import examine_instants
from pipelines.context import Context
from stockseq.config import load_settings
from stockseq.evaluate.lookahead import Compared, Cut, Finding, Tables, examine
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.schemas import Bars, as_headlines
from stockseq.sources.simulated import SimulatedMarket

SETTINGS: dict[str, Any] = {
    "network.lookback": 2,
    "network.units": 1,
    "network.min_headlines": 2,
    "training.n_seeds": 1,
    "training.epochs": 1,
    "folds.min_train": 50,
    "folds.validation_size": 10,
    "folds.gap": 0,
    "folds.n_folds": 1,
}
ENDED, GAP = 120, slice(124, 128)
CUTS = (90, 126)


@dataclass(frozen=True)
class World:
    """Tables, the recipes that are run on them, and where they are cut."""

    describer: Describer
    tables: Tables
    cuts: tuple[Cut, ...]

    def compare(self) -> Iterator[Compared]:
        """Yield what the audit compares at each cut, before any model is fitted."""
        describer = self.describer
        reference = describer.build(self.tables)
        for cut in self.cuts:
            yield from examine(self.tables, reference, cut, describer.build, clock=describer.clock, seed=7)

    def findings(self) -> Iterator[Finding]:
        """Yield what moves, and what breaks the rules of instants."""
        prepared = self.describer.prepare(self.tables)
        yield from examine_instants(prepared, self.describer.clock).findings
        for compared in self.compare():
            yield from compared.findings


def make_world(
    seed: int = 1, *, features: Sequence[Feature] = (), cuts: Sequence[int] = CUTS, **settings: Any
) -> World:
    """Return a market of 150 sessions: one ticker ends early, one is halted, stamps are late or bare dates."""
    market = SimulatedMarket(kind="leak_backdated", n_sessions=150, n_tickers=3, seed=seed)
    sessions = market.sessions
    _, halted, ended = market.tickers
    bars = market.bars
    gone = (bars["ticker"] == ended) & (bars["session"] > sessions[ENDED])
    gone |= (bars["ticker"] == halted) & bars["session"].isin(sessions[GAP])
    context = Context(
        load_settings(overrides={**SETTINGS, **settings, "source": "simulated", "data": "not-written"}),
        market.calendar.opens_at(sessions[-1]),
    )
    # A plug-in feature is loaded by name; these were never installed.
    context.__dict__["features"] = (*DEFAULT_FEATURES, *features)
    describer = Describer(context)
    tables = Tables(Bars(bars[~gone].reset_index(drop=True)), market.actions, _with_bare_dates(market.headlines))
    return World(describer, tables, tuple(describer.clock.cut(sessions[place]) for place in cuts))


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
