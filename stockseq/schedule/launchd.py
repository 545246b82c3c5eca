"""An agent of macOS's launchd: it knows the machine's own clock alone, and catches up what it slept through."""

import os
import plistlib
from datetime import time
from pathlib import Path

from stockseq.schedule.job import MARK, Job, Plan
from stockseq.schedule.shell import shell_command

_DOCTYPE_END = b'PropertyList-1.0.dtd">\n'


def agents_folder() -> Path:
    """Return where a user's own agents lie."""
    return Path.home() / "Library" / "LaunchAgents"


def plan_launchd(job: Job, times: tuple[tuple[int, time], ...], folder: Path) -> Plan:
    """Return the property list and the commands that load it.

    Parameters
    ----------
    job : Job
    times : tuple of (weekday, time)
        On the machine's clock, Monday being 0; the run itself finds out whether it is due.
    folder : Path
        From `agents_folder`.
    """
    content = {
        "Label": job.name,
        "ProgramArguments": list(shell_command(job)),
        "WorkingDirectory": str(job.folder),
        "EnvironmentVariables": dict(job.environment),
        "StartCalendarInterval": [
            {"Weekday": (day + 1) % 7, "Hour": at.hour, "Minute": at.minute} for day, at in times
        ],
        "StandardOutPath": str(job.log),
        "StandardErrorPath": str(job.log),
    }
    head, doctype, body = plistlib.dumps(content, sort_keys=False).partition(_DOCTYPE_END)
    text = (head + doctype).decode() + f"<!-- {MARK}; `make unschedule` takes it away. -->\n" + body.decode()
    path, domain = folder / f"{job.name}.plist", f"gui/{os.getuid()}"
    return Plan(
        "launchd",
        job,
        {path: text},
        install=(("launchctl", "bootstrap", domain, str(path)),),
        remove=(("launchctl", "bootout", f"{domain}/{job.name}"),),
    )
