"""JSON from an unknown hand: what a reader could take in two ways, or that no number holds, is refused."""

import json
import math
from collections import Counter
from typing import Any

# Deeper than any file of ours; Python's own reader gives up at some hundreds with an error that is no `ValueError`.
DEEPEST = 64
# A whole number of 64 bits has at most 19 digits.
LONGEST_INTEGER = 19


def read_json(content: bytes) -> Any:
    """Return what a JSON text says.

    Raises
    ------
    ValueError
        If it isn't JSON in UTF-8, is nested more than 64 deep, names a key twice, holds NaN, an infinity, or a whole
        number of more than 19 digits.

    Examples
    --------
    >>> read_json(b'{"units": 8}')
    {'units': 8}
    >>> read_json(b'{"units": 8, "units": 9}')
    Traceback (most recent call last):
    ValueError: the key 'units' is there twice
    """
    text = content.decode("utf-8")
    if _depth(text) > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    return json.loads(
        text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_int=_integer, parse_float=_finite
    )


def _depth(text: str) -> int:
    """Return how deep brackets are nested, those inside of texts left out."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice[:60]!r} is there twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_INTEGER:
        raise ValueError(f"a whole number has {len(digits.lstrip('-'))} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is more than a number holds")
    return number
