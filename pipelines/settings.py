"""Every setting with its description, its default and the value in force; docs/settings.md is made of the same."""

import json
from collections.abc import Iterable

import typer

from pipelines.screens.console import console
from stockseq.config import Settings, describe_settings
from stockseq.setting_names import SettingDescription

HEADER = """# Settings

Made by `python -m pipelines settings --markdown > docs/settings.md`; `make settings` prints the same with the values in
force. A setting is a line of `stockseq.toml`, under the table that its name begins with, or given on the command line:
`make backtest SET="network.units=16"`.
"""


def run_settings(settings: Settings, *, markdown: bool = False) -> None:
    """Print every setting, those that differ from their default marked; with `markdown` the page of the defaults."""
    if markdown:
        # Not by rich, which would take what stands in square brackets for its own.
        typer.echo(settings_page(describe_settings()), nl=False)
        return
    for each in describe_settings(settings):
        changed = each.value != each.default
        mark, default = ("*", f"  (default {as_text(each.default)})") if changed else (" ", "")
        console.print(f"{mark} {each.name} = {as_text(each.value)}{default}", markup=False)
        console.print(f"      {each.description}", markup=False)


def settings_page(settings: Iterable[SettingDescription]) -> str:
    """Return docs/settings.md: a table of the settings that stand by themselves, and one for each table of the file."""
    tables: dict[str, list[SettingDescription]] = {}
    for each in settings:
        tables.setdefault(each.name.rpartition(".")[0], []).append(each)
    return "\n".join([HEADER, *(line for name, rows in tables.items() for line in _table(name, rows))])


def as_text(value: object) -> str:
    """Return a value as the settings file has it; what has no default is "none".

    Examples
    --------
    >>> as_text(("AAPL", "MSFT")), as_text(None), as_text(True)
    ('["AAPL", "MSFT"]', 'none', 'true')
    """
    return "none" if value is None else json.dumps(value, default=str)


def _table(name: str, rows: Iterable[SettingDescription]) -> Iterable[str]:
    title = f"## [{name}]" if name else "## On top"
    yield from (title, "", "| setting | default | what it is |", "|---|---|---|")
    for each in rows:
        short = each.name.rpartition(".")[2]
        cells = (f"`{short}`", f"`{as_text(each.default)}`", each.description)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
