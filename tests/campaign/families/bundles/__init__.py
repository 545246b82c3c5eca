"""Bundles: hostile, damaged and foreign ones, of which none may load, and good ones, which all must."""

from tests.campaign.case import Case
from tests.campaign.families.bundles import code, doors, files, good, networks, rows, said


def cases() -> list[Case]:
    """Return the cases in order."""
    foes = [foe.case() for kind in (code, files, said, networks) for foe in kind.foes()]
    return [*foes, *rows.cases(), *doors.cases(), *good.cases()]
