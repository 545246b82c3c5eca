"""Outcomes computed again from the bars that they were scored from."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import LedgerBroken
from stockseq.forecast_ledger import Ledger, append_forecasts, append_outcomes, verify
from stockseq.forecasting.live import score_live, score_open_forecasts
from stockseq.forecasting.recomputed import Recomputed, recompute_outcomes
from stockseq.market import MarketData
from stockseq.schemas import ACTIONS, HEADLINES, as_actions, as_headlines, as_labels, empty
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from tests.dataset.dataset_rows import bars_of

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-18"), pd.Timestamp("2024-12-13"))
MODELS = pd.DataFrame({"model_id": ["day"], "label": ["open_to_close"]})
SCORED_AT = pd.Timestamp("2024-11-25 22:00", tz="UTC")


def market(close: float, *, fetched_at: str = "2024-11-25 21:45", now: pd.Timestamp = SCORED_AT) -> MarketData:
    """AAA opens at 100 on 11-25 and closes at `close`."""
    rows = [("2024-11-21", 100.0, 100.0), ("2024-11-22", 100.0, 100.0), ("2024-11-25", 100.0, close)]
    bars = bars_of("AAA", rows).assign(fetched_at=pd.Timestamp(fetched_at, tz="UTC"))
    return MarketData(bars, as_actions(empty(ACTIONS)), as_headlines(empty(HEADLINES)), CALENDAR, now)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One forecast of AAA for 2024-11-25."""
    store, made_at = Store(tmp_path), pd.Timestamp("2024-11-25 14:00", tz="UTC")
    row = {"ticker": "AAA", "session": pd.Timestamp("2024-11-25"), "decision_at": made_at}
    forecast = pd.DataFrame([{**row, "probability_up": 0.6, "expected_return": 0.0}])
    append_forecasts(store, forecast, made_at=made_at, model_id="day", calendar=CALENDAR)
    return store


def scored(store: Store) -> Ledger:
    return score_open_forecasts(store, verify(store), MODELS, market(102.0))


def test_an_outcome_is_what_its_bars_give(store: Store) -> None:
    """All of them are those that it was scored from."""
    assert recompute_outcomes(scored(store), MODELS, market(102.0)) == Recomputed(1, 0)


def test_an_outcome_whose_bar_was_fetched_again_is_left_out(store: Store) -> None:
    """It is no longer known here what the bar was; the next morning corrects the outcome."""
    later = market(103.0, fetched_at="2024-11-26 13:00")
    assert recompute_outcomes(scored(store), MODELS, later) == Recomputed(0, 1)


def test_an_outcome_that_its_bars_do_not_give_is_named(store: Store) -> None:
    """Chained well, and false all the same: from 100 to 102 is no 50 %."""
    made_at = pd.Timestamp("2024-11-25 14:30", tz="UTC")
    label = {"ticker": ["AAA"], "session": pd.Timestamp("2024-11-25"), "entry_at": made_at, "exit_at": made_at}
    lie = as_labels(pd.DataFrame({**label, "realised_return": 0.5, "volatility": 0.01}))
    append_outcomes(store, lie, scored_at=SCORED_AT)
    with pytest.raises(LedgerBroken, match=r"AAA on 2024-11-25 .* it is 0.5, and the bars .* give 0.02"):
        recompute_outcomes(verify(store), MODELS, market(102.0))


def test_a_healed_bar_corrects_the_outcome_once_and_the_record_says_so(store: Store) -> None:
    """As of before it healed, the record is what it was."""
    ledger, now = scored(store), pd.Timestamp("2024-11-26 13:00", tz="UTC")
    healed = market(99.0, fetched_at="2024-11-26 12:00", now=now)
    for _ in range(2):
        ledger = score_open_forecasts(store, ledger, MODELS, healed)
    assert ledger.outcomes["realised_return"].round(12).tolist() == [0.02, -0.01]
    corrections = score_live(ledger, MODELS, "open_to_close").corrections
    assert corrections is not None
    assert (corrections.n, corrections.ticker, corrections.session) == (1, "AAA", "2024-11-25")
    assert (round(corrections.before, 12), round(corrections.after, 12)) == (0.02, -0.01)
    assert score_live(ledger.as_of(SCORED_AT), MODELS, "open_to_close").corrections is None
    assert recompute_outcomes(ledger, MODELS, healed) == Recomputed(1, 0)
