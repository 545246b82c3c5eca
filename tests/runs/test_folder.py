"""Every run is found again."""

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
