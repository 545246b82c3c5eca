"""A store goes on with the source that it was filled from, and never mixes a simulated market with another."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.config import load_settings
from stockseq.errors import SettingsError
from stockseq.ingestion.origin import Origin, StoredSource, check_origin, read_origin, remember_origin
from stockseq.schemas import as_bars
from stockseq.source_choice import with_remembered_source
from stockseq.store import Store
from stockseq.workspace import Workspace

AT = pd.Timestamp("2024-11-29 12:00", tz="UTC")


def fill(data: Path, *sources: str) -> Store:
    """Store one bar a source."""
    store = Store(data)
    for number, source in enumerate(sources, start=1):
        bar = {"ticker": f"T{number}", "session": pd.to_datetime(["2024-11-27"]), "open": 10.0, "high": 11.0}
        rest = {"low": 9.0, "close": 10.5, "volume": 1e6, "source": source, "fetched_at": AT}
        store.append_vintages("bars", as_bars(pd.DataFrame(bar | rest)))
    return store


def test_imported_files_are_not_asked_of_yahoo(tmp_path: Path) -> None:
    """The morning after an import works on what was imported; an unknown ticker says how it could come."""
    fill(tmp_path / "data", "files")
    workspace = Workspace(str(tmp_path / "data"), now=AT)
    assert workspace.settings.source == "files"
    assert isinstance(workspace.source, StoredSource)
    assert workspace.universe() == ("T1",)
    ingested, _ = workspace.ingest(["T1", "AAPL"])
    assert [outcome.status for outcome in ingested.outcomes.values()] == ["nothing_new", "unknown"]
    assert "make import" in ingested.outcomes["AAPL"].reason


def test_a_source_that_can_be_asked_again_goes_before_files(tmp_path: Path) -> None:
    """A table imported into a store of Yahoo's doesn't end its updates."""
    assert read_origin(fill(tmp_path / "data", "files", "yahoo")) == Origin("yahoo")


def test_a_named_source_wins(tmp_path: Path) -> None:
    """Who imported a history may go on with Yahoo."""
    fill(tmp_path / "data", "files")
    settings = load_settings(overrides={"data": str(tmp_path / "data"), "source": "yahoo"})
    assert with_remembered_source(settings).source == "yahoo"


def test_the_settings_of_a_source_are_remembered_and_todays_go_over_them(tmp_path: Path) -> None:
    """A simulated market of 7 tickers stays one of 7; a longer one is the same market."""
    store = Store(tmp_path / "data")
    remember_origin(store, Origin("simulated", {"n_tickers": 7, "n_sessions": 90}), at=AT)
    settings = load_settings(overrides={"data": str(tmp_path / "data"), "simulated.n_sessions": 120})
    simulated = with_remembered_source(settings).simulated
    assert (simulated.n_tickers, simulated.n_sessions) == (7, 120)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (Origin("yahoo"), Origin("simulated", {"seed": 1}), "real and invented prices don't mix"),
        (Origin("files"), Origin("simulated", {"seed": 1}), "real and invented prices don't mix"),
        (Origin("simulated", {"seed": 1}), Origin("yahoo"), "real and invented prices don't mix"),
        (Origin("simulated", {"seed": 1}), Origin("simulated", {"seed": 2}), "simulated.seed was 1, is 2"),
    ],
)
def test_another_market_is_refused(before: Origin, now: Origin, reason: str) -> None:
    """One account of both would be worth nothing."""
    with pytest.raises(SettingsError, match=reason):
        check_origin(before, now, data="data")


def test_a_longer_simulated_market_and_a_new_store_are_accepted() -> None:
    """It begins with the same sessions."""
    check_origin(Origin("simulated", {"n_sessions": 90}), Origin("simulated", {"n_sessions": 120}), data="data")
    check_origin(None, Origin("simulated"), data="data")


def test_a_run_that_fails_leaves_no_new_folder(tmp_path: Path) -> None:
    """A mistyped DATA would look like a store from then on; one that was there stays."""
    missing = tmp_path / "a" / "b"
    (tmp_path / "c").mkdir()
    for data in (missing, tmp_path / "c"):
        settings = load_settings(overrides={"data": str(data), "source": "simulated"})
        workspace = Workspace(settings, now=AT, create=True)
        with pytest.raises(RuntimeError), workspace.lock():
            raise RuntimeError
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "c").is_dir()
