"""One case of the campaign, and what came of it."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """Something that goes wrong, and how to see that the product does the right thing.

    Parameters
    ----------
    name : str
        Of its family's cases only this one has it; it stays the same from run to run.
    run : callable of (Path, int) to str
        Works in an empty folder, with a seed of its own, and says in a few words what happened. It raises
        `AssertionError` where that was wrong; any other exception is wrong, too.
    n_inputs : int, default=1
        How many inputs it tries.
    short : bool, default=False
        Whether it is in the short form, in `make test`: it takes seconds.
    """

    name: str
    run: Callable[[Path, int], str]
    n_inputs: int = 1
    short: bool = False

    def seed(self, campaign: int) -> int:
        """Return this case's own seed in a campaign of a seed."""
        return zlib.crc32(f"{campaign} {self.name}".encode())


def random_case(
    name: str, judge: Callable[[Path, random.Random, int], str], *, n_inputs: int, short: bool = False
) -> Case:
    """Return a case that draws its inputs one by one from a generator of its own."""

    def run(folder: Path, seed: int) -> str:
        return judge(folder, random.Random(seed), n_inputs)

    return Case(name, run, n_inputs=n_inputs, short=short)


@dataclass(frozen=True)
class Verdict:
    """What came of one case.

    Parameters
    ----------
    family, name : str
    right : bool
    n_inputs : int
    said : str
        What happened; where it was wrong, the end of the traceback.
    seconds : float
    """

    family: str
    name: str
    right: bool
    n_inputs: int
    said: str
    seconds: float
