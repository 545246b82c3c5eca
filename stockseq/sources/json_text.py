"""JSON as services send it: one bad letter or number costs the item that it is in, not the whole answer."""

import json
import re

# What stands for a byte that isn't UTF-8; it is found again where a text is read.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_LONGEST_INTEGER = 18


def read_json(content: bytes) -> object:
    """Return the value of a JSON text; raise `ValueError` where it is none.

    A byte that isn't UTF-8 becomes half a surrogate, a number beyond all use an infinity.

    Examples
    --------
    >>> read_json(b'\\xef\\xbb\\xbf{"a": [1, 1e400, ' + b"9" * 5000 + b"]}")
    {'a': [1, inf, inf]}
    >>> read_json(b"[" * 100_000)
    Traceback (most recent call last):
    ValueError: nested too deep
    """
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def has_stray_bytes(text: str) -> bool:
    """Return whether a text of `read_json` holds a byte that wasn't UTF-8."""
    return _STRAY_BYTE.search(text) is not None


def describe(value: object) -> str:
    """Say in a few words what a JSON value is.

    Examples
    --------
    >>> describe({"status": "ERROR", "message": "no"}), describe([1]), describe(None)
    ("an object of 'message', 'status'", 'a list', 'null')
    """
    if isinstance(value, dict):
        return "an object of " + ", ".join(sorted(repr(str(key)[:20]) for key in list(value)[:4])) if value else "{}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "null" if value is None else "a text" if isinstance(value, str) else "a number"


def _integer(digits: str) -> int | float:
    # Beyond 4,300 digits Python refuses to read an integer at all.
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
