"""Doubted bars are listed and accepted by name, and a history is fetched again and compared, by command."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.doubts import run_doubts
from pipelines.import_files import run_import
from pipelines.refetch import run_refetch
from stockseq.errors import SettingsError, SourceError, StoreError
from stockseq.ingestion import ingest
from stockseq.models.registry import Registry
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.ingestion.vendor import Vendor
from tests.models.model_rows import FAST, SMALL

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31"))
SESSIONS = [str(session.date()) for session in CALENDAR.between(pd.Timestamp("2024-11-01"), pd.Timestamp("2024-11-22"))]


class Fitted:
    """As much of a model as the registry looks at."""

    network, training = SMALL, FAST


@pytest.fixture
def doubted(settings):
    """A store in which KOLA's newest bar, a crash from 100 to 20, is held back; the settings of it and the instant."""
    store, now = Store(settings.data), pd.Timestamp("2024-11-22 23:00", tz="UTC")
    closes = dict.fromkeys(SESSIONS, 100.0)
    for at, session in ((now - pd.Timedelta(days=1), SESSIONS[-2]), (now, SESSIONS[-1])):
        shown = {day: 20.0 if day == SESSIONS[-1] else close for day, close in closes.items() if day <= session}
        ingest(store, Vendor({"KOLA": shown}), ["KOLA"], now=at, calendar=CALENDAR)
    return settings.model_copy(update={"source": "yahoo"}), now


def test_doubts_are_listed_with_what_to_do(doubted, capsys):
    """Stored, answered, since when, on how many mornings, why, and the two commands."""
    run_doubts(*doubted)
    shown = " ".join(capsys.readouterr().out.split())
    for part in ("1 bar held back", "KOLA", "2024-11-22", "none", "20", "0.2"):
        assert part in shown
    assert 'make refetch TICKERS="KOLA"' in shown
    assert 'make doubts ACCEPT="KOLA:2024-11-22"' in shown


@pytest.mark.parametrize(("n_missing", "said"), [(0, ""), (1, "1 session between bars has none (most: KOLA 1). It is")])
def test_a_session_that_is_held_back_is_no_hole_as_well(settings, n_missing, said, capsys):
    """It is listed once; what a source has no bar of is counted apart."""
    store, now = Store(settings.data), pd.Timestamp("2024-11-22 23:00", tz="UTC")
    for n, at in ((-2, now - pd.Timedelta(days=1)), (-1, now)):
        days = [day for day in SESSIONS[: len(SESSIONS) + n + 1] if n_missing == 0 or day != SESSIONS[4]]
        closes = {day: 20.0 if day == SESSIONS[-2] else 100.0 for day in days}
        ingest(store, Vendor({"KOLA": closes}), ["KOLA"], now=at, calendar=CALENDAR)
    run_doubts(settings.model_copy(update={"source": "yahoo"}), now)
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 bar held back" in shown
    assert said in shown
    assert ("between bars" in shown) == bool(said)


def test_an_accepted_bar_is_stored_and_no_longer_doubted(doubted, capsys):
    """As a later vintage; the same command again finds nothing to accept."""
    settings, now = doubted
    store, later = Store(settings.data), now + pd.Timedelta(hours=1)
    assert len(store.bars()) == len(SESSIONS) - 1
    run_doubts(settings, later, accept="KOLA:2024-11-22")
    assert store.bars()["close"].tolist()[-2:] == [100.0, 20.0]
    assert "Accepted: KOLA 2024-11-22. 1 bar went into the store" in " ".join(capsys.readouterr().out.split())
    run_doubts(settings, later)
    assert "Nothing is held back." in capsys.readouterr().out
    with pytest.raises(SettingsError, match=r"KOLA is none of those.*nothing is held back"):
        run_doubts(settings, later, accept="KOLA")


@pytest.mark.parametrize("name", ["KOLLA", "KOLA:2024-11-21", "KOLA:22.11.2024"])
def test_a_misspelt_doubt_is_refused_with_the_nearest(doubted, name):
    """One that is right beside it isn't accepted either."""
    settings, now = doubted
    with pytest.raises(SettingsError, match=f"{name} is none of those.*did you mean `KOLA.*Nothing was accepted"):
        run_doubts(settings, now, accept=f"KOLA:2024-11-22 {name}")
    assert Store(settings.data).bars()["close"].min() == 100.0


def test_refetch_shows_what_changed_and_mends_it(settings, mornings, market, capsys):
    """A bar of long ago that an earlier version stored a hundredfold."""
    workspace = Workspace(settings, now=mornings[0], create=True)
    _, data = workspace.ingest(workspace.universe())
    right = data.of(market.tickers[:1]).bars.iloc[[40]]
    glitch = right.assign(**{price: right[price] * 100 for price in ("open", "high", "low", "close")})
    later = [mornings[0] + pd.Timedelta(minutes=minutes) for minutes in (1, 2, 3)]
    workspace.store.append_vintages("bars", glitch.assign(fetched_at=later[0]))
    run_refetch(settings, later[1], tickers=market.tickers[:1])
    shown = " ".join(capsys.readouterr().out.split())
    assert "Bars that changed" in shown
    assert str(right["session"].item().date()) in shown
    assert Store(settings.data).bars(market.tickers[:1])["close"].iloc[40] == right["close"].item()
    run_refetch(settings, later[2], tickers=market.tickers[:1])
    assert "Nothing differs from what was stored." in capsys.readouterr().out


def test_refetch_needs_tickers_of_the_store(settings, mornings, market):
    """A typo must not fetch a new one."""
    workspace = Workspace(settings, now=mornings[0], create=True)
    workspace.ingest(market.tickers[:2])
    with pytest.raises(SettingsError, match="Name the tickers to fetch again"):
        run_refetch(settings, mornings[0], tickers=())
    with pytest.raises(SourceError, match=r"NOSUCH isn't among the 2 tickers of the store.*make add"):
        run_refetch(settings, mornings[0], tickers=("NOSUCH",))


def test_both_are_commands_and_make_none_of_an_empty_folder(tmp_path, monkeypatch):
    """Each says that there is no store."""
    monkeypatch.chdir(tmp_path)
    for command in (["doubts"], ["doubts", "--accept", "KOLA"], ["refetch", "--tickers", "KOLA"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert "There is no store at" in result.output
    assert not list(tmp_path.iterdir())


def test_neither_bars_nor_acceptances_are_backdated(settings, mornings, market, tmp_path):
    """A clock set back, or NOW: what a model was made of would be another thing afterwards."""
    Workspace(settings, now=mornings[0], create=True).ingest(market.tickers[:2])
    store = Store(settings.data)
    Registry(store).register("m1", Fitted(), trained_through=market.sessions[-3], metrics={}, at=mornings[2])
    bars = tmp_path / "bars.csv"
    market.bars.rename(columns={"session": "date"}).to_csv(bars, index=False)
    before = store.versions()
    for run in (
        lambda: run_refetch(settings, mornings[1], tickers=market.tickers[:1]),
        lambda: run_doubts(settings, mornings[1], accept=market.tickers[0]),
        lambda: run_import(settings, mornings[1], file=str(bars)),
    ):
        with pytest.raises(StoreError, match=r"newest model was entered at .*nothing was fetched"):
            run()
    assert store.versions() == before
