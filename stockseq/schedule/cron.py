"""Lines of a user's crontab: cron knows the machine's own clock alone, and catches nothing up."""

from datetime import time

from stockseq.errors import SettingsError, StockseqError
from stockseq.schedule.job import MARK, Job, Plan
from stockseq.schedule.shell import shell_line

# Of a command in Vixie cron, which cuts what is longer.
LONGEST_COMMAND = 990


def plan_cron(job: Job, times: tuple[tuple[int, time], ...]) -> Plan:
    """Return the lines for the crontab.

    Parameters
    ----------
    job : Job
    times : tuple of (weekday, time)
        On the machine's clock, Monday being 0; the run itself finds out whether it is due.

    Raises
    ------
    SettingsError
        If the paths are too long for cron.
    """
    # Cron takes a percent sign for the end of the line.
    command = shell_line(job).replace("%", "\\%")
    if len(command) > LONGEST_COMMAND:
        raise SettingsError(
            f"Cron takes commands of at most {LONGEST_COMMAND} characters, and with the paths of this folder it has "
            f"{len(command)}. Move stockseq and its data to a shorter path."
        )
    days: dict[time, list[int]] = {}
    for day, at in times:
        days.setdefault(at, []).append((day + 1) % 7)
    lines = [
        f"{at.minute} {at.hour} * * {','.join(map(str, sorted(numbers)))} {command}"
        for at, numbers in sorted(days.items())
    ]
    begin, end = _marks(job.name)
    return Plan("cron", job, crontab="\n".join([begin, *lines, end]) + "\n")


def with_block(crontab: str, name: str, block: str) -> str:
    """Return a crontab with the block of a job put in place of the one it has, or at its end; "" takes it away.

    Every other character stays.

    Raises
    ------
    StockseqError
        If one of the two marks around the block is missing.

    Examples
    --------
    >>> begin, end = _marks("x")
    >>> block = f"{begin}\\n0 8 * * 1 a\\n{end}\\n"
    >>> with_block("5 5 * * * b\\n", "x", block) == "5 5 * * * b\\n" + block
    True
    >>> with_block("5 5 * * * b\\n" + block, "x", "")
    '5 5 * * * b\\n'
    """
    begin, end = _marks(name)
    lines = crontab.splitlines(keepends=True)
    bare = [line.rstrip("\n") for line in lines]
    if (bare.count(begin), bare.count(end)) not in ((0, 0), (1, 1)) or (
        begin in bare and bare.index(begin) > bare.index(end)
    ):
        raise StockseqError(
            f'The crontab doesn\'t have the lines "{begin}" and "{end}" once each and in this order; put it right with '
            "crontab -e, and run again. Nothing was changed."
        )
    if begin not in bare:
        joint = "\n" if crontab and not crontab.endswith("\n") and block else ""
        return crontab + joint + block
    return "".join([*lines[: bare.index(begin)], block, *lines[bare.index(end) + 1 :]])


def block_of(crontab: str, name: str) -> str:
    """Return the block of a job as a crontab has it, or ""."""
    begin, end = _marks(name)
    if begin not in crontab or end not in crontab:
        return ""
    return begin + crontab.split(begin, 1)[1].split(end, 1)[0] + end + "\n"


def _marks(name: str) -> tuple[str, str]:
    return f"# BEGIN {name}. {MARK}", f"# END {name}"
