"""Random texts of many alphabets, and what may never reach a terminal."""

import random
import unicodedata
from collections.abc import Mapping

DIRECTION = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
MARKS = "\u200e\u200f\u061c"
ESCAPES = (
    "\x1b[31m", "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1bc", "\x1b[6n", "\x9b31m", "\x9d0;t\x9c",
    "\x07", "\x08", "\r", "\x00", "\x7f", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1b", "\x90q\x9c", "\x18",
)  # fmt: skip
MARKUP = ("[red]", "[/red]", "[/]", "[link=http://x]", "[bold", "\\[", "\\", "[", "]", "[@click=x]", ":smile:", "[/\n]")
ALPHABETS: Mapping[str, tuple[str, ...]] = {
    "plain": tuple("abc XYZ019.,;:'\"-+$%&/()=?!<>{}|#@~^_"),
    "escape codes": (*"abc 19m;", *ESCAPES),
    "direction marks": (*"abc \u05d0\u05d1\u0627", *DIRECTION, *MARKS),
    "markup": (*"abc 1", *MARKUP),
    "entities": (*"abc ", "&#27;", "&amp;", "&#x1b;[31m", "&lt;", "&#0;", "&bogus;", "&#8238;", "&amp;#27;", "&"),
    "the world": (*"\u00e9\u00df\u682a\u0e01\u0939\u06f5\u0301 ", "\U0001f600", "\U0001f468\u200d\U0001f4bb", "\ufffd"),
    "any": (),
}


def draw_text(random_: random.Random, alphabet: str, *, longest: int = 24) -> str:
    """Return a text of a name in `ALPHABETS`; "any" draws from all of Unicode, halves of pairs included."""
    letters = ALPHABETS[alphabet]
    n = random_.randint(1, longest)
    if not letters:
        return "".join(chr(random_.randrange(0x110000)) for _ in range(n))
    return "".join(random_.choices(letters, k=n))


def is_dangerous(letter: str) -> bool:
    """Return whether a terminal obeys a character instead of showing it, or none can write it."""
    return letter in DIRECTION or unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def require_harmless(said: str) -> None:
    """Raise `AssertionError` where what was said holds such a character; a line break is none."""
    found = [letter for letter in said if letter != "\n" and (is_dangerous(letter) or letter in MARKS)]
    assert not found, f"{found[:5]!r} reached the terminal in {said[:300]!r}"


def require_sentence(said: str) -> None:
    """Raise `AssertionError` unless this is one printable sentence of a length that a person reads."""
    require_harmless(said)
    assert "Traceback" not in said
    assert said.strip(), "nothing was said"
    assert len(said) < 2_000, f"{len(said)} characters: {said[:200]}"
