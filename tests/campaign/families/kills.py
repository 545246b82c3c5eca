"""kill -9 before and after every call that changes a file, and at random moments: the next run ends as any would."""

import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path

from tests.campaign.case import Case
from tests.campaign.file_faults.notes import kill_points
from tests.campaign.forked_command import Faults
from tests.campaign.small_work import WORKS, Work, copy_store
from tests.campaign.whole_store import require_nothing_lost, require_same, require_whole

# Of each work about how many points its traced calls give; the last case of a work tries all that are left.
N_POINTS = {"first morning": 224, "second morning": 272, "correcting import": 80}
# What a call leaves is what stands before the next one: of the longest work only the kills after each call are tried.
ONLY_AFTER = ("first morning",)
POINTS_A_CASE = 8
N_RANDOM_CASES, KILLS_A_CASE = 25, 8


def cases() -> list[Case]:
    """Return the enumerated kills of each work, then the random ones."""
    enumerated = [
        Case(
            f"{work}: kill points {first + 1} to {first + POINTS_A_CASE}",
            partial(_kill_at_points, work=work, first=first, is_last=first + POINTS_A_CASE >= n_points),
            n_inputs=POINTS_A_CASE,
        )
        for work, n_points in N_POINTS.items()
        for first in range(0, n_points, POINTS_A_CASE)
    ]
    works = list(N_POINTS)
    at_random = [
        Case(
            f"{works[number % 2]}: random kills {number + 1}",
            partial(_kill_at_random, work=works[number % 2]),
            KILLS_A_CASE,
        )
        for number in range(N_RANDOM_CASES)
    ]
    # The short form of these are the kills of tests/pipelines/test_kill.py.
    return [*enumerated, *at_random]


def _kill_at_points(folder: Path, seed: int, *, work: str, first: int, is_last: bool) -> str:
    del seed
    undisturbed = WORKS[work]()
    points = [(call, done) for call, done in kill_points(list(undisturbed.calls)) if done or work not in ONLY_AFTER]
    chosen = points[first:] if is_last else points[first : first + POINTS_A_CASE]
    return _kill_at(folder, undisturbed, chosen, n_points=len(points))


def _kill_at(folder: Path, work: Work, points: list[tuple[int, bool]], *, n_points: int) -> str:
    n_hit = 0
    for call, done in points:
        above = folder / f"{call}-{'after' if done else 'before'}"
        above.mkdir()
        data = above / "data"
        work.lay_out(data)
        status = work.start(data, faults=Faults(above, kill_at=call, done=done)).end()
        where = f"killed {'after' if done else 'before'} call {call}: {work.calls[call - 1][::4]}"
        assert status in (-signal.SIGKILL, 0), f"{where}: exit {status}"
        n_hit += status != 0
        try:
            _judge(work, data)
        except Exception as error:
            raise AssertionError(f"{where}: {error}") from error
        shutil.rmtree(above)
    return (
        f"{n_hit} of {len(points)} killed, of {n_points} points of {len(work.calls)} calls; each run again ended alike"
    )


def _kill_at_random(folder: Path, seed: int, *, work: str) -> str:
    """Kill the run again and again on what the last one left, then let it end."""
    undisturbed, moments = WORKS[work](), random.Random(seed)
    data = folder / "data"
    undisturbed.lay_out(data)
    longest, n_killed, n_runs = 3.0, 0, 0
    while n_killed < KILLS_A_CASE:
        n_runs += 1
        assert n_runs < 60, "the runs ended before they were hit"
        run = undisturbed.start(data)
        time.sleep(moments.uniform(0.2, longest))
        if run.send(signal.SIGKILL) == -signal.SIGKILL:
            n_killed += 1
        else:
            longest *= 0.8
        _require_whole_copy(undisturbed, data)
    _judge(undisturbed, data)
    return f"killed {n_killed} times, and the run after ended as any would"


def _judge(work: Work, data: Path) -> None:
    """The store is whole as it was left; the run again makes of it what an undisturbed one does."""
    _require_whole_copy(work, data)
    again = work.start(data)
    assert again.end() == 0, f"the next run ended with {again.status}: {again.said[-600:]}"
    require_whole(data)
    require_same(data, work.after, work.tables)


def _require_whole_copy(work: Work, data: Path) -> None:
    """Look at a copy: opening a store may mend it, and the next run must do that by itself."""
    if data.exists():
        seen = copy_store(data, data.with_name(f"{data.name}-seen"))
        require_nothing_lost(require_whole(seen), work.stored)
        shutil.rmtree(seen)
