"""The cores that this process may use."""

import os


def usable_cores() -> int:
    """Return how many cores this process may use: those of the machine, or fewer where the system allots them.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    allotted = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(allotted(0)) if allotted is not None else os.cpu_count() or 1
