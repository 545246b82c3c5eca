"""What settings there are: their names, what each is for, and the one that a misspelt name meant."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from stockseq.printable import LONGEST_SHOWN


@dataclass(frozen=True)
class SettingDescription:
    """A setting as a person reads of it: its dotted name, what it is for, its default and the value in force."""

    name: str
    description: str
    default: object
    value: object


def describe(values: BaseModel, defaults: BaseModel, prefix: str = "") -> Iterator[SettingDescription]:
    """Yield every setting in the order of the file; those of a table follow the plain ones around it.

    Values of `storage_options`, which may be credentials, are left out.
    """
    tables = []
    for name, field in type(values).model_fields.items():
        value, default = getattr(values, name), getattr(defaults, name)
        if isinstance(value, BaseModel):
            tables.append((value, default, f"{prefix}{name}."))
            continue
        if name == "storage_options":
            value = dict.fromkeys(value, "...")
        yield SettingDescription(f"{prefix}{name}", field.description or "", default, value)
    for table in tables:
        yield from describe(*table)


def hint(settings: type[BaseModel], location: Sequence[str]) -> str:
    """Return which of the settings was meant: those of the same name elsewhere, or else the nearest."""
    *table, leaf = location
    siblings = {name: ".".join([*table, name]) for name in _table(settings, table)}
    everywhere: dict[str, str] = {}
    for name in _names(settings):
        last = name.split(".")[-1]
        everywhere[last] = f"{everywhere[last]}` or `{name}" if last in everywhere else name
    # Names are short, and to compare a long one takes minutes.
    leaf = leaf[:LONGEST_SHOWN]
    for candidates, cutoff in ((everywhere, 1.0), (siblings, 0.6), (everywhere, 0.75)):
        near = difflib.get_close_matches(leaf, candidates, n=1, cutoff=cutoff)
        if near:
            return f"did you mean `{candidates[near[0]]}`?"
    return f"choose from {', '.join(sorted(siblings))}."


def _table(settings: type[BaseModel], location: Sequence[str]) -> list[str]:
    """Return the names of a table's settings; a table of tables, such as the variants, is one type throughout."""
    annotation: Any = settings
    for part in location:
        fields = _fields(annotation)
        annotation = fields[part] if fields else get_args(annotation)[-1]
    return list(_fields(annotation))


def _names(model: Any, prefix: str = "") -> Iterator[str]:
    for name, annotation in _fields(model).items():
        yield prefix + name
        yield from _names(annotation, f"{prefix}{name}.")


def _fields(annotation: Any) -> dict[str, Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    return {}
