"""Whatever is put in: each of some hundred thousand inputs is taken as it means, or refused in one sentence."""

from tests.campaign.case import Case
from tests.campaign.families.inputs import broken_files, cells, commands, screens, settings_values


def cases() -> list[Case]:
    """Return the cases: cells of files, settings, instants, screens, broken files, command lines."""
    modules = (cells, settings_values, screens, broken_files, commands)
    return [case for module in modules for case in module.cases()]
