"""TOML from a person's hand: a settings file, and one value of the command line."""

import tomllib
from pathlib import Path
from typing import Any

from stockseq.errors import SettingsError

# A settings file that is longer, or nested deeper, is none.
LONGEST_FILE, DEEPEST = 2**20, 20


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a settings file says; raise `SettingsError` where it can't be read or is no settings file."""
    try:
        if path.exists() and not path.is_file():
            raise SettingsError(f"The settings file {path} is no file; name one, as in CONFIG=stockseq.toml.")
        if path.stat().st_size > LONGEST_FILE:
            raise SettingsError(f"{path} is no settings file: it has {path.stat().st_size:,} bytes.")
        # Editors on Windows begin a text with the mark that `sig` passes over.
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeEncodeError) as error:
        raise SettingsError(f"The settings file {path} can't be read: {_reason(error)}.") from error
    except RecursionError as error:
        raise SettingsError(f"The settings file {path} isn't valid TOML: its brackets are nested too deep.") from error
    except ValueError as error:
        # TOML that is none, bytes that are no UTF-8, a number of more digits than Python reads.
        raise SettingsError(f"The settings file {path} isn't valid TOML: {_reason(error)}.") from error
    if _is_deeper(values, DEEPEST):
        raise SettingsError(
            f"The settings file {path} has tables or lists nested more than {DEEPEST} deep; write fewer."
        )
    return values


def _reason(error: Exception) -> str:
    if "integer string conversion" in str(error):
        return "it holds a number of more than 4,300 digits"
    text = getattr(error, "strerror", None) or str(error)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _is_deeper(value: object, deepest: int) -> bool:
    level = [value]
    for _ in range(deepest):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def parse_value(text: str, *, depth: int = 0) -> object:
    """Return a TOML value; a shell takes the quotes from text, so what isn't TOML is text, in a list too."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {}
    if parsed.keys() == {"value"} and not _is_deeper(parsed, DEEPEST):
        return parsed["value"]
    # A list in such a list is text.
    if depth == 0 and text.startswith("[") and text.endswith("]"):
        return [parse_value(item.strip(), depth=1) for item in text[1:-1].split(",") if item.strip()]
    return text
