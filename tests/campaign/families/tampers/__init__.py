"""Tampers of a real store with a real ledger: each is found, changes nothing, or is one that README names."""

from tests.campaign.case import Case
from tests.campaign.families.tampers import files, honest, logs, rows, undetected


def cases() -> list[Case]:
    """Return all cases, those of honest stores first."""
    return [*honest.cases(), *rows.cases(), *logs.cases(), *files.cases(), *undetected.cases()]
