"""Text of unknown origin made fit to be shown: nothing in it moves a cursor, turns a line round or stays unseen."""

import unicodedata

# They join emoji and the letters of some scripts.
_JOINERS = frozenset("\u200c\u200d")
# They mark the direction of single words, and show nothing where a line has one direction.
_MARKS = frozenset("\u200e\u200f\u061c")
# What stands in our own sentences and not in every encoding.
_PLAIN_SIGNS = {
    "\u2713": "+", "\u2717": "x", "\u2192": "->", "\u2026": "...", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u00d7": "x", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
}  # fmt: skip
LONGEST_SHOWN = 60
# Python itself refuses to write whole numbers of more than 4,300 digits.
_LARGEST_SHOWN = 10**40


def visible(text: str, *, lines: bool = False) -> str:
    """Return the text with control codes, direction overrides and halves of characters written as Python writes them.

    Parameters
    ----------
    text : str
    lines : bool, default=False
        Whether a line break stays one.

    Examples
    --------
    >>> visible("KOLA\\x1b[31m"), visible("a\\u202eb"), visible("Kola \\u00e9t\\u00e9"), visible("a\\nb", lines=True)
    ('KOLA\\\\x1b[31m', 'a\\\\u202eb', 'Kola été', 'a\\nb')
    """
    if text.isprintable():
        return text
    return "".join(letter if letter == "\n" and lines else _visible(letter) for letter in text)


def encodable(text: str, encoding: str) -> str:
    """Return the text with what an encoding lacks written in plain signs, or as Python writes it.

    Examples
    --------
    >>> encodable("✓ Kola été 株", "latin-1")
    '+ Kola été \\\\u682a'
    """
    if text.isascii() or _fits(text, encoding):
        return text
    return "".join(letter if _fits(letter, encoding) else _plain(letter) for letter in text)


def shown(value: object) -> str:
    """Return what was received as a sentence quotes it: as Python writes it, printable, and not too long.

    Examples
    --------
    >>> shown("a\\nb"), shown(10**400), len(shown("x" * 1000))
    ("'a\\\\nb'", 'a whole number of more than 40 digits', 63)
    """
    if isinstance(value, int) and abs(value) >= _LARGEST_SHOWN:
        return "a whole number of more than 40 digits"
    try:
        # A long text is cut first: only its beginning is shown.
        written = repr(value[: 2 * LONGEST_SHOWN] if isinstance(value, str | bytes) else value)
    except (ValueError, RecursionError):
        # A list of such numbers, or lists in lists without end.
        return f"a {type(value).__name__} too large to show"
    return visible(written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}...")


def shortened(name: str) -> str:
    """Return a name as a sentence holds it: printable, and not too long.

    Examples
    --------
    >>> shortened("a\\x1b"), len(shortened("x" * 1000))
    ('a\\\\x1b', 63)
    """
    return visible(name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}...")


def _visible(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS:
        return letter
    # Spaces of all widths, letters that are newer than this Python, and private ones are no danger.
    if unicodedata.category(letter) in ("Zs", "Cn", "Co"):
        return letter
    return "" if letter in _MARKS else repr(letter)[1:-1]


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    except LookupError:
        return text.isascii()
    return True


def _plain(letter: str) -> str:
    return _PLAIN_SIGNS.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii")
