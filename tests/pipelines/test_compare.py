"""The recipe that compares runs: what the terminal says, where the page is, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.compare import run_compare
from stockseq.config import Settings
from stockseq.errors import StockseqError
from stockseq.store import Store
from tests.runs.made_up_runs import write_made_up_run
from tests.runs.test_compare import A, B, money, rows

NOW = pd.Timestamp("2024-12-02 13:00", tz="UTC")


@pytest.fixture
def compared(settings: Settings) -> Settings:
    """A store with two runs, the second of which is right less often."""
    root = Path(settings.data)
    Store(settings.data, create=True)
    write_made_up_run(root, A, rows([0.6] * 3), equity=money([100.0, 101.0, 102.01]), settings={"scorer": "vader"})
    write_made_up_run(root, B, rows([0.4, 0.6, 0.6]), equity=money([50.0, 50.0, 50.5]), settings={"scorer": "finance"})
    return settings


def test_the_terminal_says_what_differs_and_where_the_page_is(compared: Settings, capsys) -> None:
    """Names are whole, however narrow the terminal is: they are typed again."""
    page = run_compare(compared, NOW, names=f"{A[:8]} latest")
    shown = capsys.readouterr().out
    assert f"{A} is right 33.3 points more often (within noise) than {B}" in shown
    assert "return a session +50 bp" in shown
    assert "finance" in shown
    assert str(page) in shown
    assert page.exists()
    assert f"./compare/{A}_{B}/index.html" in (page.parents[2] / "index.html").read_text()


@pytest.mark.parametrize("names", [None, "", A])
def test_fewer_than_two_runs_are_refused_with_those_there_are(compared: Settings, names: str | None) -> None:
    """Nothing is written."""
    with pytest.raises(StockseqError, match="takes two to 5 runs"):
        run_compare(compared, NOW, names=names)
    assert not (Path(compared.data) / "runs" / "compare").exists()
