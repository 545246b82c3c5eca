"""A job whose paths hold every letter that some scheduler reads as its own."""

from pathlib import Path

from stockseq.schedule.job import Job

AWKWARD = 'it\'s a "folder" 50% $HOME \\q é #;&'


def awkward_job(folder: Path) -> Job:
    """Return a job that runs a script in an awkward folder; the script writes its arguments and a secret to `said`."""
    home = folder / AWKWARD
    home.mkdir(parents=True)
    script = home / "py thon"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$SECRET" "$N" "$@" > said\necho logged\n')
    script.chmod(0o755)
    secrets = home / "environment"
    secrets.write_text("SECRET='a $b'\n")
    command = (str(script), "-m", "pipelines", "daily", "--data", str(home / "da%ta"))
    return Job("stockseq-daily-0a1b2c3d", command, home, secrets, home / "log", {"N": "8"})


def expected_words(job: Job) -> list[str]:
    """Return what the script writes when every letter has come through."""
    return [str(job.folder), "a $b", "8", *job.command[1:]]
