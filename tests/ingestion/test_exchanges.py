"""A store is of one exchange and remembers it; one of an earlier version adopts the first that fits its bars."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.config import load_settings
from stockseq.errors import SettingsError
from stockseq.ingestion import ingest
from stockseq.ingestion.exchanges import check_exchange, record_exchange
from stockseq.schemas import as_bars
from stockseq.sessions import TradingCalendar
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.store import Store
from stockseq.workspace import Workspace

AT = pd.Timestamp("2024-11-29 12:00", tz="UTC")


def bring(folder: Path, exchange: str, ticker: str) -> Store:
    """Import one bar of a ticker under an exchange into the store of the folder."""
    path = folder / "bars.csv"
    path.write_text(f"ticker,date,open,high,low,close,volume\n{ticker},2024-11-27,9,9,9,9,5\n")
    store, calendar = Store(folder / "data"), TradingCalendar.until(AT, exchange=exchange)
    source = FilesSource(FilesSettings(folder=str(folder), exchange=exchange), file=path)
    ingest(store, source, [ticker], now=AT, calendar=calendar)
    return store


def store_of_an_earlier_version(folder: Path, ticker: str, sessions: pd.DatetimeIndex) -> Store:
    """Store bars of a ticker without a word of their exchange."""
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    rows = {"ticker": ticker, "session": sessions, "volume": 1e6, "source": "files", "fetched_at": AT}
    store = Store(folder / "data")
    store.append_vintages("bars", as_bars(pd.DataFrame(rows | prices)))
    return store


def test_a_store_refuses_a_second_exchange_and_stays_as_it_was(tmp_path: Path) -> None:
    """London's tickers would be asked for New York's sessions from the next morning on."""
    store = bring(tmp_path, "XNYS", "KOLA")
    before = store.versions()
    with pytest.raises(SettingsError, match=r"is of XNYS, and `exchange` is XLON.*DATA=xlon"):
        bring(tmp_path, "XLON", "KOL.L")
    assert store.versions() == before
    bring(tmp_path, "NYSE", "MOSS")
    assert set(store.bars()["ticker"]) == {"KOLA", "MOSS"}
    assert store.read("exchanges")["exchange"].tolist() == ["XNYS"]


def test_a_workspace_of_another_exchange_is_refused(tmp_path: Path) -> None:
    """In Python as by the commands, whether it reads or fetches."""
    data = bring(tmp_path, "XLON", "KOL.L").root
    workspace = Workspace(data, now=AT)
    with pytest.raises(SettingsError, match='write exchange = "XLON"'):
        workspace.market()
    with pytest.raises(SettingsError, match='write exchange = "XLON"'):
        workspace.ingest(["KOL.L"])
    settings = load_settings(overrides={"data": data, "exchange": "XLON"})
    assert Workspace(settings, now=AT).market().tickers == ("KOL.L",)


def test_a_store_of_an_earlier_version_adopts_the_exchange_that_its_bars_have(tmp_path: Path) -> None:
    """By the dates: London trades on 4 July and Thanksgiving, and closes on 26 August, when New York trades."""
    newyork, london = (TradingCalendar.until(AT, exchange=code) for code in ("XNYS", "XLON"))
    sessions = newyork.between(pd.Timestamp("2024-01-02"), pd.Timestamp("2024-11-27"))
    store = store_of_an_earlier_version(tmp_path, "KOLA", sessions)
    with pytest.raises(SettingsError, match=r"is of another exchange than XLON.*1 of 1 ticker trade"):
        check_exchange(store, london)
    check_exchange(store, newyork)
    record_exchange(store, newyork, at=AT)
    with pytest.raises(SettingsError, match="is of XNYS"):
        check_exchange(store, london)
