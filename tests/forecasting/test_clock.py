"""An instant before the store's newest entry enters nothing; one at which a morning was run is shown again."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import StoreError
from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.forecasting.clock import is_replay, require_begun, require_newest
from stockseq.models.registry import Registry
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from tests.models.model_rows import FAST, SMALL

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-29"))
# Ten minutes before the decision of Monday, Tuesday and Wednesday.
MONDAY, TUESDAY, WEDNESDAY = pd.date_range("2024-02-05 13:50", periods=3, tz="UTC")


class Fitted:
    """As much of a model as the registry looks at."""

    network, training = SMALL, FAST


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose model was entered on Monday and forecast Monday and Wednesday."""
    store = Store(tmp_path / "data")
    through = pd.Timestamp("2024-02-02")
    Registry(store).register("m1", Fitted(), trained_through=through, metrics={}, at=MONDAY, promote=True)
    for made_at in (MONDAY, WEDNESDAY):
        forecasts = pd.DataFrame(
            {
                "ticker": ["AAPL"],
                "session": [made_at.tz_localize(None).normalize()],
                "probability_up": 0.53,
                "expected_return": 0.001,
                "decision_at": made_at + pd.Timedelta(minutes=10),
            }
        )
        append_forecasts(store, forecasts, made_at=made_at, model_id="m1", calendar=CALENDAR)
    return store


@pytest.mark.parametrize(
    ("now", "replays"),
    [
        (MONDAY, True),
        # Until Monday's bar is final, at 16:30 in New York, Monday is the session that is due.
        (pd.Timestamp("2024-02-05 21:29:59", tz="UTC"), True),
        (WEDNESDAY, False),
        (WEDNESDAY + pd.Timedelta(days=9), False),
    ],
)
def test_a_morning_that_was_run_is_shown_again(store: Store, now: pd.Timestamp, replays: bool) -> None:
    """At the newest entry and after it a run goes on as ever."""
    assert is_replay(verify(store), Registry(store, as_of=now), CALENDAR, now) == replays


@pytest.mark.parametrize("now", [pd.Timestamp("2024-02-05 21:30", tz="UTC"), TUESDAY, MONDAY - pd.Timedelta(seconds=1)])
def test_a_morning_that_was_not_run_is_not_made_up(store: Store, now: pd.Timestamp) -> None:
    """Tuesday was left out, and can't be forecast on Wednesday as of Tuesday."""
    with pytest.raises(StoreError, match="newest forecast was made at 2024-02-07 13:50:00 UTC; nothing was fetched"):
        is_replay(verify(store), Registry(store, as_of=now), CALENDAR, now)


def test_a_later_model_counts_as_a_later_forecast_does(store: Store) -> None:
    """A clock that is set back after a training would train a second champion."""
    later = WEDNESDAY + pd.Timedelta(hours=5)
    through = pd.Timestamp("2024-02-02")
    Registry(store).register("m2", Fitted(), trained_through=through, metrics={}, at=later)
    before = Registry(store, as_of=WEDNESDAY)
    with pytest.raises(StoreError, match="newest model was entered at 2024-02-07 18:50:00 UTC"):
        require_newest(store, before, WEDNESDAY)
    require_newest(store, before, later)


def test_before_the_store_begins_is_a_sentence(store: Store) -> None:
    """It held nothing then, which is no reason to show an empty record."""
    early = MONDAY - pd.Timedelta(seconds=1)
    with pytest.raises(
        StoreError, match="The store begins at 2024-02-05 13:50:00 UTC, and this run is as of 2024-02-05"
    ):
        require_begun(store, Registry(store, as_of=early), early)
    require_begun(store, Registry(store), MONDAY)
