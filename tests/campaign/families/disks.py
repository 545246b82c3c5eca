"""Disks that are full, over quota, broken or read-only: a sentence, the store as it was; with room the next run ends.

Thirty sizes of a really full disk (a mounted one where that is allowed, else writes that fail after as many bytes), and
errors at chosen calls, once or from there on.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.campaign.case import Case
from tests.campaign.forked_command import Faults
from tests.campaign.small_work import WORKS, Work, copy_store
from tests.campaign.whole_store import require_nothing_lost, require_same, require_whole

# In percent of what a run adds to the disk.
SHARES = {
    "first morning": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 40, 60, 80),
    "second morning": (0, 1, 2, 3, 4, 6, 8, 12, 30, 70),
}
ERRORS = (errno.EIO, errno.EDQUOT, errno.EROFS, errno.ENOSPC)
N_SPOTS, SPOTS_A_CASE = 12, 4


def cases() -> list[Case]:
    """Return the sizes, then the errors."""
    full = [
        Case(f"{work} on {share} % of the disk that it needs", partial(_fill, work=work, share=share))
        for work, shares in SHARES.items()
        for share in shares
    ]
    broken = [
        Case(
            f"second morning: {errno.errorcode[error]} {'from' if lasting else 'once at'} calls {first + 1} to "
            f"{first + SPOTS_A_CASE} of {N_SPOTS}",
            partial(_break, error=error, lasting=lasting, first=first),
            n_inputs=SPOTS_A_CASE,
        )
        for error in ERRORS
        for lasting in (True, False)
        for first in range(0, N_SPOTS, SPOTS_A_CASE)
    ]
    return [*full, *broken]


def _fill(folder: Path, seed: int, *, work: str, share: int) -> str:
    del seed
    undisturbed = WORKS[work]()
    needed = _usage(undisturbed.after) - (_usage(undisturbed.before) if undisturbed.before else 0)
    room = 4096 * 8 + needed * share // 100
    with _small_disk(folder, undisturbed, room) as (data, faults):
        run = undisturbed.start(data, faults=faults)
        assert run.end() == 1, f"exit {run.status}: {run.said[-600:]}"
        _require_sentence(run.said, os.strerror(errno.ENOSPC))
        roomy = copy_store(data, folder / "roomy") if data.exists() else folder / "roomy"
    _mend(undisturbed, roomy)
    return f"with {room:,} bytes: {_sentence(run.said)[:320]}"


def _break(folder: Path, seed: int, *, error: int, lasting: bool, first: int) -> str:
    """The calls that a run makes fail at spots spread over it."""
    del seed
    work, n_said = WORKS["second morning"](), 0
    for spot in range(first, first + SPOTS_A_CASE):
        # The lock's own call is the first.
        call = 1 + spot * len(work.calls) // N_SPOTS
        above = folder / f"{call}"
        above.mkdir()
        work.lay_out(above / "data")
        faults = Faults(above, fail_from=call, fail_until=10**6 if lasting else call, error=error)
        run = work.start(above / "data", faults=faults)
        try:
            if run.end() == 0:
                assert not lasting, "a run on a broken disk ended well"
            else:
                assert run.status == 1, f"exit {run.status}: {run.said[-600:]}"
                _require_sentence(run.said, os.strerror(error))
                n_said += 1
            _mend(work, above / "data")
        except Exception as problem:
            raise AssertionError(f"call {call} {work.calls[call - 1][::4]}: {problem}") from problem
        shutil.rmtree(above)
    return f"{n_said} of {SPOTS_A_CASE} ended with a sentence, the others well; each run again ended alike"


def _mend(work: Work, data: Path) -> None:
    """What stood stands; the run again, with room, ends as an undisturbed one."""
    if data.exists():
        seen = copy_store(data, data.with_name("seen"))
        require_nothing_lost(require_whole(seen), work.stored)
        shutil.rmtree(seen)
    again = work.start(data)
    assert again.end() == 0, f"the next run ended with {again.status}: {again.said[-600:]}"
    require_whole(data)
    require_same(data, work.after, work.tables)


def _sentence(said: str) -> str:
    """Return the command's last line; the threads of delta-rs may complain before it."""
    return said.rstrip().splitlines()[-1] if said.strip() else ""


def _require_sentence(said: str, reason: str) -> None:
    assert "Traceback" not in said, said[-900:]
    sentence = _sentence(said)
    assert sentence.startswith("✗ "), sentence
    assert reason.lower() in sentence.lower(), sentence


@contextmanager
def _small_disk(folder: Path, work: Work, room: int) -> Iterator[tuple[Path, Faults | None]]:
    """Lay a store out on a disk with so much room left; where none can be mounted, its writes fail after as much."""
    disk = folder / "disk"
    disk.mkdir()
    size = room + (_usage(work.before) if work.before else 0)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={-(-size // 4096) * 4096}", "tmpfs", str(disk)]
    mounted = shutil.which("mount") is not None and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        work.lay_out(disk / "data")
        yield disk / "data", None if mounted else Faults(disk, error=errno.ENOSPC, room=room)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


def _usage(data: Path) -> int:
    """Return the bytes of a tree in pages of 4 KiB, as a small disk counts them."""
    return sum(-(-path.lstat().st_size // 4096) * 4096 for path in data.rglob("*") if path.is_file())
