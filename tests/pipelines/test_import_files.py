"""What an import says of the files, and the command that it shows next."""

import os
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import Store
from tests.pipelines.small import SMALL, write_settings

TICKERS = "BANVEX BELDANE"


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file and no make variable."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("STOCKSEQ_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def folder(market: SimulatedMarket, tmp_path: Path) -> Path:
    """The small market's bars in a folder whose name a shell would tear apart."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    bars = market.bars.rename(columns={"session": "date"})
    bars[["ticker", "date", "open", "high", "low", "close", "volume"]].to_csv(folder / "bars.csv", index=False)
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def shown_next(said: str) -> list[str]:
    """Return the command that stands in the last line, as `make` would hand it to the command line."""
    target, *variables = shlex.split(re.fullmatch(r"Next: make (.+)", said.splitlines()[-1])[1])
    pairs = [variable.split("=", 1) for variable in variables]
    return [target, *(word for name, value in pairs for word in (f"--{name.lower()}", value))]


def test_the_command_shown_after_a_folder_runs_as_it_stands(folder: Path, tmp_path: Path) -> None:
    """A hint that fails is worse than none: it reads the same folder, store, settings and tickers."""
    small = {name: value for name, value in SMALL.items() if not name.startswith(("source", "simulated"))}
    settings = write_settings(tmp_path, {**small, "folds.n_folds": 1, "training.n_seeds": 1})
    given = ("--files", "my folder", "--data", "my data", "--tickers", TICKERS, "--config", settings.name)
    command = shown_next(run("import", *given))
    assert command == ["backtest", "--source", "files", *given]
    assert "After costs" in run(*command)
    assert set(Store("my data").read("bars")["ticker"]) == set(TICKERS.split())


def test_the_command_shown_after_one_file_reads_the_store(folder: Path) -> None:
    """One file is no folder to fetch from."""
    assert shown_next(run("import", "--file", str(folder / "bars.csv"))) == ["backtest", "--data", "data"]


def test_headlines_alone_lead_to_no_command(tmp_path: Path) -> None:
    """A backtest without a bar would refuse."""
    (tmp_path / "news.csv").write_text("ticker,published_at,headline\nKOLA,2024-03-04T10:00Z,Words\n")
    assert "Next: import bars, too" in run("import", "--file", "news.csv")


def test_an_import_of_nothing_says_what_to_give() -> None:
    """The default folder that isn't there would be blamed on whoever named none."""
    result = CliRunner().invoke(app, ["import"])
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "✗ Nothing was named to import; give a folder, as in make import FILES=my-folder, or"
    )
    assert not Path("data").exists()


def test_a_ticker_whose_prices_are_all_missing_is_told(tmp_path: Path) -> None:
    """Its rows were counted among the left out, and the ticker itself called nothing new."""
    rows = "KOLA,2024-03-04,10,11,9,10,1\nLIMO,2024-03-04,,,,,1\n"
    (tmp_path / "bars.csv").write_text("ticker,date,open,high,low,close,volume\n" + rows)
    said = run("import", "--file", "bars.csv")
    assert "Fetched: 1 updated, 1 failed" in said
    assert "LIMO failed: not one of its rows is a usable bar: price missing or not finite (1)." in said


def test_an_import_ends_with_what_is_in_the_store_and_what_is_doubted(tmp_path: Path) -> None:
    """First and last session, bars, gaps; a fall to a half that no split explains; and that no fold fits three bars."""
    rows = "KOLA,2024-03-04,90,90,90,90,1\nKOLA,2024-03-05,45,45,45,45,1\nKOLA,2024-03-07,45,45,45,45,1\n"
    (tmp_path / "bars.csv").write_text("ticker,date,open,high,low,close,volume\n" + rows)
    said = run("import", "--file", "bars.csv")
    assert re.search(r"KOLA\W+2024-03-04\W+2024-03-07\W+3\W+0\W+1\W+3 bars, 0", said)
    assert "Doubt: KOLA moved on 2024-03-05 as at a split of 2 (2 new for 1 old), and no split is listed." in said
    assert "too few for a backtest" in said


def test_bars_without_volume_lead_to_no_backtest(tmp_path: Path) -> None:
    """An index can't be traded; a longer history of it can't either."""
    (tmp_path / "bars.csv").write_text("ticker,date,open,high,low,close,volume\n^KVOL,2024-03-04,9,9,9,9,0\n")
    said = run("import", "--file", "bars.csv")
    assert "^KVOL has no volume in any of 1 bar" in said
    assert said.splitlines()[-1].startswith("Next: import bars with volume")


def test_an_import_of_nothing_fails_and_leaves_no_folder(tmp_path: Path) -> None:
    """The ticker isn't listed: a store of nothing is none."""
    (tmp_path / "bars.csv").write_text("ticker,date,open,high,low,close,volume\nKOLA,2024-03-04,9,9,9,9,5\n")
    result = CliRunner().invoke(app, ["import", "--file", "bars.csv", "--data", "a/b", "--tickers", "ZZZ"])
    assert result.exit_code == 1, result.output
    assert "Nothing was imported" in result.stderr
    assert not Path("a").exists()


def test_an_import_that_finds_nothing_of_its_ticker_fails_beside_what_is_stored(tmp_path: Path) -> None:
    """The store stays; the same file again is no failure, for the store has it all."""
    (tmp_path / "bars.csv").write_text("ticker,date,open,high,low,close,volume\nKOLA,2024-03-04,9,9,9,9,5\n")
    run("import", "--file", "bars.csv")
    run("import", "--file", "bars.csv")
    result = CliRunner().invoke(app, ["import", "--file", "bars.csv", "--tickers", "ZZZ"])
    assert result.exit_code == 1
    assert "Nothing was imported: of 1 ticker no row came (ZZZ: The files don't list it" in result.stderr
    assert set(Store("data").read("bars")["ticker"]) == {"KOLA"}
