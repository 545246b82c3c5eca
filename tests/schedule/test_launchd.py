"""A property list that launchd reads: by Python's own parser of the format."""

import plistlib
import subprocess
from datetime import time
from pathlib import Path

from stockseq.schedule.launchd import plan_launchd
from tests.schedule.jobs import awkward_job, expected_words


def test_the_property_list_runs_an_awkward_folder_at_every_listed_time(tmp_path: Path) -> None:
    """Launchd numbers Sunday 0; the words of the command reach the program as they are."""
    job = awkward_job(tmp_path)
    (text,) = plan_launchd(job, ((0, time(14)), (6, time(13, 30))), tmp_path).files.values()
    content = plistlib.loads(text.encode())
    assert content["Label"] == job.name
    assert content["StartCalendarInterval"] == [
        {"Weekday": 1, "Hour": 14, "Minute": 0},
        {"Weekday": 0, "Hour": 13, "Minute": 30},
    ]
    assert content["StandardErrorPath"] == str(job.log)
    subprocess.run(
        content["ProgramArguments"],
        cwd=content["WorkingDirectory"],
        env=content["EnvironmentVariables"],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )
    assert (job.folder / "said").read_text().splitlines() == expected_words(job)
