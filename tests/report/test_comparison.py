"""The page and the sentences of a comparison of runs."""

import json
from pathlib import Path

import pytest

from stockseq.report.comparison import render_comparison
from stockseq.report.text.comparison import pair_sentences
from stockseq.runs.compare import Difference, RunComparison, RunPair, common_equity, compare_runs, find_runs
from stockseq.runs.summary import RunSummary
from tests.report.test_page import Page
from tests.runs.made_up_runs import write_made_up_run
from tests.runs.test_compare import A, B, money, rows


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two backtests of three common sessions, a setting apart, the second's value no friend."""
    write_made_up_run(tmp_path, A, rows([0.6] * 3), equity=money([100.0, 101.0, 102.01]), settings={"scorer": "vader"})
    hostile = {"scorer": "</script><script>window.attacked=1</script>"}
    write_made_up_run(tmp_path, B, rows([0.4, 0.6, 0.6]), equity=money([50.0, 50.0, 50.5]), settings=hostile)
    return tmp_path


def test_the_page_has_differences_equity_runs_and_settings(root: Path) -> None:
    """A folder of its own beside the runs, which leads back to them, with the numbers as JSON."""
    folders = find_runs(root, [A, B])
    comparison = compare_runs(folders)
    path = render_comparison(comparison, common_equity(folders, comparison), root)
    assert path == root / "runs" / "compare" / f"{A}_{B}" / "index.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert [section["id"] for section in page.named("section")] == ["verdict", "equity", "runs", "settings"]
    assert f"{A} is right 33.3 points more often (within noise) than {B}" in page.text
    assert len([script for script in page.named("script") if "data-plot" in script]) == 1
    assert not [script for script in page.named("script") if not script.get("src") and "data-plot" not in script]
    assert RunComparison.from_dict(json.loads((path.parent / "comparison.json").read_text())) == comparison


def test_what_is_left_out_is_counted() -> None:
    """By hand: nobody takes 100 common forecasts for all of 150."""
    test = Difference(difference=-0.02, ci=(-0.03, -0.01), p=0.001, n_sessions=10, p_holm=0.002)
    counts = {"n": 100, "n_sessions": 10, "n_only_first": 50, "n_other_outcome": 1}
    pair = RunPair(first="a", second="b", accuracy=test, daily_return=test, **counts)
    sentences = pair_sentences(pair, RunComparison(runs=(), settings={}, pairs=(pair,)))
    assert "a is right 2.0 points less often (beyond noise) than b" in sentences[0]
    assert "return a session −200 bp (95% interval −300 bp to −100 bp; p 0.002)" in sentences[2]
    assert sentences[3:] == [
        "Forecasts left out: 50 of a alone.",
        "Left out besides, because each run has another outcome (as after a correction of a bar): 1 forecast of both.",
    ]


def test_two_trades_are_told_apart_in_words() -> None:
    """As the label means it."""
    runs = (RunSummary(name="a", label="open_to_close"), RunSummary(name="b", label="open_to_open(5)"))
    pair = RunPair(first="a", second="b", reason="other_trade")
    (sentence,) = pair_sentences(pair, RunComparison(runs=runs, settings={}, pairs=(pair,)))
    assert sentence.startswith("a forecasts the trade open to close and b open to open of 5 sessions later: two")
