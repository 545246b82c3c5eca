"""The text of a headline: stored as printable text on one line, read on a plain copy."""

import html
import re
import unicodedata

# Terminals obey these up to their last letter, so what stands between must go too: "\x1b[31m", "\x1b]0;title\x07".
_ESCAPE_CODES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,256}[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]{0,4096}(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# With its semicolon (a number needs none): "AT&T", "S&P 500" and "R&Degree" hold no entity.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
# Feeds escape what was escaped before, "&amp;#39;", but not without end.
_DEEPEST_ESCAPE = 4
# They join emoji and letters, and mark the direction of single words; overrides of whole lines are not among them.
_JOINERS_AND_MARKS = frozenset("\u200c\u200d\u200e\u200f\u061c")
_APOSTROPHES = dict.fromkeys("\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u2032\u00b4\u0060\uff40", "'")
_QUOTES = dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u301d\u301e", '"')
_PLAIN = _APOSTROPHES | _QUOTES
# Four times as fast as `str.translate` where a text has few of them.
_TYPOGRAPHIC = re.compile(f"[{''.join(_PLAIN)}]")


def clean_text(text: object) -> str:
    """Return the text on one line, entities decoded, without control or escape codes; "" for what is no text.

    Also gone are characters that can't be seen and hide or turn others: overrides of the writing direction, soft
    hyphens, zero-width spaces.

    Examples
    --------
    >>> clean_text("  Profit\\n\\x1b[31m rises "), clean_text("AT&amp;T won&#x27;t sell"), clean_text(None)
    ('Profit rises', "AT&T won't sell", '')
    """
    if not isinstance(text, str):
        return ""
    if "&" not in text and text.isprintable():
        return " ".join(text.split())
    decoded = text
    for _ in range(_DEEPEST_ESCAPE):
        # Codes may be written as entities, and entities may be torn by codes.
        before, decoded = decoded, _printable(_ENTITY.sub(_decode, decoded))
        if decoded == before:
            break
    return " ".join(decoded.split())


def clean_address(address: object) -> str:
    """Return an address without blanks and control codes; "" for what is no text.

    Examples
    --------
    >>> clean_address(" https://n.example/1\\r\\n")
    'https://n.example/1'
    """
    if not isinstance(address, str):
        return ""
    return "".join(_printable(address).split())


def plain_text(text: str) -> str:
    """Return the copy of a text that a lexicon reads: entities decoded, typographic signs as a keyboard writes them.

    Newswires write the apostrophe of "won't" as U+2019, which VADER's list of negations lacks: it would read a promise
    as a fault.

    Examples
    --------
    >>> plain_text("Kola won\\u2019t disappoint"), plain_text("Kola won&#39;t disappoint")
    ("Kola won't disappoint", "Kola won't disappoint")
    """
    if text.isascii() and "&" not in text:
        return text
    # First by hand: NFKC takes an acute accent for a blank and a mark.
    return _as_typed(unicodedata.normalize("NFKC", _as_typed(clean_text(text))))


def _as_typed(text: str) -> str:
    return _TYPOGRAPHIC.sub(lambda sign: _PLAIN[sign[0]], text)


def _decode(entity: re.Match[str]) -> str:
    number = re.fullmatch(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?", entity[0])
    code = None if number is None else int(number[1], 16) if number[1] else int(number[2])
    # What HTML leaves out as no letter is a control code, which must go with what it controls.
    return chr(code) if code is not None and code < 32 else html.unescape(entity[0])


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_visible, _ESCAPE_CODES.sub("", text)))


def _visible(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS_AND_MARKS:
        return letter
    category = unicodedata.category(letter)
    # An emoji that is newer than this Python is unassigned, not unprintable.
    return letter if category == "Cn" else "" if category == "Cf" else " "
