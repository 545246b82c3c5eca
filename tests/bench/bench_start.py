"""What it takes until anything happens: `import stockseq`, `--help` and the list of runs. Run by `make bench`.

The anchor is Python itself with nothing to do. Seconds of processor time of a new process, after one that fills the
caches of compiled modules.
"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from stockseq.store import Store
from tests.bench.figures import Recorder
from tests.report.conftest import made_up_forecasts
from tests.runs.made_up_runs import write_made_up_run

REPOSITORY = Path(__file__).parents[2]
REPEATS = 5


def start(*arguments: str) -> float:
    """Return the seconds of processor time of one Python with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.bench
def test_what_a_start_takes(bench: Recorder, tmp_path: Path) -> None:
    """The list is of ten runs."""
    Store(tmp_path / "data")
    for day in range(10, 20):
        write_made_up_run(tmp_path / "data", f"202411{day}T130000.000000Z-backtest", made_up_forecasts(2, 10))
    commands = {
        "import stockseq": ("-c", "import stockseq"),
        "--help": ("-m", "pipelines", "--help"),
        "make runs": ("-m", "pipelines", "runs", "--data", str(tmp_path / "data")),
    }
    for name, command in commands.items():
        start(*command)
        pairs = [(start(*command), start("-c", "pass")) for _ in range(REPEATS)]
        seconds, anchors = zip(*pairs, strict=True)
        figure = bench.record(name, seconds, "s", anchor="python -c pass", anchors=anchors)
        print(f"\n{name}: {figure.value:.2f} s, {figure.ratio:.1f} times a Python that does nothing")
