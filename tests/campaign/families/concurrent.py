"""Two runs at once on one store, at differing offsets: the lock's sentence or a right result, and nothing twice."""

import time
from functools import partial
from pathlib import Path

from stockseq.forecast_ledger import verify
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.forked_command import ForkedRun, fork_server
from tests.campaign.small_work import Work, daily, mornings, second_morning, settings_file
from tests.campaign.whole_store import require_nothing_lost, require_same, require_whole

BUSY = "Another run holds the store"
# What runs beside a second morning; the ledger's check only reads.
BESIDE = {
    "daily": lambda: daily(1),
    "train": lambda: ["train", "--config", str(settings_file()), "--now", mornings()[1]],
    "ledger --verify": lambda: ["ledger", "--verify", "--config", str(settings_file()), "--now", mornings()[1]],
    "maintain": lambda: ["maintain"],
    "backtest": lambda: ["backtest", "--config", str(settings_file()), "--now", mornings()[1]],
    "models": lambda: ["models"],
}
# Of the second run's start after the first one's, in seconds; where negative the other run starts first.
OFFSETS = (-1.0, 0.0, 0.4, 0.8, 1.2, 1.6)
READERS = ("ledger --verify", "models")


def cases() -> list[Case]:
    """Return each pair at each offset."""
    return [
        Case(f"daily and {beside}, {offset:+} s", partial(_run_both, beside=beside, offset=offset), n_inputs=2)
        for beside in BESIDE
        for offset in OFFSETS
    ]


def _run_both(folder: Path, seed: int, *, beside: str, offset: float) -> str:
    del seed
    work, data = second_morning(), folder / "data"
    work.lay_out(data)
    other_arguments = [*BESIDE[beside](), "--data", str(data)]
    # Both servers are up before the clock starts.
    fork_server(1).start(["models", "--data", str(data)]).end()
    runs: dict[str, ForkedRun] = {}
    for name in ("daily", "other") if offset >= 0 else ("other", "daily"):
        runs[name] = work.start(data) if name == "daily" else fork_server(1).start(other_arguments)
        if len(runs) == 1:
            time.sleep(abs(offset))
    status = {name: run.end() for name, run in runs.items()}
    for name, run in runs.items():
        assert status[name] == 0 or BUSY in run.said, f"{name} ended with {status[name]}: {run.said[-900:]}"
        assert "Traceback" not in run.said, run.said[-900:]
    assert 0 in status.values(), "each run refused the other"
    if beside in READERS:
        assert status == {"daily": 0, "other": 0}, f"a reader and a run disturbed each other: {status}"
    require_nothing_lost(require_whole(data), work.stored)
    _require_end(work, data, alone=beside in ("daily", *READERS), done=status["daily"] == 0)
    return ", ".join(f"{name}: {'done' if status[name] == 0 else 'told to wait'}" for name in sorted(status))


def _require_end(work: Work, data: Path, *, alone: bool, done: bool) -> None:
    """The morning, run again where it was refused, is the undisturbed one where nothing else was written."""
    if not done:
        again = work.start(data)
        assert again.end() == 0, again.said[-900:]
    require_whole(data)
    forecasts = Store(data).read("forecasts")
    ids = ["ticker", "session", "model_id"]
    assert not forecasts.duplicated(ids).any(), "a forecast stands twice"
    verify(Store(data))
    if alone:
        require_same(data, work.after, work.tables)
