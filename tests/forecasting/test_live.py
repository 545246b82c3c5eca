"""Each live forecast is scored by its own trade, when that is over, and counts in the record of that trade alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.forecasting.live import LiveRecord, score_live, score_open_forecasts
from stockseq.market import MarketData
from stockseq.report.text.skill import rank_and_size_sentence
from stockseq.schemas import ACTIONS, HEADLINES, Bars, as_actions, as_headlines, empty
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from tests.dataset.dataset_rows import actions_of, bars_of

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-18"), pd.Timestamp("2024-12-13"))
# From 100 to 102 within the session; two sessions later 11-27 opens at 52, after a split 2:1 on 11-26.
ROWS = [
    ("2024-11-21", 100.0, 100.0),
    ("2024-11-22", 100.0, 100.0),
    ("2024-11-25", 100.0, 102.0),
    ("2024-11-26", 51.0, 50.0),
    ("2024-11-27", 52.0, 53.0),
]
SPLIT = actions_of("AAA", ("2024-11-26", "split", 2.0))
MODELS = pd.DataFrame({"model_id": ["day", "days"], "label": ["open_to_close", "open_to_open(2)"]})


def market_at(instant: str, n_bars: int) -> MarketData:
    bars = bars_of("AAA", ROWS[:n_bars])
    return MarketData(bars, SPLIT, as_headlines(empty(HEADLINES)), CALENDAR, pd.Timestamp(instant, tz="UTC"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Both models forecast AAA for 2024-11-25, half an hour before its open."""
    store = Store(tmp_path)
    made_at = pd.Timestamp("2024-11-25 14:00", tz="UTC")
    for model_id, up in (("day", 0.6), ("days", 0.4)):
        forecast = pd.DataFrame(
            {
                "ticker": "AAA",
                "session": pd.to_datetime(["2024-11-25"]),
                "decision_at": made_at,
                "probability_up": up,
                "expected_return": 0.0,
            }
        )
        append_forecasts(store, forecast, made_at=made_at, model_id=model_id, calendar=CALENDAR)
    return store


def outcomes(store: Store) -> dict[str, float]:
    """The realised return by model."""
    scored = store.read("forecasts").merge(store.read("outcomes"), on="forecast_id")
    return dict(zip(scored["model_id"], scored["realised_return"].round(12), strict=True))


def test_a_forecast_is_scored_when_its_own_trade_is_over(store: Store) -> None:
    """The session's own after its close, the longer one after the open of 11-27: twice 52 for 100."""
    for instant, n_bars, expected in (
        ("2024-11-25 22:00", 3, {"day": 0.02}),
        ("2024-11-26 22:00", 4, {"day": 0.02}),
        ("2024-11-27 22:00", 5, {"day": 0.02, "days": 0.04}),
    ):
        score_open_forecasts(store, verify(store), MODELS, market_at(instant, n_bars))
        assert outcomes(store) == expected, instant


def test_each_trade_has_a_live_record_of_its_own(store: Store) -> None:
    """Of one ticker and session both forecasts stand; the later one must not take the earlier one's place."""
    ledger = score_open_forecasts(store, verify(store), MODELS, market_at("2024-11-26 22:00", 4))
    day, days = (score_live(ledger, MODELS, label) for label in MODELS["label"])
    assert ((day.n, day.n_open), (days.n, days.n_open)) == ((1, 0), (0, 1))
    assert score_live(ledger, MODELS, "open_to_next_open").n == 0


def test_the_variance_of_the_trade_is_kept_beside_its_return(store: Store) -> None:
    """Within 11-25 102/100, overnight 102/102, within 11-26 50/51, overnight 52/50."""
    score_open_forecasts(store, verify(store), MODELS, market_at("2024-11-27 22:00", 5))
    scored = store.read("forecasts").merge(store.read("outcomes"), on="forecast_id").set_index("model_id")
    expected = np.log(1.02) ** 2 + np.log(50 / 51) ** 2 + np.log(1.04) ** 2
    assert scored.loc["days", "realised_variance"] == pytest.approx(expected, rel=1e-12)


def test_a_live_record_ranks_and_sizes(tmp_path: Path) -> None:
    """Ten tickers, ranked as they end on both days: the coefficient is 1, and 10 of 20 lie within the intervals."""
    store, tickers = Store(tmp_path), [f"T{number}" for number in range(10)]
    for day, low in (("2024-11-25", -0.001), ("2024-11-26", 0.045)):
        made_at = pd.Timestamp(f"{day} 14:00", tz="UTC")
        moves = np.arange(10) / 100
        rows = pd.DataFrame({"ticker": tickers, "session": pd.Timestamp(day), "decision_at": made_at})
        bounds = {"low_80": low, "high_80": low + 0.05, "low_95": -1.0, "high_95": 1.0}
        rows = rows.assign(probability_up=0.6, expected_return=0.01, relative=moves, sigma=0.02, **bounds)
        append_forecasts(store, rows, made_at=made_at, model_id="day", calendar=CALENDAR)
    path = [("2024-11-21", 100.0, 100.0), ("2024-11-22", 100.0, 100.0)]
    bars = [
        bars_of(name, [*path, ("2024-11-25", 100.0, 100.0 + number), ("2024-11-26", 100.0, 100.0 + number)])
        for number, name in enumerate(tickers)
    ]
    now = pd.Timestamp("2024-11-26 22:00", tz="UTC")
    market = MarketData(
        Bars(pd.concat(bars)), as_actions(empty(ACTIONS)), as_headlines(empty(HEADLINES)), CALENDAR, now
    )
    live = score_live(score_open_forecasts(store, verify(store), MODELS, market), MODELS, "open_to_close")
    assert live.ranking is not None
    assert live.size is not None
    assert live.ranking.rank_ic == pytest.approx(1.0)
    assert {level: held.coverage for level, held in live.size.intervals.items()} == {"80": 0.5, "95": 1.0}
    assert LiveRecord.from_dict(live.to_dict()) == live
    assert "80% intervals held 50.0%" in rank_and_size_sentence(live.ranking, live.size)
