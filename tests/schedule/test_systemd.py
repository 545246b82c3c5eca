"""Unit files are judged by systemd itself, where it is there."""

import shutil
import subprocess
from datetime import time
from pathlib import Path

import pytest

from stockseq.schedule.starts import Starts
from stockseq.schedule.systemd import on_calendar, plan_systemd
from tests.schedule.jobs import awkward_job

ANALYZE = shutil.which("systemd-analyze")
STARTS = Starts((0, 1, 2, 3, 4), time(8, 10), "America/New_York")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze isn't installed")


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PATH": "/usr/bin:/bin", "TZ": "UTC"}
    command = [str(ANALYZE), "--user", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


@needs_systemd
def test_systemd_finds_no_fault_in_the_units_of_an_awkward_folder(tmp_path: Path) -> None:
    """Not one key that it doesn't know, no path that it can't read, no program that isn't there."""
    (tmp_path / "units").mkdir()
    plan = plan_systemd(awkward_job(tmp_path), STARTS, tmp_path / "units")
    for path, text in plan.files.items():
        path.write_text(text)
    done = analyze(tmp_path, "verify", *map(str, plan.files))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    # A fault would have been found.
    service = next(path for path in plan.files if path.suffix == ".service")
    service.write_text(service.read_text().replace("WorkingDirectory=", "WorkingFolder="))
    assert "Unknown key" in analyze(tmp_path, "verify", str(service)).stderr


@needs_systemd
def test_systemd_reads_the_calendar_in_the_exchanges_zone(tmp_path: Path) -> None:
    """8:10 in New York is 13:10 UTC in winter and 12:10 in summer."""
    for day, expected in (("2026-11-27", "Fri 2026-11-27 13:10:00 UTC"), ("2026-07-01", "Wed 2026-07-01 12:10:00 UTC")):
        done = analyze(tmp_path, "calendar", f"--base-time={day} 00:00:00 UTC", on_calendar(STARTS))
        assert f"Next elapse: {expected}" in done.stdout


def test_a_missed_start_is_caught_up_and_a_busy_store_is_asked_again(tmp_path: Path) -> None:
    """What the timer promises on the screen stands in it."""
    service, timer = plan_systemd(awkward_job(tmp_path), STARTS, tmp_path).files.values()
    assert "Persistent=true" in timer
    assert "RestartForceExitStatus=75" in service
