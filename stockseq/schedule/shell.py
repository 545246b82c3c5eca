"""A job as a line of a POSIX shell, for schedulers that read no file of secrets themselves."""

import shlex

from stockseq.schedule.job import Job

# $1 is the file of secrets, the rest the command.
READ_SECRETS = 'secrets=$1; shift; if [ -r "$secrets" ]; then set -a; . "$secrets"; set +a; fi; exec "$@"'


def shell_command(job: Job) -> tuple[str, ...]:
    """Return the words that run a job with its secrets in the environment; none of them needs another shell."""
    return ("/bin/sh", "-c", READ_SECRETS, "sh", str(job.secrets), *job.command)


def shell_line(job: Job) -> str:
    """Return the job as one line: in its folder, with its environment, into its log.

    Examples
    --------
    >>> from pathlib import Path
    >>> job = Job("x", ("/a b/python", "-m", "pipelines"), Path("/c'd"), Path("/e"), Path("/f"), {"N": "1"})
    >>> shell_line(job).startswith("cd '/c'\\"'\\"'d' && N=1 /bin/sh -c ")
    True
    """
    environment = " ".join(f"{name}={shlex.quote(value)}" for name, value in job.environment.items())
    command = f"{environment} {shlex.join(shell_command(job))}".strip()
    return f"cd {shlex.quote(str(job.folder))} && {command} >> {shlex.quote(str(job.log))} 2>&1"
