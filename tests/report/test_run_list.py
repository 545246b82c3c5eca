"""The page of all runs: newest first, with what is damaged told, and the equity of the newest backtests."""

import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest

from stockseq.report.run_list import render_runs
from stockseq.runs.list_page import find_current
from stockseq.runs.summary import summarise_run, summarise_runs
from tests.report.test_page import Page

BACKTEST, DAILY, BENCHMARK = "20190426T130000Z-backtest", "20190426T130000Z-daily", "20261128T142625Z-benchmark"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four runs that version 0.1.0 wrote."""
    shutil.unpack_archive(Path(__file__).with_name("runs_0_1_0.zip"), tmp_path / "runs")
    return tmp_path


def test_a_run_s_line_is_what_its_folder_says(root: Path) -> None:
    """By metrics.json and settings.toml of the run: never today's store."""
    run = summarise_run(root / "runs" / BACKTEST)
    assert run.damage is None
    assert (run.recipe, run.label, str(run.first)) == ("backtest", "open_to_close", "2018-10-01")
    assert run.scores is not None
    assert (run.scores.n, round(run.scores.accuracy, 3), round(run.scores.base_rate, 3)) == (852, 0.496, 0.521)
    assert run.growth is not None
    assert run.benchmark is not None
    assert run.changes["network.units"] == "4"
    assert not [name for name in run.changes if name.startswith(("data", "storage_options", "workers"))]


def test_the_newest_is_first_and_leads_to_its_page(root: Path) -> None:
    """A run whose page is missing has no link, and the address is relative: the folder can be moved."""
    (root / "runs" / BACKTEST / "report").mkdir(exist_ok=True)
    (root / "runs" / BACKTEST / "report" / "index.html").touch()
    page = Page(render_runs(root).read_text(encoding="utf-8"))
    links = [unquote(link["href"] or "") for link in page.named("a") if not (link["href"] or "").startswith("#")]
    assert f"./{BACKTEST}/report/index.html" in links
    assert next(run.name for run in summarise_runs(root)) == BENCHMARK
    assert page.text.index(BENCHMARK) < page.text.index(BACKTEST)
    assert [script for script in page.named("script") if script.get("data-plot") == "plot-overlay"]


@pytest.mark.parametrize("name", ["metrics.json", "manifest.json", "settings.toml", "forecasts.parquet"])
@pytest.mark.parametrize("text", ["[]", "[" * 100_000])
def test_a_damaged_run_is_listed_as_damaged_and_the_others_as_they_are(root: Path, name: str, text: str) -> None:
    """Valid JSON that is no table of numbers, too."""
    (root / "runs" / BACKTEST / name).write_text(text, encoding="utf-8")
    page = Page(render_runs(root).read_text(encoding="utf-8"))
    assert "1 run can't be read." in page.text
    assert "45.6%" in page.text


def test_a_run_that_is_being_written_is_not_listed(root: Path) -> None:
    """It lies in a draft until it is whole; and what a killed writer left behind is no run."""
    shutil.copytree(root / "runs" / DAILY, root / "runs" / ".draft-1" / "20300101T000000Z-daily")
    (root / "runs" / "20300102T000000Z-daily").mkdir()
    assert "4 runs, the newest first" in Page(render_runs(root).read_text(encoding="utf-8")).text


def test_no_run_is_a_page_that_says_so(tmp_path: Path) -> None:
    """Before the first run, `make runs` has nothing to list."""
    assert "There is no run here yet" in Page(render_runs(tmp_path).read_text(encoding="utf-8")).text


def test_a_damaged_equity_leaves_the_row_and_no_picture(root: Path) -> None:
    """The numbers of metrics.json still stand."""
    (root / "runs" / BACKTEST / "equity.parquet").write_bytes(b"PAR1")
    page = Page(render_runs(root).read_text(encoding="utf-8"))
    assert BACKTEST in page.text
    assert not [script for script in page.named("script") if "data-plot" in script]


def test_a_page_of_the_runs_that_there_are_is_not_drawn_again(root: Path) -> None:
    """Unless a run's files, its page, a comparison or the page itself came, went, changed or was damaged."""
    assert find_current(root) is None
    page = render_runs(root)
    assert find_current(root) == page
    changes = (
        lambda: (root / "runs" / BACKTEST / "metrics.json").write_text("{}", encoding="utf-8"),
        lambda: shutil.rmtree(root / "runs" / DAILY),
        lambda: (root / "runs" / BENCHMARK / "report" / "index.html").unlink(missing_ok=True),
        lambda: shutil.copytree(root / "runs" / BACKTEST, root / "runs" / "20300101T000000Z-backtest"),
        lambda: (
            (root / "runs" / "compare" / "a").mkdir(parents=True)
            or (root / "runs" / "compare" / "a" / "index.html").touch()
        ),
        lambda: (root / "runs" / "tables.js").unlink(),
        lambda: page.write_bytes(b"\xff\xfe damaged"),
    )
    for change in changes:
        (root / "runs" / BENCHMARK / "report").mkdir(exist_ok=True)
        (root / "runs" / BENCHMARK / "report" / "index.html").touch()
        render_runs(root)
        assert find_current(root) == page
        change()
        assert find_current(root) is None
