"""A large file of headlines through the import: in batches as whole, killed and gone on with, its clocks put right."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.store import Store
from tests.bench.bench_archive import write_archive

REPOSITORY = Path(__file__).parents[2]
HEADER = (
    "Unnamed: 0,Date,Article_title,Stock_symbol,Url,Publisher,Author,Article,Lsa_summary,Luhn_summary,Textrank_summary,"
    "Lexrank_summary\n"
)
# FNSPID's stamp, and the instant that it means, worked by hand from New York's clock.
CLOCKS = {
    # 10:30:54 in daylight time, as Kaggle's set has it for the same address.
    "2020-06-05 06:30:54 UTC": "2020-06-05T14:30:54Z",
    # 10:30 in standard time.
    "2020-01-15 05:30:00 UTC": "2020-01-15T15:30:00Z",
    # The night in which clocks are set ahead: 01:30 before, 03:30 after.
    "2020-03-07 20:30:00 UTC": "2020-03-08T06:30:00Z",
    "2020-03-07 23:30:00 UTC": "2020-03-08T07:30:00Z",
    # The night in which they are set back: 23:30 before; 00:30 in daylight or 01:30 in standard time, the later counts.
    "2020-10-31 19:30:00 UTC": "2020-11-01T03:30:00Z",
    "2020-10-31 20:30:00 UTC": "2020-11-01T06:30:00Z",
    # 03:30 after it.
    "2020-10-31 22:30:00 UTC": "2020-11-01T08:30:00Z",
    # Dates, known at their end.
    "2020-07-01 00:00:00 UTC": "2020-07-02T03:59:59.999999Z",
    "2020-12-01 00:00:00 UTC": "2020-12-02T04:59:59.999999Z",
}


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("STOCKSEQ_")]:
        monkeypatch.delenv(name)


def run(data: str, *others: str, file: str = "news.csv", preset: str = "fnspid", above_mb: float = 0.0) -> str:
    sets = ("--set", f"files.preset={preset}", "--set", f"files.stream_above_mb={above_mb}")
    result = CliRunner().invoke(app, ["import", "--file", file, "--data", data, *sets, *others])
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(data: str) -> pd.DataFrame:
    return Store(data).read("headlines")


def test_the_import_says_and_stores_what_it_does_of_a_file_read_whole(tmp_path: Path) -> None:
    """Word by word, and the second time nothing is new."""
    write_archive(tmp_path / "news.csv", n_rows=3000, n_tickers=40)
    whole, batches = run("whole", above_mb=64), run("batches")
    assert batches == whole
    pd.testing.assert_frame_equal(rows_of("batches"), rows_of("whole"))
    versions = Store("batches").versions()
    assert "nothing new" in run("batches")
    assert Store("batches").versions() == versions


def test_tickers_that_are_named_are_all_that_is_stored(tmp_path: Path) -> None:
    """As of the file read whole; one that the file lacks is nothing new."""
    write_archive(tmp_path / "news.csv", n_rows=2000, n_tickers=40)
    wanted = ("--tickers", "AAAC AAAF ZZZ")
    assert run("batches", *wanted) == run("whole", *wanted, above_mb=64)
    pd.testing.assert_frame_equal(rows_of("batches"), rows_of("whole"))
    assert set(rows_of("batches")["ticker"]) == {"AAAC", "AAAF"}


@pytest.mark.parametrize("above_mb", [0.0, 64.0])
def test_clocks_are_right_in_summer_in_winter_and_on_the_nights_of_the_change(tmp_path: Path, above_mb: float) -> None:
    """From the file to the store."""
    rows = "".join(f"{n},{stamp},Words {n},KOLA,u,Wire,,,,,,\n" for n, stamp in enumerate(CLOCKS))
    (tmp_path / "news.csv").write_text(HEADER + rows)
    run("data", above_mb=above_mb)
    stored = rows_of("data").set_index("text")["published_at"]
    assert stored.sort_index().tolist() == [pd.Timestamp(instant) for instant in CLOCKS.values()]
    assert set(rows_of("data")["source"]) == {"files:fnspid"}


def test_kaggles_winter_is_read_the_later(tmp_path: Path) -> None:
    """-04:00 in January is New York's clock, or an hour is lost."""
    rows = "0,Up,u,Wire,2020-01-15 10:30:00-04:00,KOLA\n1,Down,u,Wire,2020-06-05 10:30:54-04:00,KOLA\n"
    (tmp_path / "news.csv").write_text(",headline,url,publisher,date,stock\n" + rows)
    run("data", preset="kaggle_ratings")
    assert rows_of("data")["published_at"].tolist() == [
        pd.Timestamp("2020-01-15T15:30Z"),
        pd.Timestamp("2020-06-05T14:30:54Z"),
    ]


def test_a_fault_in_the_last_line_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """The line is named, and the folder isn't made."""
    write_archive(tmp_path / "news.csv", n_rows=3000, n_tickers=40)
    with (tmp_path / "news.csv").open("a") as file:
        file.write("x" + ",y" * 12 + "\n")
    n_lines = len((tmp_path / "news.csv").read_text().split("\n")) - 1
    sets = ("--set", "files.preset=fnspid", "--set", "files.stream_above_mb=0")
    result = CliRunner().invoke(app, ["import", "--file", "news.csv", *sets])
    assert result.exit_code == 1
    assert f"line {n_lines} has 13 cells where the header has 12" in " ".join(result.stderr.split())
    assert not Path("data").exists()


def test_rows_of_an_earlier_version_at_a_misread_clock_are_found_in_a_batch(tmp_path: Path) -> None:
    """Stored without their preset, eight hours too early: refused, and nothing is added beside them."""
    stamp = "2020-06-05 06:30:54"
    (tmp_path / "old.csv").write_text(f"ticker,published_at,headline\nKOLA,{stamp}Z,Words 7\n")
    run("data", file="old.csv", preset="none")
    rows = "".join(f"{n},2020-06-05 06:3{n % 10}:54 UTC,Words {n},KOLA,u,Wire,,,,,,\n" for n in range(9))
    (tmp_path / "news.csv").write_text(HEADER + rows.replace("06:37:54 UTC,Words 7", "06:30:54 UTC,Words 7"))
    sets = ("--set", "files.preset=fnspid", "--set", "files.stream_above_mb=0")
    result = CliRunner().invoke(app, ["import", "--file", "news.csv", "--data", "data", *sets])
    assert result.exit_code == 1
    assert "first KOLA at 2020-06-05 06:30 UTC, known only at 2020-06-05 14:30 UTC" in " ".join(result.stderr.split())
    assert len(rows_of("data")) == 1


SMALL_BATCHES = """
import sys
from stockseq.sources.files import headline_stream
headline_stream.N_COMMITTED = 150
sys.argv = ["pipelines", *sys.argv[1:]]
from pipelines.__main__ import app
app()
"""


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_to_the_same_store(tmp_path: Path) -> None:
    """Three times, in the midst of its commits: what is there are whole batches, and the rest comes with the next."""
    write_archive(tmp_path / "news.csv", n_rows=6000, n_tickers=40)
    run("whole", above_mb=64)
    arguments = ["import", "--file", str(tmp_path / "news.csv"), "--data", str(tmp_path / "data")]
    sets = ["--set", "files.preset=fnspid", "--set", "files.stream_above_mb=0"]
    log = tmp_path / "data" / "headlines" / "_delta_log"
    expected = rows_of("whole")
    for n_commits in (3, 9, 20):
        command = [sys.executable, "-c", SMALL_BATCHES, *arguments, *sets]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(log.glob("*.json"))) < n_commits:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        found = rows_of("data")
        assert 0 < len(found) < len(expected)
        assert found["headline_id"].isin(expected["headline_id"]).all()
    run("data")
    pd.testing.assert_frame_equal(rows_of("data"), expected)
