"""Top-ups on another basis, older years and corrections: never a seam, never nothing new."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.ingestion import ingest
from stockseq.ingestion.rebasing import find_rebased
from stockseq.ingestion.summary import summarise_tickers
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.store import Store

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2023-12-01"), pd.Timestamp("2024-12-31"))
SESSIONS = CALENDAR.between(pd.Timestamp("2024-10-01"), pd.Timestamp("2024-11-22"))


def bring(folder: Path, rows: dict[str, float], at: str, *, volume: float = 1000.0, **columns: str):
    """Import a file of KOLA's closes into the store of the folder."""
    lines = ["ticker,date,open,high,low,close,volume" + "".join(f",{name}" for name in columns)]
    extra = "".join(f",{value}" for value in columns.values())
    lines += [f"KOLA,{day},{price},{price},{price},{price},{volume}{extra}" for day, price in rows.items()]
    path = folder / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    source = FilesSource(FilesSettings(folder=str(folder), basis="as_traded"), file=path)
    now = pd.Timestamp(at, tz="UTC")
    return ingest(Store(folder / "data"), source, ["KOLA"], now=now, calendar=CALENDAR)


def closes(first: int, last: int, factor: float = 1.0) -> dict[str, float]:
    """Return closes of 100, 101, ... by session, from the first number to before the last, times a factor."""
    return {str(SESSIONS[number].date()): round((100.0 + number) * factor, 4) for number in range(first, last)}


def test_older_years_come_in_after_newer_ones(tmp_path: Path) -> None:
    """Whoever has a file a year brings them in any order."""
    bring(tmp_path, closes(15, 30), "2024-11-25 12:00")
    ingested, market = bring(tmp_path, closes(0, 15), "2024-11-25 13:00")
    assert ingested.outcomes["KOLA"].reason == "15 bars, 0 headlines"
    assert market.bars["close"].tolist() == [100.0 + number for number in range(30)]


def test_a_corrected_row_is_a_new_vintage_beside_the_old(tmp_path: Path) -> None:
    """The replay of an earlier day sees the earlier value."""
    bring(tmp_path, closes(0, 30), "2024-11-25 12:00")
    corrected = closes(0, 30) | {str(SESSIONS[2].date()): 150.0}
    ingested, market = bring(tmp_path, corrected, "2024-11-25 13:00")
    assert ingested.outcomes["KOLA"].reason == "1 bar (1 of them corrected), 0 headlines"
    assert market.bars["close"].iloc[2] == 150.0
    before = Store(tmp_path / "data").bars(["KOLA"], as_of=pd.Timestamp("2024-11-25 12:30", tz="UTC"))
    assert before["close"].iloc[2] == 102.0


def test_a_top_up_on_another_basis_is_put_on_the_stored_one(tmp_path: Path) -> None:
    """After a 2:1 split an adjusted download halves all prices and doubles all volumes: 120 becomes 60, and back."""
    bring(tmp_path, closes(0, 20), "2024-11-25 12:00")
    ingested, market = bring(tmp_path, closes(12, 30, 0.5), "2024-11-25 13:00", volume=2000.0)
    assert market.bars["close"].tolist() == [100.0 + number for number in range(30)]
    assert set(market.bars["volume"]) == {1000.0}
    assert len(ingested.doubts) == 1
    assert "its new prices are 0.5 times the stored ones over 8 sessions" in ingested.doubts[0]


@pytest.mark.parametrize(("factor", "split"), [(0.5, "2"), (2.0, "0.5"), (0.01, "100"), (2 / 3, "1.5")])
def test_a_whole_history_on_another_basis_replaces_the_stored_one_and_is_doubted(
    tmp_path: Path, factor: float, split: str
) -> None:
    """There is no seam in it, so it is taken; that every price was "corrected" alike is no mere correction."""
    bring(tmp_path, closes(0, 20), "2024-11-25 12:00")
    ingested, market = bring(tmp_path, closes(0, 30, factor), "2024-11-25 13:00")
    assert market.bars["close"].iloc[0] == round(100.0 * factor, 4)
    assert len(ingested.doubts) == 1
    assert f"as after a split of {split}," in ingested.doubts[0]
    assert "over 20 sessions that both hold" in ingested.doubts[0]
    assert "seam" not in ingested.doubts[0]


def test_an_early_part_of_the_history_on_another_basis_leaves_a_seam(tmp_path: Path) -> None:
    """The answer reaches back as far as the store and ends 15 sessions before it."""
    bring(tmp_path, closes(0, 30), "2024-11-25 12:00")
    ingested, market = bring(tmp_path, closes(0, 15, 0.5), "2024-11-25 13:00")
    assert market.bars["close"].iloc[[14, 15]].tolist() == [57.0, 115.0]
    assert "15 stored sessions that it lacks stay as they were, so there is a seam" in ingested.doubts[0]


@pytest.mark.parametrize("factor", [0.97, 1.0])
def test_a_history_at_no_splits_ratio_is_a_correction(tmp_path: Path, factor: float) -> None:
    """A dividend's adjustment, or the same file again."""
    bring(tmp_path, closes(0, 20), "2024-11-25 12:00")
    ingested, _ = bring(tmp_path, closes(0, 20, factor), "2024-11-25 13:00")
    assert not ingested.doubts


def test_sessions_that_files_lack_are_no_rows_left_out(tmp_path: Path) -> None:
    """They are the gaps of the summary; the file has no row of them."""
    rows = closes(20, 38)
    del rows[str(SESSIONS[35].date())]
    ingested, market = bring(tmp_path, rows, "2024-11-25 12:00")
    assert ingested.dropped == ()
    assert [summary.n_gaps for summary in summarise_tickers(market)] == [1]


@pytest.mark.parametrize("factor", [1.0, 1.00001])
def test_rounding_is_no_other_basis(tmp_path: Path, factor: float) -> None:
    """A cent on 100 is one part in ten thousand."""
    _, market = bring(tmp_path, closes(0, 20), "2024-11-25 12:00")
    bars = market.bars.tail(8).assign(close=lambda rows: rows["close"] * factor)
    assert find_rebased(market.bars, type("Answer", (), {"bars": bars})()) == {}


def test_a_file_that_states_no_dividends_withdraws_none(tmp_path: Path) -> None:
    """It says nothing of them, not that there were none."""
    bring(tmp_path, closes(0, 5), "2024-11-25 12:00", dividends="0.5")
    _, market = bring(tmp_path, closes(0, 6), "2024-11-25 13:00")
    assert set(market.actions["value"]) == {0.5}
