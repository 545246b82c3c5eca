"""Tell the scheduler of this machine, ask it, and make it forget: nothing but what a plan names is touched."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Literal

import pandas as pd

from stockseq.errors import SettingsError, StockseqError
from stockseq.printable import shown, visible
from stockseq.schedule.cron import block_of, plan_cron, with_block
from stockseq.schedule.job import MARK, Job, Kind, Plan
from stockseq.schedule.launchd import agents_folder, plan_launchd
from stockseq.schedule.starts import Starts
from stockseq.schedule.systemd import plan_systemd, units_folder

KINDS: tuple[Kind, ...] = ("systemd", "launchd", "cron")
State = Literal["current", "outdated", "missing"]
PATIENCE_S = 30


def find_kind() -> Kind | None:
    """Return the scheduler that this user can use on this machine, or None."""
    if sys.platform == "darwin":
        return "launchd" if shutil.which("launchctl") else None
    if shutil.which("systemctl") and _run(("systemctl", "--user", "show-environment")).returncode == 0:
        return "systemd"
    return "cron" if shutil.which("crontab") else None


def build_plan(job: Job, starts: Starts, kind: str, *, now: pd.Timestamp, zone: tzinfo | None = None) -> Plan:
    """Return how a scheduler is told of a job.

    Parameters
    ----------
    job, starts : Job, Starts
    kind : str
        "systemd", "launchd" or "cron".
    now : Timestamp, tz-aware
    zone : tzinfo, optional
        Of the machine's clock, for schedulers that know no other; its own by default.

    Raises
    ------
    SettingsError
        If there is no such kind.
    """
    if kind == "systemd":
        return plan_systemd(job, starts, units_folder())
    if kind == "launchd":
        return plan_launchd(job, starts.on_clock(zone, now=now), agents_folder())
    if kind == "cron":
        return plan_cron(job, starts.on_clock(zone, now=now))
    raise SettingsError(f"BY names a scheduler, systemd, launchd or cron, received {shown(kind)}.")


def install(plan: Plan) -> None:
    """Write what a plan names, and run its commands; what it wrote before is replaced.

    Raises
    ------
    StockseqError
        If a file of another origin is in the way, or a command fails.
    """
    _require_ours(plan)
    plan.job.log.parent.mkdir(parents=True, exist_ok=True)
    for path, text in plan.files.items():
        _write(path, text)
    if plan.crontab:
        _write_crontab(with_block(read_crontab(), plan.job.name, plan.crontab))
    if plan.kind == "launchd":
        # Launchd loads an agent once; one that isn't loaded can't be taken out, which is no fault here.
        for command in plan.remove:
            _run(command)
    for command in plan.install:
        _require_done(command)


def remove(plan: Plan) -> None:
    """Take away what `install` wrote; files and lines of others stay.

    Raises
    ------
    StockseqError
        If a file isn't ours, or a command fails.
    """
    _require_ours(plan)
    for command in plan.remove:
        done = _run(command)
        if done.returncode and plan.kind == "systemd":
            raise _failed(command, done)
    for path in plan.files:
        path.unlink(missing_ok=True)
    if plan.kind == "systemd":
        _require_done(("systemctl", "--user", "daemon-reload"))
    if plan.crontab:
        _write_crontab(with_block(read_crontab(), plan.job.name, ""))


def find_state(plan: Plan) -> State:
    """Return whether what a plan names is there: as it would be written now, otherwise, or not at all."""
    if plan.crontab:
        there = block_of(read_crontab(), plan.job.name)
        return "missing" if not there else "current" if there == plan.crontab else "outdated"
    texts = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in plan.files}
    if all(text is None for text in texts.values()):
        return "missing"
    return "current" if all(texts[path] == text for path, text in plan.files.items()) else "outdated"


def lingers() -> bool | None:
    """Return whether systemd runs this user's timers while the user isn't logged in; None where it can't be told."""
    if shutil.which("loginctl") is None:
        return None
    done = _run(("loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"))
    return done.stdout.strip() == "yes" if done.returncode == 0 else None


def read_crontab() -> str:
    """Return the user's crontab, "" where there is none.

    Raises
    ------
    StockseqError
        If it can't be read.
    """
    done = _run(("crontab", "-l"))
    if done.returncode == 0:
        return done.stdout
    if "no crontab" in done.stderr.lower():
        return ""
    raise _failed(("crontab", "-l"), done)


def _write_crontab(text: str) -> None:
    done = _run(("crontab", "-"), text)
    if done.returncode:
        raise _failed(("crontab", "-"), done)


def _require_ours(plan: Plan) -> None:
    for path in plan.files:
        if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise StockseqError(f"{path} wasn't written by stockseq, so it stays; move it away, and run again.")


def _require_done(command: Sequence[str]) -> None:
    done = _run(command)
    if done.returncode:
        raise _failed(command, done)


def _run(command: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the machine, in plain English; bytes that are no UTF-8 come back as they were."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command,
            input="" if text is None else text,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=PATIENCE_S,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]} isn't installed")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer in {PATIENCE_S} s")


def _failed(command: Sequence[str], done: subprocess.CompletedProcess[str]) -> StockseqError:
    said = visible(done.stderr.strip() or done.stdout.strip())[:300].rstrip(".")
    return StockseqError(f"`{' '.join(command)}` failed with status {done.returncode}: {said or 'it said nothing'}.")


def _write(path: Path, text: str) -> None:
    """Put a file in place whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".stockseq-", delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A temporary file can be read by its owner alone; launchd refuses what others can write.
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise
