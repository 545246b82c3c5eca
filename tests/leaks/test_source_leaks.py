"""Leaks at the source and in the store: what was not final, not yet known, or has been rewritten since."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pipelines.audit_origins import examine_source, examine_store
from pipelines.context import Context
from pipelines.ingest import ingest
from stockseq.config import load_settings
from stockseq.evaluate.lookahead import Finding
from stockseq.schemas import Actions, Bars, Headlines
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


def make_context(data: str) -> Context:
    settings = load_settings(overrides={"source": "simulated", "data": data, "simulated": SETTINGS.model_dump()})
    return Context(settings, SimulatedSource(SETTINGS).default_now)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_at_the_source_is_caught_when_it_is_asked_as_of_earlier(leak: str) -> None:
    """The bars of a backtest would be others than those of the mornings that it replays."""
    make, sentence = LEAKS[leak]
    context = make_context("not-written")
    context.__dict__["source"] = make()
    verdict, _ = examine_source(context, context.source.tickers)
    assert verdict is not None
    assert sentence in verdict.findings[0].sentence


def test_the_simulated_source_answers_as_of_earlier_as_it_did_then() -> None:
    """The same check, without a leak."""
    context = make_context("not-written")
    verdict, _ = examine_source(context, context.source.tickers)
    assert verdict is not None
    assert verdict.findings == ()


def test_a_store_that_forgets_when_it_was_asked_is_caught(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day replayed must not see headlines of the days after it."""
    context = make_context(str(tmp_path / "data"))
    ingest(context, context.source.tickers)
    assert examine_store(context, context.source.tickers).findings == ()
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self, table, **options: read(self, table, **{**options, "as_of": None}))
    found: tuple[Finding, ...] = examine_store(context, context.source.tickers).findings
    assert any(finding.column == "headlines" and "before it was known" in finding.what for finding in found)
