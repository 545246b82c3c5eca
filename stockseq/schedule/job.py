"""What a scheduler runs: one command of absolute paths, and the plan of how a scheduler is told."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stockseq.errors import SettingsError
from stockseq.printable import shown, visible

Kind = Literal["systemd", "launchd", "cron"]
# What a unit file, a plist and a crontab of ours say of themselves.
MARK = "Written by stockseq schedule"
# As the Makefile sets them: glibc gives large buffers back at each training step unless told not to.
ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_MMAP_THRESHOLD_": "8000000000"}


@dataclass(frozen=True)
class Job:
    """One command in one folder.

    Parameters
    ----------
    name : str
        The same for the same folder, settings file and data root.
    command : tuple of str
        The first is an absolute path.
    folder : Path
        In which it runs; absolute.
    secrets : Path
        A file of NAME=value lines that is read into the environment first, where there is one: keys and passwords.
    log : Path
        Where schedulers without a journal write what it says.
    environment : mapping
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    secrets: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))


@dataclass(frozen=True)
class Plan:
    """How a scheduler is told of a job, and how to forget it.

    Parameters
    ----------
    kind : "systemd", "launchd" or "cron"
    job : Job
    files : mapping of Path to text
        What is written.
    crontab : str
        The lines for the user's crontab, with the marks around them; "" for other kinds.
    install, remove : tuple of commands
        Run after the files are written, and before they are removed.
    """

    kind: Kind
    job: Job
    files: Mapping[Path, str] = field(default_factory=dict)
    crontab: str = ""
    install: tuple[tuple[str, ...], ...] = ()
    remove: tuple[tuple[str, ...], ...] = ()


def build_job(
    python: str, *, folder: Path, config: str | None = None, data: str | None = None, at: str | None = None
) -> Job:
    """Return the job that runs the morning in a folder, when it is due.

    Parameters
    ----------
    python : str
        The interpreter that has stockseq.
    folder : Path
        Where a settings file without a path, and a data root of the settings, lie.
    config, data : str, optional
        As the command line gives them.
    at : str, optional
        HH:MM, where the start isn't the usual one.

    Raises
    ------
    SettingsError
        If a path holds what no scheduler can read.

    Examples
    --------
    >>> job = build_job("/venv/bin/python", folder=Path("/srv/stockseq"), config="mine.toml")
    >>> job.command
    ('/venv/bin/python', '-m', 'pipelines', 'daily', '--due', '--config', '/srv/stockseq/mine.toml')
    """
    arguments = ["-m", "pipelines", "daily", "--due"]
    if config:
        arguments += ["--config", str(folder / config)]
    if data:
        arguments += ["--data", data if "://" in data else str(folder / Path(data).expanduser())]
    _require_plain((python, str(folder), *arguments))
    digest = hashlib.sha256("\0".join((str(folder), *arguments)).encode()).hexdigest()[:8]
    name = f"stockseq-daily-{digest}"
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Job(
        name,
        (python, *arguments, *(("--at", at) if at else ())),
        folder,
        secrets=settings / "stockseq" / "environment",
        log=state / "stockseq" / f"{name}.log",
    )


def _require_plain(texts: Sequence[str]) -> None:
    for text in texts:
        # Systemd reads a path up to the end of its line, where a backslash would join the next one to it.
        if visible(text) != text or text != text.strip() or text.endswith("\\"):
            raise SettingsError(
                f"No scheduler can be told of {shown(text)}: a path is expected in letters that can be seen, without a "
                "blank or a backslash at its end. Move or rename the folder."
            )
