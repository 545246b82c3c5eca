"""The forecast ledger: chained, verified against tampering through deltalake itself, and honest about lateness."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from stockseq.errors import DataError, LedgerBroken, StoreError
from stockseq.forecast_ledger import (
    append_forecasts,
    append_outcomes,
    corrected_outcomes,
    live_record,
    standing_forecasts,
    verify,
)
from stockseq.schemas import Labels, as_labels
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
# XNYS opens at 09:30 in New York, which is 14:30 UTC in February.
OPEN = "14:30:00"
DAYS = ("2024-02-05", "2024-02-06", "2024-02-07")


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def forecasts(day: str, *, up: float = 0.53, tickers: tuple[str, ...] = ("AAPL", "MSFT")) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticker": tickers,
            "session": pd.Timestamp(day),
            "decision_at": utc(f"{day} 14:00"),
            "probability_up": up,
            "expected_return": [0.1 * (up - 0.5) * (number + 1) for number in range(len(tickers))],
        }
    )


def append(store: Store, day: str, at: str, *, up: float = 0.53, model_id: str = "m1") -> int:
    return append_forecasts(store, forecasts(day, up=up), made_at=utc(at), model_id=model_id, calendar=CALENDAR).n_rows


def labels(day: str, realised: float) -> Labels:
    return as_labels(
        pd.DataFrame(
            {
                "ticker": ["AAPL", "MSFT"],
                "session": pd.Timestamp(day),
                "entry_at": utc(f"{day} {OPEN}"),
                "exit_at": utc(f"{day} 21:00"),
                "realised_return": realised,
                "volatility": 0.01,
            }
        )
    )


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with three days of two forecasts each: six rows."""
    store = Store(tmp_path_factory.mktemp("three_days"))
    for day in DAYS:
        append(store, day, f"{day} 14:05")
    return Path(store.root)


@pytest.fixture
def store(three_days: Path, tmp_path: Path) -> Store:
    """A copy of it that a test may ruin."""
    return Store(shutil.copytree(three_days, tmp_path / "data"))


def rewrite(store: Store, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Rewrite a table the way anyone with deltalake could."""
    url = f"{store.root}/{table}"
    schema = pa.schema(DeltaTable(url).schema().to_arrow())
    rows = DeltaTable(url).to_pandas().sort_values("sequence", ignore_index=True)
    write_deltalake(url, pa.Table.from_pandas(change(rows), schema=schema, preserve_index=False), mode="overwrite")


def cut_last_commit(store: Store, table: str) -> None:
    """Take the newest commit off a table's log."""
    max(Path(store.root, table, "_delta_log").glob("*.json")).unlink()


def test_a_row_hash_is_sha256_over_the_canonical_text_of_the_row(store: Store) -> None:
    """Anyone can recompute the chain by hand, without stockseq."""
    row = store.read("forecasts").iloc[0]
    identity = ["AAPL", "2024-02-05T00:00:00.000000", "m1", (0.53).hex(), (0.1 * (0.53 - 0.5)).hex()]
    forecast_id = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    content = [
        "1",
        forecast_id,
        "AAPL",
        "2024-02-05T00:00:00.000000",
        "2024-02-05T14:00:00.000000+00:00",
        "2024-02-05T14:05:00.000000+00:00",
        "2024-02-05T14:30:00.000000+00:00",
        "False",
        "m1",
        (0.53).hex(),
        (0.1 * (0.53 - 0.5)).hex(),
        "0" * 64,
    ]
    assert row["forecast_id"] == forecast_id
    assert row["hash"] == hashlib.sha256(json.dumps(content).encode()).hexdigest()


def test_an_untouched_ledger_verifies_and_names_its_head(store: Store) -> None:
    """The head is what a user notes elsewhere."""
    state = verify(store, expected_head=store.read("forecasts")["hash"].iloc[3])
    assert (state.n_rows, state.head_hash) == (6, store.read("forecasts")["hash"].iloc[-1])


def test_an_empty_ledger_verifies(tmp_path: Path) -> None:
    """A new store is not a broken one."""
    assert verify(Store(tmp_path)).n_rows == 0


def test_the_same_forecast_again_is_no_new_row(store: Store) -> None:
    """A daily run repeated changes nothing, whenever it is repeated."""
    before = store.versions()
    assert append(store, DAYS[2], f"{DAYS[2]} 14:05") == 0
    assert append(store, DAYS[2], f"{DAYS[2]} 20:00") == 0
    assert store.versions() == before


def test_made_at_in_another_zone_is_the_same_instant(tmp_path: Path) -> None:
    """The chain is over UTC, and must verify after a round trip through Delta."""
    store = Store(tmp_path)
    at = pd.Timestamp("2024-02-05 09:05", tz="America/New_York").as_unit("ns")
    append_forecasts(store, forecasts("2024-02-05", up=0.1 + 0.2), made_at=at, model_id='é, "m"', calendar=CALENDAR)
    assert verify(store).n_rows == 2
    assert store.read("forecasts")["made_at"].iloc[0] == utc("2024-02-05 14:05")


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("probability_up", 0.5300000000000001),
        ("expected_return", 0.25),
        ("ticker", "GOOG"),
        ("late", True),
        ("made_at", utc("2024-02-01 12:00")),
        ("session", pd.Timestamp("2024-02-12")),
        ("model_id", "m2"),
    ],
)
def test_any_edited_value_is_detected_at_its_row(store: Store, position: int, column: str, value: object) -> None:
    """Even the last bit of a probability, in any row."""

    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        edited = rows.astype({column: object})
        edited.loc[position, column] = value
        return edited

    rewrite(store, "forecasts", edit)
    with pytest.raises(LedgerBroken, match=rf"row {position + 1} .*edited"):
        verify(store)


@pytest.mark.parametrize("position", range(6))
def test_any_removed_row_is_detected_and_named(store: Store, position: int) -> None:
    """The last row too, whose removal leaves the chain whole: the noted heads know the length."""
    rewrite(store, "forecasts", lambda rows: rows.drop(index=position))
    with pytest.raises(LedgerBroken, match=rf"row {position + 1}: it is missing"):
        verify(store)


def test_a_row_deleted_by_predicate_is_detected(store: Store) -> None:
    """Delta's own DELETE leaves a table that reads well."""
    DeltaTable(f"{store.root}/forecasts").delete("session = DATE '2024-02-07'")
    with pytest.raises(LedgerBroken, match="row 5: it is missing"):
        verify(store)


def test_a_restored_older_version_is_detected(store: Store) -> None:
    """Time travel backwards is a cut."""
    DeltaTable(f"{store.root}/forecasts").restore(0)
    with pytest.raises(LedgerBroken, match="row 3: it is missing"):
        verify(store)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 4), (4, 5)])
def test_swapped_rows_are_detected(store: Store, first: int, second: int) -> None:
    """Two rows that change places, numbers and all, break the chain."""

    def swap(rows: pd.DataFrame) -> pd.DataFrame:
        order = list(range(6))
        order[first], order[second] = second, first
        return rows.iloc[order].assign(sequence=rows["sequence"].to_numpy())

    rewrite(store, "forecasts", swap)
    with pytest.raises(LedgerBroken, match=rf"row {first + 1} "):
        verify(store)


def test_rows_rewritten_in_another_order_are_detected(store: Store) -> None:
    """The numbers still tell the order, but the table's log tells that someone overwrote it."""
    rewrite(store, "forecasts", lambda rows: rows.iloc[::-1])
    with pytest.raises(LedgerBroken, match="version 3: WRITE"):
        verify(store)


def test_a_row_doubled_is_detected(store: Store) -> None:
    """A forecast can't count twice."""
    rewrite(store, "forecasts", lambda rows: pd.concat([rows, rows.iloc[[2]]]))
    with pytest.raises(LedgerBroken, match="row 3: it is there twice"):
        verify(store)


def test_a_chain_forged_anew_is_detected_by_the_noted_heads(store: Store, tmp_path: Path) -> None:
    """Recomputed hashes fit one another, but not what was noted."""
    forged = Store(tmp_path / "forged")
    for day in DAYS:
        append(forged, day, f"{day} 14:05", up=0.99)
    shutil.rmtree(f"{store.root}/forecasts")
    shutil.copytree(f"{forged.root}/forecasts", f"{store.root}/forecasts")
    with pytest.raises(LedgerBroken, match="row 2: its hash was"):
        verify(store)


def test_a_ledger_thrown_away_is_detected(store: Store) -> None:
    """An empty table is not a new one."""
    shutil.rmtree(f"{store.root}/forecasts")
    with pytest.raises(LedgerBroken, match="row 1: it is missing, and there were 2 rows"):
        verify(store)


def test_both_tables_forged_are_detected_by_a_head_noted_elsewhere(store: Store, tmp_path: Path) -> None:
    """What the store can't know, its user can."""
    head = verify(store).head_hash
    forged = Store(tmp_path / "forged")
    append(forged, DAYS[0], f"{DAYS[0]} 14:05", up=0.99)
    assert verify(forged).n_rows == 2
    with pytest.raises(LedgerBroken, match="expected hash"):
        verify(forged, expected_head=head)


def test_a_broken_ledger_is_not_continued(store: Store) -> None:
    """A chain on top of a tampered row would look like a whole one."""
    rewrite(store, "forecasts", lambda rows: rows.drop(index=5))
    with pytest.raises(LedgerBroken):
        append(store, "2024-02-08", "2024-02-08 14:05")


def test_compaction_keeps_the_ledger_whole(store: Store) -> None:
    """Maintenance rearranges files and is no tampering."""
    store.compact(retention_hours=0)
    assert verify(store).n_rows == 6
    assert append(store, "2024-02-08", "2024-02-08 14:05") == 2
    assert verify(store).n_rows == 8


def test_an_append_that_was_killed_before_its_head_was_noted_is_whole(store: Store) -> None:
    """The rows stand in their own commit, and the next run notes the head before its own rows."""
    cut_last_commit(store, "ledger_heads")
    assert verify(store).n_rows == 6
    assert append(store, "2024-02-08", "2024-02-08 14:05") == 2
    assert store.read("ledger_heads")["n_rows"].tolist() == [2, 4, 6, 8]


def test_noted_heads_that_were_removed_are_missed(store: Store) -> None:
    """A killed run leaves one append without its head, never more."""
    cut_last_commit(store, "ledger_heads")
    cut_last_commit(store, "ledger_heads")
    with pytest.raises(LedgerBroken, match="noted heads of row 3 and later: they were removed"):
        verify(store)
    shutil.rmtree(f"{store.root}/ledger_heads")
    with pytest.raises(LedgerBroken, match="noted heads of row 1 and later: they were removed"):
        verify(store)


def test_a_forecast_can_not_be_backdated(store: Store) -> None:
    """An entry made after a later one, yet as of an earlier instant, would pass for on time."""
    with pytest.raises(StoreError, match="none can be entered as of"):
        append(store, DAYS[2], f"{DAYS[0]} 14:05", up=0.9)


def test_a_session_outside_the_calendar_is_refused(store: Store) -> None:
    """2024-02-19 is Presidents' Day: no open, so no forecast."""
    with pytest.raises(DataError, match=r"2024-02-19.* is no session of XNYS"):
        append(store, "2024-02-19", "2024-02-19 14:05")


@pytest.mark.parametrize(("at", "late"), [("14:29:59.999999", False), (OPEN, True), ("20:00", True)])
def test_a_forecast_is_late_from_the_open_on(tmp_path: Path, at: str, late: bool) -> None:
    """At the open itself the first price is being made."""
    store = Store(tmp_path)
    append(store, DAYS[0], f"{DAYS[0]} {at}")
    assert store.read("forecasts")["late"].tolist() == [late, late]


def test_the_live_record_takes_the_first_forecast_on_time_and_never_a_later_one(tmp_path: Path) -> None:
    """Of three forecasts of one session, the first stands; a session forecast only late has no record."""
    store = Store(tmp_path)
    append(store, DAYS[0], f"{DAYS[0]} 13:00", up=0.60)
    append(store, DAYS[0], f"{DAYS[0]} 14:05", up=0.45, model_id="m2")
    append(store, DAYS[0], f"{DAYS[0]} 15:00", up=0.99)
    append(store, DAYS[1], f"{DAYS[1]} 15:00", up=0.99)
    for day in DAYS[:2]:
        append_outcomes(store, labels(day, 0.02), scored_at=utc("2024-02-09"))
    record = live_record(verify(store))
    assert record[["ticker", "probability_up", "realised_return"]].to_numpy().tolist() == [
        ["AAPL", 0.60, 0.02],
        ["MSFT", 0.60, 0.02],
    ]
    assert set(record["session"]) == {pd.Timestamp(DAYS[0])}


def test_a_mornings_forecast_takes_the_place_of_the_evenings(tmp_path: Path) -> None:
    """Two of the evening before, the first by 12.5 hours: the last counts, until the morning has one."""
    store = Store(tmp_path)
    append(store, DAYS[1], f"{DAYS[0]} 22:00", up=0.60)
    append(store, DAYS[1], f"{DAYS[1]} 02:00", up=0.61)
    assert standing_forecasts(verify(store))["probability_up"].tolist() == [0.61, 0.61]
    append(store, DAYS[1], f"{DAYS[1]} 13:00", up=0.62)
    append(store, DAYS[1], f"{DAYS[1]} 14:00", up=0.63)
    assert standing_forecasts(verify(store))["probability_up"].tolist() == [0.62, 0.62]


def test_an_outcome_waits_for_the_final_bar(store: Store) -> None:
    """The close is at 21:00 UTC and the bar final 30 minutes later."""
    assert append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc(f"{DAYS[0]} 21:29:59")).n_rows == 0
    assert append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc(f"{DAYS[0]} 21:30")).n_rows == 2


def test_a_healed_bar_corrects_its_outcome_by_a_later_row(store: Store) -> None:
    """What counted before stays in the chain, and the record as of then is what it was."""
    append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc("2024-02-06"))
    assert append_outcomes(store, labels(DAYS[0], -0.02), scored_at=utc("2024-02-20")).n_rows == 2
    ledger = verify(store)
    assert ledger.outcomes["realised_return"].tolist() == [0.02, 0.02, -0.02, -0.02]
    assert live_record(ledger)["realised_return"].tolist() == [-0.02, -0.02]
    corrected = corrected_outcomes(ledger)
    assert corrected[["realised_return_first", "realised_return"]].to_numpy().tolist() == [[0.02, -0.02]] * 2
    before = ledger.as_of(utc("2024-02-19"))
    assert live_record(before)["realised_return"].tolist() == [0.02, 0.02]
    assert corrected_outcomes(before).empty


@pytest.mark.parametrize(("realised", "n_rows"), [(0.02 + 5e-5, 0), (0.0203, 2)])
def test_what_a_vendor_rounds_corrects_nothing(store: Store, realised: float, n_rows: int) -> None:
    """A ten-thousandth of the price, here 0.000102 of the return."""
    append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc("2024-02-06"))
    assert append_outcomes(store, labels(DAYS[0], realised), scored_at=utc("2024-02-20")).n_rows == n_rows


def test_an_outcome_is_neither_backdated_nor_corrected_from_the_past(store: Store) -> None:
    """A run as of an earlier instant has older bars than the outcome that stands."""
    append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc("2024-02-20"))
    assert append_outcomes(store, labels(DAYS[0], -0.02), scored_at=utc("2024-02-06")).n_rows == 0
    with pytest.raises(StoreError, match="newest outcome was scored at 2024-02-20"):
        append_outcomes(store, labels(DAYS[1], 0.01), scored_at=utc("2024-02-07"))


def test_the_ledger_after_appends_is_what_a_fresh_read_gives(store: Store) -> None:
    """So that one morning reads and verifies it once; what was made or scored later is not known as of earlier."""
    before = verify(store)
    later, scored_at = utc("2024-02-08 14:05"), utc("2024-02-07 22:00")
    new = forecasts("2024-02-08", up=0.61)
    made = append_forecasts(store, new, made_at=later, model_id="m2", calendar=CALENDAR, ledger=before)
    scored = append_outcomes(store, labels(DAYS[0], 0.02), scored_at=scored_at, ledger=before)
    after, fresh = before.extend(scored, made), verify(store)
    assert (after.n_rows, len(after.outcomes)) == (8, 2)
    pd.testing.assert_frame_equal(after.forecasts, fresh.forecasts)
    pd.testing.assert_frame_equal(after.outcomes, fresh.outcomes)
    pd.testing.assert_frame_equal(after.as_of(scored_at).forecasts, before.forecasts)
    assert len(live_record(after)) == len(live_record(after.as_of(scored_at))) == 2
    assert live_record(after.as_of(scored_at - pd.Timedelta(seconds=1))).empty


def test_a_ledger_that_another_run_has_extended_since_is_not_extended(store: Store) -> None:
    """Two rows can't both follow the same head."""
    stale = verify(store)
    append(store, "2024-02-08", "2024-02-08 14:05")
    new, at = forecasts("2024-02-08", up=0.7), utc("2024-02-08 14:06")
    with pytest.raises(StoreError, match="append-only and holds other content for 2 of 2 rows, first sequence 7"):
        append_forecasts(store, new, made_at=at, model_id="m1", calendar=CALENDAR, ledger=stale)


def test_a_store_without_forecasts_has_an_empty_record(tmp_path: Path) -> None:
    """The first morning asks for it too."""
    store = Store(tmp_path)
    assert append_outcomes(store, labels(DAYS[0], 0.02), scored_at=utc("2024-02-06")).n_rows == 0
    assert live_record(verify(store)).empty


def test_rank_and_size_are_chained_and_a_row_without_them_keeps_its_hash(tmp_path: Path) -> None:
    """A ledger of before 0.3 goes on in the same chain; a sigma that is edited or removed afterwards is noticed."""
    store = Store(tmp_path)
    append(store, "2024-02-05", "2024-02-05 14:05")
    head = verify(store).head_hash
    sized = forecasts("2024-02-06").assign(relative=0.2, sigma=0.011, low_80=-0.01, high_80=0.02)
    append_forecasts(store, sized, made_at=utc("2024-02-06 14:05"), model_id="m1", calendar=CALENDAR)
    ledger = verify(store, expected_head=head)
    assert ledger.forecasts["sigma"].isna().tolist() == [True, True, False, False]
    assert ledger.forecasts["low_95"].isna().all()
    url = str(tmp_path / "forecasts")
    for changes in ({"sigma": "0.02"}, {"sigma": "'nan'::double"}, {"relative": "NULL"}):
        shutil.copytree(tmp_path, copied := tmp_path.with_name(f"edited_{len(str(changes))}"))
        DeltaTable(url.replace(str(tmp_path), str(copied))).update(changes, predicate="sequence = 3")
        with pytest.raises(LedgerBroken, match=r"row 3 .*edited"):
            verify(Store(copied))
