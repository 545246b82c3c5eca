"""Headlines that an earlier version stored too early are found, and none is stored twice under two ids."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import StoreError
from stockseq.ingestion.headline_clocks import ClockDoubts, drop_stored, find_clock_doubts, require_sound_clocks
from stockseq.ingestion.ingest import ingest
from stockseq.schemas import Headlines, as_headlines
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.store import Store

NOW = pd.Timestamp("2024-12-06 12:00", tz="UTC")


def rows(*stamps: str, text: str = "Kola rises", source: str = "files", date_only: bool = False) -> Headlines:
    frame = pd.DataFrame({"published_at": pd.to_datetime(list(stamps), utc=True), "ticker": "KOLA", "text": text})
    ids = [f"{source}-{number}" for number in range(len(stamps))]
    frame = frame.assign(headline_id=ids, first_seen_at=None, date_only=date_only, publisher="", url="", source=source)
    return as_headlines(frame.astype({"first_seen_at": "datetime64[us, UTC]"}))


def test_a_headline_stored_under_another_id_is_not_stored_again() -> None:
    """Earlier ids were made of landing pages, and earlier texts held entities and escape codes."""
    stored = rows("2024-12-02T15:00Z", "2024-12-03T15:00Z", text="AT&amp;T \x1b[31mup")
    incoming = rows("2024-12-02T15:00Z", "2024-12-04T15:00Z", text="AT&T up", source="files:none")
    assert drop_stored(incoming, stored)["published_at"].dt.day.tolist() == [4]
    assert len(drop_stored(incoming, stored.iloc[:0])) == 2  # type: ignore[arg-type]
    beside = rows("2024-12-02T15:00Z", text="AT&T up", source="yahoo")
    assert len(drop_stored(beside, stored)) == 1


def test_an_import_anew_into_a_store_of_shifted_headlines_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    """16:45 in New York, which FNSPID writes as 11:45 UTC, stood in the store as 11:45: before the market opened."""
    header = "Date,Article_title,Stock_symbol\n"
    (tmp_path / "headlines.csv").write_text(header + "2024-12-02 11:45:00 UTC,Kola rises,KOLA\n", encoding="utf-8")
    store = Store(tmp_path / "data")
    store.append("headlines", rows("2024-12-02T11:45Z"))
    versions = store.versions()
    source = FilesSource(FilesSettings(preset="fnspid"), file=tmp_path / "headlines.csv")
    calendar = TradingCalendar.until(NOW, first=pd.Timestamp("2024-11-01"))
    with pytest.raises(StoreError, match=r"1 headline of these files .* KOLA at 2024-12-02 11:45 UTC, known only at"):
        ingest(store, source, ["KOLA"], now=NOW, calendar=calendar)
    assert store.versions() == versions
    fresh = Store(tmp_path / "anew")
    ingest(fresh, source, ["KOLA"], now=NOW, calendar=calendar)
    assert fresh.headlines()["published_at"].tolist() == [pd.Timestamp("2024-12-02 21:45", tz="UTC")]


@pytest.mark.parametrize("stored", ["2024-12-02T00:00Z", "2024-12-02T05:00Z", "2024-12-02T04:00Z"])
def test_dates_that_were_stored_as_midnights_are_found(stored: str) -> None:
    """In UTC, in New York, and by an offset that was fixed in summer."""
    incoming = rows("2024-12-03T04:59:59.999999Z", date_only=True, source="files:kaggle_ratings")
    with pytest.raises(StoreError, match="too early"):
        require_sound_clocks(incoming, rows(stored))


def test_the_next_days_same_words_are_no_misreading() -> None:
    """Round-ups repeat their words every day."""
    incoming = rows("2024-12-04T04:59:59.999999Z", date_only=True)
    require_sound_clocks(incoming, rows("2024-12-03T04:59:59.999999Z", date_only=True))
    require_sound_clocks(incoming, rows("2024-12-02T14:30Z"))
    require_sound_clocks(rows("2024-12-02T21:45Z"), rows("2024-12-02T11:45Z"))


def new_york_news(*, shifted: bool) -> Headlines:
    """Return stamps of 8:00 to 17:59 in New York over a year, as they are or as FNSPID writes them."""
    days = pd.date_range("2023-01-02", "2023-12-29", freq="B")
    clock = pd.DatetimeIndex(np.repeat(days, 2)) + pd.to_timedelta(np.arange(2 * len(days)) % 10 + 8, unit="h")
    local = clock.tz_localize("America/New_York")
    utc = local.tz_convert("UTC").tz_localize(None)
    stamps = clock - (utc - clock) if shifted else utc
    return rows(*stamps.astype(str), text="x")


def test_shifted_clocks_show_by_themselves() -> None:
    """Newsrooms keep their hours all year; only one of the two readings says so."""
    assert find_clock_doubts(new_york_news(shifted=True)).n_shifted == 520
    assert find_clock_doubts(new_york_news(shifted=False)) == ClockDoubts()


def test_rows_of_a_preset_that_lies_are_doubted_even_if_they_are_few() -> None:
    """The settings say what read them; rows that name their preset, dates and headlines of other sources are sound."""
    few = rows("2024-12-02T11:45Z")
    assert find_clock_doubts(few) == ClockDoubts()
    assert find_clock_doubts(few, preset="fnspid").n_unmarked == 1
    for sound in (few.assign(source="files:fnspid"), few.assign(date_only=True), few.assign(source="yahoo")):
        assert find_clock_doubts(sound, preset="fnspid") == ClockDoubts()


def test_midnights_among_stored_instants_are_dates_in_disguise() -> None:
    """Ten in eleven can't be chance; one can."""
    dates = [f"2024-11-{day:02}T00:00Z" for day in range(1, 11)]
    assert find_clock_doubts(rows(*dates, "2024-12-02T11:45Z")).n_midnights == 10
    assert find_clock_doubts(rows(dates[0], "2024-12-02T11:45Z")).n_midnights == 0
