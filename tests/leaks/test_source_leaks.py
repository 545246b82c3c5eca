"""Leaks at the source and in the store: what was not final, not yet known, or has been rewritten since."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.audit.origins import audit_source, audit_store
from stockseq.audit.result import Replay, Verdict
from stockseq.ingestion.ingest import ingest
from stockseq.market import MarketData
from stockseq.report.text.audit import finding_sentence
from stockseq.schemas import Actions, Bars, Headlines
from stockseq.sessions import TradingCalendar
from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
from stockseq.store import Store

SETTINGS = SimulatedSettings(n_sessions=40, n_tickers=2, seed=3)


class Leaky(SimulatedSource):
    """The simulated source, whose answers a test spoils."""

    def __init__(self, bars: Any = None, headlines: Any = None) -> None:
        super().__init__(SETTINGS)
        self.spoil_bars, self.spoil_headlines = bars, headlines

    def fetch_bars(self, first_sessions: Any, *, now: pd.Timestamp) -> Any:
        if self.spoil_bars == "early":
            fetched = super().fetch_bars(first_sessions, now=now + pd.Timedelta(hours=12))
            actions = Actions(fetched.actions.assign(fetched_at=now))
            return replace(fetched, bars=Bars(fetched.bars.assign(fetched_at=now)), actions=actions)
        fetched = super().fetch_bars(first_sessions, now=now)
        return fetched if self.spoil_bars is None else replace(fetched, bars=Bars(self.spoil_bars(fetched.bars, now)))

    def fetch_headlines(self, tickers: Any, *, since: Any, now: pd.Timestamp) -> Any:
        fetched = super().fetch_headlines(tickers, since=since, now=now)
        if self.spoil_headlines is None:
            return fetched
        return replace(fetched, headlines=Headlines(self.spoil_headlines(fetched.headlines, now)))


def split_adjusted_by_now(bars: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    prices = bars[["open", "high", "low", "close"]] / (
        2.0 if now > SimulatedSource(SETTINGS).default_now - HALF else 1.0
    )
    return bars.assign(**prices)


def retold(headlines: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    edited = headlines["headline_id"] + ("x" if now >= SimulatedSource(SETTINGS).default_now else "y")
    return headlines.assign(headline_id=edited)


HALF = pd.Timedelta(days=20)
LEAKS: dict[str, tuple[Callable[[], SimulatedSource], str]] = {
    "a bar that is not final": (lambda: Leaky(bars="early"), "that isn't final"),
    "history rewritten by now": (lambda: Leaky(bars=split_adjusted_by_now), "history was rewritten"),
    "headlines edited since": (lambda: Leaky(headlines=retold), "its past was rewritten"),
}


@pytest.fixture
def market(tmp_path: Path) -> MarketData:
    """What a store knows after one fetch."""
    return fetch(Store(str(tmp_path / "data")))


def fetch(store: Store) -> MarketData:
    source = SimulatedSource(SETTINGS)
    now = source.default_now
    return ingest(store, source, source.tickers, now=now, calendar=TradingCalendar.until(now))[1]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_at_the_source_is_caught_when_it_is_asked_as_of_earlier(leak: str, market: MarketData) -> None:
    """The bars of a backtest would be others than those of the mornings that it replays."""
    make, sentence = LEAKS[leak]
    verdict = audit_source(make(), market)
    assert isinstance(verdict, Verdict)
    assert sentence in finding_sentence(verdict.findings[0])


def test_the_simulated_source_answers_as_of_earlier_as_it_did_then(market: MarketData) -> None:
    """The same check, without a leak."""
    verdict = audit_source(SimulatedSource(SETTINGS), market)
    assert isinstance(verdict, Verdict)
    assert verdict.findings == ()


def test_a_store_that_forgets_when_it_was_asked_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day replayed must not see headlines of the days after it."""
    store = Store(str(tmp_path / "data"))
    market = fetch(store)
    assert audit_store(store, market).findings == ()
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self, table, **options: read(self, table, **{**options, "as_of": None}))
    assert any(
        finding.column == "headlines" and isinstance(finding.evidence, Replay) and finding.evidence.kind == "early"
        for finding in audit_store(store, market).findings
    )
