"""A user timer of systemd: it knows the exchange's time zone, and catches up what it slept through."""

import os
from pathlib import Path

from stockseq.errors import TRY_AGAIN
from stockseq.schedule.job import MARK, Job, Plan
from stockseq.schedule.shell import shell_command
from stockseq.schedule.starts import WEEKDAYS, Starts

SERVICE = """\
# {mark}; `make unschedule` takes it away.
[Unit]
Description=stockseq: forecast the next session
StartLimitIntervalSec=2h
StartLimitBurst=4

[Service]
Type=exec
WorkingDirectory={folder}
{environment}
ExecStart={command}
RestartForceExitStatus={again}
RestartSec=10min
RuntimeMaxSec=4h
"""

TIMER = """\
# {mark}; `make unschedule` takes it away.
[Unit]
Description=stockseq: when the next session is forecast

[Timer]
OnCalendar={when}
Persistent=true
Unit={name}.service

[Install]
WantedBy=timers.target
"""


def units_folder() -> Path:
    """Return where a user's own units lie."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def plan_systemd(job: Job, starts: Starts, folder: Path) -> Plan:
    """Return the service, the timer and the commands that start it.

    Parameters
    ----------
    job, starts : Job, Starts
    folder : Path
        From `units_folder`.
    """
    service = SERVICE.format(
        mark=MARK,
        folder=_specifiers(str(job.folder)),
        environment="\n".join(f"Environment={quote(f'{name}={value}')}" for name, value in job.environment.items()),
        # The colon keeps dollar signs as they are; systemd itself takes no program with a quote in its path.
        command=":" + " ".join(quote(word) for word in shell_command(job)),
        again=TRY_AGAIN,
    )
    timer = TIMER.format(mark=MARK, when=on_calendar(starts), name=job.name)
    control = ("systemctl", "--user")
    unit = f"{job.name}.timer"
    return Plan(
        "systemd",
        job,
        {folder / f"{job.name}.service": service, folder / unit: timer},
        install=((*control, "daemon-reload"), (*control, "enable", "--now", unit)),
        remove=((*control, "disable", "--now", unit),),
    )


def on_calendar(starts: Starts) -> str:
    """Return the starts as a timer has them.

    Examples
    --------
    >>> from datetime import time
    >>> on_calendar(Starts((0, 4), time(8, 10), "America/New_York"))
    'Mon,Fri *-*-* 08:10:00 America/New_York'
    """
    days = ",".join(WEEKDAYS[day] for day in starts.weekdays)
    return f"{days} *-*-* {starts.at:%H:%M:%S} {starts.timezone}"


def quote(word: str) -> str:
    """Return a word as a unit file quotes it: blanks, quotes, backslashes and percent signs are themselves.

    Examples
    --------
    >>> print(quote('a "b" 50%'))
    "a \\"b\\" 50%%"
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_specifiers(escaped)}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")
