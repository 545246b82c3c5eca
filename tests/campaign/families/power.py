"""The power fails after any call of a run: what isn't synced is lost, empty, zero or full of holes, as are names."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from stockseq.store import TABLES, Store
from tests.campaign.case import Case
from tests.campaign.power_loss import POLICIES, PowerLoss, State, lay_out
from tests.campaign.small_work import WORKS, Work, copy_store
from tests.campaign.whole_store import require_nothing_lost, require_same, require_whole

# Of each work about how many distinct states its calls give; the last case of a work tries all that are left.
N_STATES = {"first morning": 440, "second morning": 280, "correcting import": 80}
STATES_A_CASE = 8
# From every so many states the run is made again; all are opened and judged.
STEPS = {"first morning": 3}


def cases() -> list[Case]:
    """Return the states of each work."""
    every = [
        Case(
            f"{work}: states {first + 1} to {first + STATES_A_CASE}",
            partial(_lose_power, work=work, first=first, is_last=first + STATES_A_CASE >= n_states),
            n_inputs=STATES_A_CASE,
        )
        for work, n_states in N_STATES.items()
        for first in range(0, n_states, STATES_A_CASE)
    ]
    return [
        *every,
        Case("second morning: two states", partial(_lose_power_twice, work="second morning"), 2, short=True),
    ]


@cache
def _states(name: str) -> list[State]:
    work = WORKS[name]()
    return list(PowerLoss(work.after.parent, work.before, work.calls).states())


def _lose_power(folder: Path, seed: int, *, work: str, first: int, is_last: bool) -> str:
    del seed
    states = _states(work)
    return _judge_all(folder, WORKS[work](), states[first:] if is_last else states[first : first + STATES_A_CASE], work)


def _lose_power_twice(folder: Path, seed: int, *, work: str) -> str:
    """Two of the states, for the short form: to work out all of them takes as long as to judge one."""
    done, chance = WORKS[work](), random.Random(seed)
    lost = PowerLoss(done.after.parent, done.before, done.calls)
    calls = chance.sample(range(lost.n_calls + 1), 2)
    return _judge_all(folder, done, [lost.state(call, chance.choice(POLICIES)) for call in calls], work)


def _judge_all(folder: Path, work: Work, states: list[State], name: str) -> str:
    del folder
    n_lost = 0
    for number, state in enumerate(states):
        before = work.calls[state.call - 1] if state.call else None
        where = f"power lost after call {state.call} ({before and before[::4]}), {state.policy}"
        with _in_its_place(work) as (disk, after):
            lay_out(state, disk)
            try:
                n_lost += _open(work, disk / "data", state)
                if number % STEPS.get(name, 1) == 0:
                    _run_again(work, disk / "data", after)
            except Exception as error:
                raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
    return f"{len(states)} states; in {n_lost} the last commit was lost, and all ended alike"


@contextmanager
def _in_its_place(work: Work) -> Iterator[tuple[Path, Path]]:
    """Yield an empty folder where the work was done, and where what it made is meanwhile.

    The settings of a run name its data root: a whole run elsewhere would be one of other settings.
    """
    folder = work.after.parent
    kept = folder.rename(folder.with_name(f"{folder.name}-undisturbed"))
    folder.mkdir()
    try:
        yield folder, kept / work.after.name
    finally:
        shutil.rmtree(folder)
        kept.rename(folder)


def _open(work: Work, data: Path, state: State) -> int:
    """The store opens and is whole, and at most the last commit is lost; return how many commits are."""
    n_lost = 0
    if data.exists():
        seen = copy_store(data, data.with_name("seen"))
        require_nothing_lost(require_whole(seen), work.stored)
        n_lost = _n_commits(work, state) - sum(version + 1 for version in Store(seen).versions().values())
        assert n_lost <= 1, f"{n_lost} commits are lost"
        shutil.rmtree(seen)
    return n_lost


def _run_again(work: Work, data: Path, after: Path) -> None:
    """The next run ends as one that nothing disturbed."""
    again = work.start(data)
    assert again.end() == 0, f"the next run ended with {again.status}: {again.said[-600:]}"
    require_whole(data)
    require_same(data, after, work.tables)


def _n_commits(work: Work, state: State) -> int:
    """Return how many commits the tables had when the power failed."""
    before = sum(len(list((work.before / name / "_delta_log").glob("*.json"))) for name in TABLES) if work.before else 0
    made = [call for call in work.calls[: state.call] if call.operation in ("link", "rename")]
    return before + sum("/_delta_log/" in call.target and call.target.endswith(".json") for call in made)
