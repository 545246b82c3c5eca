"""How long the page of a large run takes, and how large it gets. Run by `make bench`."""

import time
from pathlib import Path

import pytest

from stockseq.report.page import render_report
from tests.report.conftest import made_up_run

MEGABYTE = 1_000_000


@pytest.mark.bench
@pytest.mark.parametrize(("n_tickers", "n_sessions"), [(30, 500), (230, 2500)])
def test_large_runs_stay_small_and_quick(tmp_path: Path, n_tickers: int, n_sessions: int) -> None:
    """Below 10 MB next to plotly.js and below 5 s of processor time, for 575,000 forecasts too."""
    run = made_up_run(n_tickers=n_tickers, n_sessions=n_sessions)
    started = time.process_time()
    page = render_report(run, tmp_path)
    seconds = time.process_time() - started
    print(f"\n{n_tickers * n_sessions:,} forecasts: {seconds:.2f} s, {page.stat().st_size / MEGABYTE:.2f} MB")
    assert seconds < 5.0
    assert page.stat().st_size < 10 * MEGABYTE
