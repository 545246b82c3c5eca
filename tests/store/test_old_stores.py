"""A store that version 0.1.0 wrote, in `store_0_1_0.zip`: it opens, reads the same, verifies, and goes on.

It holds two vintages of AAPL's bars and of one dividend, three headlines, two scores, features written twice, one
model, two days of two forecasts each, the first of them scored, and one trial.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import LedgerBroken
from stockseq.forecast_ledger import append_forecasts, live_record, verify
from stockseq.sessions import TradingCalendar
from stockseq.store import TABLES, Store
from tests.store.store_rows import bars, dividends, features, headlines, utc

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
# As that version printed them.
DATA_VERSION = "d6ab2007a958d019"
HEAD = "211baf7682c4689a249a5d4d339d53aa84b12bcb6d8c56091432f78f6a6d84d7"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    shutil.unpack_archive(Path(__file__).with_name("store_0_1_0.zip"), tmp_path / "data")
    return Store(tmp_path / "data", create=False)


def test_an_old_store_reads_as_it_did(store: Store) -> None:
    """Every row of every table, the vintages, and the name of its content."""
    assert store.data_version() == DATA_VERSION
    assert {table: len(store.read(table)) for table in TABLES} == {
        "bars": 3, "actions": 1, "headlines": 3, "scores": 2, "features": 3, "models": 1, "forecasts": 4,
        "ledger_heads": 2, "outcomes": 2, "outcome_heads": 0, "trials": 1,
        "sources": 0, "universe": 0, "currencies": 0, "exchanges": 0,
        "quarantine": 0, "holes": 0, "comparisons": 0, "news_coverage": 0,
    }  # fmt: skip
    pd.testing.assert_frame_equal(store.bars(as_of=utc("2024-02-07")), bars([10.0, 11.0], fetched="2024-02-07"))
    assert store.bars()["close"].tolist() == [10.0, 11.5, 12.0]
    assert store.actions()["value"].tolist() == [0.0]


def test_an_old_ledger_verifies_to_the_same_head_and_is_continued(store: Store) -> None:
    """The chain was hashed by that version; a change of the canonical text would break every user's record."""
    ledger = verify(store, expected_head=HEAD)
    assert (ledger.n_rows, ledger.head_hash) == (4, HEAD)
    assert live_record(ledger)["realised_return"].tolist() == [0.02, -0.01]
    sized = {"relative": 0.4, "sigma": 0.01, "low_80": -0.02, "high_80": 0.01}
    forecasts = ledger.forecasts.tail(2).assign(session=pd.Timestamp("2024-02-07"), **sized)
    made = {"made_at": utc("2024-02-07 14:05"), "model_id": "m1", "calendar": CALENDAR}
    assert append_forecasts(store, forecasts, **made).n_rows == 2
    grown = verify(store, expected_head=HEAD)
    # The columns came after the first four rows were written.
    assert grown.forecasts["sigma"].isna().tolist() == [True] * 4 + [False] * 2


def test_what_an_old_store_holds_is_not_written_again(store: Store) -> None:
    """The same rows are the same rows, and the next ones are appended."""
    versions = store.versions()
    store.append("bars", bars([10.0, 11.5, 12.0], fetched="2024-02-09"))
    store.append("actions", dividends([0.0], fetched="2024-02-09"))
    store.append("headlines", headlines(["a", "b", "c"]))
    store.replace("features", features([1.0, 2.5, 3.0]))
    assert store.versions() == versions
    assert store.append("bars", bars([10.0, 11.5, 12.5, 13.0], fetched="2024-02-09")).by_ticker == {"AAPL": 2}


def test_outcomes_of_before_they_were_chained_are_bound_by_the_first_forecast_after_them(store: Store) -> None:
    """An old outcome that is rewritten behind Delta's log is found from the first morning of this version on."""
    ledger = verify(store)
    forecasts = ledger.forecasts.tail(2).assign(session=pd.Timestamp("2024-02-07"))
    append_forecasts(store, forecasts, made_at=utc("2024-02-07 14:05"), model_id="m1", calendar=CALENDAR)
    assert verify(store).forecasts["outcomes_hash"].notna().tolist() == [False] * 4 + [True] * 2
    table = Path(store.root, "outcomes")
    (commit,) = (table / "_delta_log").glob("*.json")
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    (added,) = (action["add"] for action in actions if "add" in action)
    rows = pd.read_parquet(table / added["path"])
    rows.assign(realised_return=-rows["realised_return"]).to_parquet(table / added["path"])
    added |= {"size": (table / added["path"]).stat().st_size, "stats": None}
    commit.write_text("".join(json.dumps(action) + "\n" for action in actions))
    with pytest.raises(LedgerBroken, match=r"outcomes before row 5 \(AAPL, 2024-02-07\): they were edited or removed"):
        verify(store)
