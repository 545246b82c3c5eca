"""A line of the crontab means what it says, and every other line stays."""

import subprocess
from datetime import time
from pathlib import Path

import pytest

from stockseq.errors import SettingsError, StockseqError
from stockseq.schedule.cron import block_of, plan_cron, with_block
from stockseq.schedule.job import build_job
from tests.schedule.jobs import awkward_job, expected_words

TIMES = tuple((day, time(hour)) for day in range(5) for hour in (13, 14))
OTHERS = "MAILTO=me\n# mine\n5 5 * * * b%c\n"


def run_as_cron(command: str) -> None:
    """Run what stands behind the five fields as cron does: up to a bare percent sign, by /bin/sh."""
    sentinel = "\0"
    before, *after = command.replace("\\%", sentinel).split("%")
    assert not after
    subprocess.run(["/bin/sh", "-c", before.replace(sentinel, "%")], check=True, timeout=30, env={}, cwd="/")


def test_an_awkward_folder_comes_through_crons_own_signs_and_the_shells(tmp_path: Path) -> None:
    """Cron ends a command at a percent sign; the shell reads quotes, dollars and backslashes."""
    job = awkward_job(tmp_path)
    lines = plan_cron(job, TIMES).crontab.splitlines()
    fields = [line.split(" ", 5) for line in lines[1:-1]]
    assert [field[:5] for field in fields] == [["0", "13", "*", "*", "1,2,3,4,5"], ["0", "14", "*", "*", "1,2,3,4,5"]]
    run_as_cron(fields[0][5])
    assert (job.folder / "said").read_text().splitlines() == expected_words(job)
    assert job.log.read_text() == "logged\n"


def test_the_lines_are_put_in_once_and_taken_out_without_a_trace(tmp_path: Path) -> None:
    """Twice is as once, another start replaces the first, and what others wrote stays to the letter."""
    job = awkward_job(tmp_path)
    block = plan_cron(job, TIMES).crontab
    once = with_block(OTHERS, job.name, block)
    assert once == OTHERS + block
    assert with_block(once, job.name, block) == once
    assert block_of(once + "9 9 * * * z\n", job.name) == block
    later = plan_cron(job, TIMES[:1]).crontab
    assert with_block(once + "9 9 * * * z\n", job.name, later) == OTHERS + later + "9 9 * * * z\n"
    assert with_block(once, job.name, "") == OTHERS
    assert with_block(OTHERS, job.name, "") == OTHERS


def test_a_block_that_was_cut_by_hand_is_left_alone(tmp_path: Path) -> None:
    """Without its end nobody knows which of the lines below are ours."""
    job = awkward_job(tmp_path)
    begin, *lines, _ = plan_cron(job, TIMES).crontab.splitlines(keepends=True)
    with pytest.raises(StockseqError, match="Nothing was changed"):
        with_block("".join([begin, *lines, OTHERS]), job.name, "")


def test_paths_too_long_for_cron_and_letters_for_no_scheduler_are_refused() -> None:
    """Cron would cut the command and run its beginning."""
    with pytest.raises(SettingsError, match="at most 990 characters"):
        plan_cron(build_job("/venv/bin/python", folder=Path("/") / ("x" * 800)), TIMES)
    for folder in ("/a\nb", "/a ", "/a\\", "/a\x1b"):
        with pytest.raises(SettingsError, match="No scheduler can be told"):
            build_job("/venv/bin/python", folder=Path(folder))
