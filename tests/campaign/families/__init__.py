"""The families of cases: each module here is one, and its `cases()` returns its cases in order."""

import importlib
import pkgutil

from tests.campaign.case import Case


def names() -> list[str]:
    """Return the names of all families."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(family: str) -> dict[str, Case]:
    """Return the cases of a family by name; raise `ValueError` where two share one."""
    cases = importlib.import_module(f"{__name__}.{family}").cases()
    by_name = {case.name: case for case in cases}
    if len(by_name) != len(cases):
        raise ValueError(f"Two cases of the family {family!r} share a name.")
    return by_name
