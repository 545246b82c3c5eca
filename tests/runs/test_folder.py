"""Every run is found again."""

import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.runs.folder import find_run, run_names


def test_runs_of_one_instant_are_in_the_order_they_were_made(tmp_path):
    """By letters the tenth would come before the second, and the newest would be another."""
    names = [
        "20240103T000000Z-daily",
        "20240104T000000Z-backtest",
        *(f"20240104T000000Z-backtest-{n}" for n in (2, 10)),
    ]
    for name in reversed(names):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").touch()
    assert run_names(tmp_path) == names
    assert find_run(tmp_path, None).name == names[-1]


def test_an_earlier_instant_sees_no_later_run(tmp_path):
    """What was made since is not there yet; the instant of a run itself counts."""
    for name in ("20240103T000000Z-daily", "20240104T120000Z-daily"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "manifest.json").touch()
    noon = pd.Timestamp("2024-01-04 12:00", tz="UTC")
    assert len(run_names(tmp_path, now=noon)) == 2
    assert run_names(tmp_path, now=noon - pd.Timedelta(seconds=1)) == ["20240103T000000Z-daily"]
    assert find_run(tmp_path, None, now=pd.Timestamp("2024-01-04 13:00+02:00")).name == "20240103T000000Z-daily"
    with pytest.raises(StockseqError, match="No run as of 2024-01-02 00:00:00 UTC"):
        find_run(tmp_path, None, now=pd.Timestamp("2024-01-02", tz="UTC"))
