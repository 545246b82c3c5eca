"""The forecasts of a morning's first run stand; a later run is told how far it differs from them."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.forecasting.earlier import EarlierForecasts, compare_with_earlier
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-01"), pd.Timestamp("2024-12-31"))
FIRST, SECOND, LATE = (pd.Timestamp(f"2024-11-29 {at}", tz="UTC") for at in ("13:10", "14:05", "15:00"))


def forecasts(*chances: float) -> pd.DataFrame:
    session = pd.to_datetime(["2024-11-29"] * len(chances))
    rows = pd.DataFrame({"ticker": ["AAA", "BBB", "CCC"][: len(chances)], "session": session})
    return rows.assign(decision_at=FIRST, probability_up=chances, expected_return=0.0)


def enter(store: Store, made_at: pd.Timestamp, *chances: float, model_id: str = "m") -> None:
    append_forecasts(store, forecasts(*chances), made_at=made_at, model_id=model_id, calendar=CALENDAR)


def test_a_later_run_is_compared_with_the_first_of_each_ticker(tmp_path: Path) -> None:
    """AAA moves by 4 points and BBB not at all, CCC is new; a third run is compared with the first, too."""
    store = Store(tmp_path)
    enter(store, FIRST, 0.50, 0.60)
    expected = EarlierForecasts(FIRST, 2, 1, pytest.approx(0.02), "AAA", 0.50, pytest.approx(0.54))
    later = forecasts(0.54, 0.60, 0.70)
    assert compare_with_earlier(verify(store), later, model_ids=["m"], now=SECOND) == expected
    enter(store, SECOND, 0.54, 0.60, 0.70)
    # With its own rows in the ledger it says the same, as when the morning is shown again.
    assert compare_with_earlier(verify(store), later, model_ids=["m"], now=SECOND) == expected
    assert compare_with_earlier(verify(store), forecasts(0.50, 0.60), model_ids=["m"], now=LATE) is None


def test_the_evenings_forecast_gives_way_to_the_mornings(tmp_path: Path) -> None:
    """And stands against a late one, where the morning had none."""
    store = Store(tmp_path)
    evening = pd.Timestamp("2024-11-27 22:00", tz="UTC")
    enter(store, evening, 0.50)
    assert compare_with_earlier(verify(store), forecasts(0.60), model_ids=["m"], now=FIRST) is None
    late = compare_with_earlier(verify(store), forecasts(0.60), model_ids=["m"], now=LATE)
    assert late is not None
    assert late.made_at == evening


def test_nothing_stands_before_the_first_run_in_another_trade_or_after_a_late_one(tmp_path: Path) -> None:
    """A late forecast never counts, so nothing is a later opinion of it."""
    store = Store(tmp_path)
    enter(store, FIRST, 0.50, model_id="other trade")
    enter(store, LATE, 0.55)
    for now in (FIRST - pd.Timedelta(hours=1), LATE + pd.Timedelta(hours=1)):
        assert compare_with_earlier(verify(store), forecasts(0.60), model_ids=["m"], now=now) is None
