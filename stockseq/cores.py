"""The cores that this process may use."""

import os
from multiprocessing import parent_process


def usable_cores() -> int:
    """Return how many cores this process may use: those of the machine, or fewer where the system allots them.

    A worker process of a pool or a cluster may use one: the others have theirs.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    if parent_process() is not None:
        return 1
    allotted = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(allotted(0)) if allotted is not None else os.cpu_count() or 1
