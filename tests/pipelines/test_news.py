"""`make news` as a user runs it: what it says, what it leaves, and what it refuses before the first request."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.ingestion.origin import Origin, remember_origin
from stockseq.store import Store
from tests.campaign.played_services import NOW, SERVICES, TICKERS, Played
from tests.pipelines.small import write_settings
from tests.service_server import LoopbackService


def run(folder: Path, played: Played, server: LoopbackService, monkeypatch: pytest.MonkeyPatch, *others: str) -> str:
    """Run the command in a folder, and return what it said; its status stands in front."""
    for variable, key in played.keys.items():
        monkeypatch.setenv(variable, key)
    settings = {f"{played.name}.{name}": value for name, value in {**played.settings, "url": server.url}.items()}
    if played.name == "edgar":
        settings["edgar.data_url"] = server.url
    fast = {f"{played.name}.requests_per_second": 10.0 if played.name == "edgar" else 1000.0}
    write_settings(folder, {**settings, **fast, "data": str(folder / "data"), "tickers": list(TICKERS)})
    arguments = ["--config", str(folder / "settings.toml"), "--now", NOW.isoformat(), *others]
    result = CliRunner().invoke(app, ["news", *arguments])
    return f"{result.exit_code} {result.output}"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_brings_its_headlines_and_says_so_by_year(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every headline of two tickers; again it asks for nothing, and no key shows."""
    played = SERVICES[name]
    with played.serve() as server:
        said = run(tmp_path, played, server, monkeypatch, "--headlines", name, "--since", "2024-09-02")
        assert said.startswith("0 "), said
        assert "2024" in said
        assert len(Store(tmp_path / "data").headlines()) == 138
        n_requests = len(server.log)
        again = run(tmp_path, played, server, monkeypatch, "--headlines", name, "--since", "2024-09-02")
        assert f"{name}: nothing to ask for; all days until yesterday were asked for before." in again
        assert len(server.log) == n_requests
        assert not any(key in said + again for key in played.keys.values())


def test_a_missing_key_is_told_before_the_first_request_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable, and where to get one."""
    monkeypatch.delenv("FINNHUB_API_KEY", raising=False)
    with SERVICES["finnhub"].serve() as server:
        write_settings(tmp_path, {"finnhub.url": server.url, "data": str(tmp_path / "data"), "tickers": ["KOLA"]})
        arguments = ["news", "--config", str(tmp_path / "settings.toml"), "--headlines", "finnhub"]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert "FINNHUB_API_KEY isn't set in the environment" in result.output.replace("\n", " ")
        assert server.log == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "none is named"),
        (["--headlines", "yahoo"], "of which none has an archive"),
        (["--headlines", "edgr"], "did you mean `edgar`?"),
        (["--headlines", "edgar", "--since", "2015-02-30"], "FROM (`--since`)"),
        (["--headlines", "edgar", "--since", "2099-12-31"], "a backfill goes until the day before"),
        (["--headlines", "edgar"], "contact"),
    ],
)
def test_what_can_not_be_asked_is_refused_in_a_sentence(others: list[str], said: str, tmp_path: Path) -> None:
    """With what to write instead."""
    arguments = ["news", "--data", str(tmp_path / "data"), "--tickers", "KOLA", *others]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "data").exists()


def test_a_service_that_refuses_costs_no_other_its_headlines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is shown, then what was refused; the run ends with an error."""
    alpaca, edgar = SERVICES["alpaca"], SERVICES["edgar"]
    with alpaca.serve() as refusing, edgar.serve() as serving:
        refusing.rule = lambda request: "403"
        for variable, key in alpaca.keys.items():
            monkeypatch.setenv(variable, key)
        addresses = {"alpaca.url": refusing.url, "edgar.url": serving.url, "edgar.data_url": serving.url}
        settings = {**addresses, "edgar.contact": "Jane Doe jane@example.com", "data": str(tmp_path / "data")}
        write_settings(tmp_path, {**settings, "tickers": ["KOLA", "MOSSS"]})
        named = ["--headlines", "ALPACA EDGAR", "--since", "2024-09-02", "--now", NOW.isoformat()]
        result = CliRunner().invoke(app, ["news", "--config", str(tmp_path / "settings.toml"), *named])
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "Alpaca doesn't take the key (HTTP 403): check APCA_API_KEY_ID and APCA_API_SECRET_KEY" in said
    assert "MOSSS: the store has no headline of it from any source; is it written as here?" in said
    assert len(Store(tmp_path / "data").headlines()) == 69


def test_a_store_of_an_invented_market_has_no_news(tmp_path: Path) -> None:
    """No service writes of companies that don't exist."""
    remember_origin(Store(tmp_path / "data"), Origin("simulated"), at=pd.Timestamp("2018-01-01", tz="UTC"))
    result = CliRunner().invoke(app, ["news", "--data", str(tmp_path / "data"), "--headlines", "edgar"])
    assert result.exit_code == 1
    assert "invented market" in " ".join(result.output.split())
