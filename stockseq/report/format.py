"""How values read, on the page and in sentences (`..._words`): fractions become percent here and nowhere else."""

import math
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

DASH = "\u2013"
MINUS = "\u2212"
# Control characters, and the marks that reorder the text around them.
UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def finite(value: object) -> float | None:
    """Return a number as float, or None where it is missing, infinite or no number.

    Examples
    --------
    >>> finite(2), finite(float("nan")), finite("2")
    (2.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def percent(value: object, *, digits: int = 1, signed: bool = False) -> str:
    """Return a fraction in percent.

    Examples
    --------
    >>> percent(0.5525), percent(0.1, signed=True), percent(-0.1) == MINUS + "10.0%", percent(None) == DASH
    ('55.2%', '+10.0%', True, True)
    """
    number = finite(value)
    return DASH if number is None else _signed(f"{100 * number:{'+' if signed else ''}z,.{digits}f}%")


def probability(value: object, *, digits: int = 1) -> str:
    """Return a probability in percent; none is certain, so none reads as 0 or 100.

    Examples
    --------
    >>> probability(0.6912), probability(0.99996), probability(0.0)
    ('69.1%', 'over 99.9%', 'under 0.1%')
    """
    words, step = percent(value, digits=digits), 10.0**-digits
    if words == percent(1.0, digits=digits):
        return f"over {100 - step:.{digits}f}%"
    return f"under {step:.{digits}f}%" if words == percent(0.0, digits=digits) else words


def number(value: object, *, digits: int = 3, signed: bool = False) -> str:
    """Return a plain number.

    Examples
    --------
    >>> number(1.23456), number(1234567.0, digits=0), number(0.5, digits=1, signed=True)
    ('1.235', '1,234,567', '+0.5')
    """
    value = finite(value)
    return DASH if value is None else _signed(f"{value:{'+' if signed else ''}z,.{digits}f}")


def points(fraction: object, *, digits: int = 1) -> str:
    """Return a difference of two fractions in percentage points, with its sign.

    Examples
    --------
    >>> points(0.009), points(None) == DASH
    ('+0.9', True)
    """
    number = finite(fraction)
    return DASH if number is None else _signed(f"{100 * number:+z.{digits}f}")


def basis_points(fraction: object) -> str:
    """Return a small fraction in basis points with its sign, one digit below ten: what is there is never shown as 0.

    Examples
    --------
    >>> basis_points(0.0108), basis_points(0.00003)
    ('+108 bp', '+0.3 bp')
    """
    value = finite(fraction)
    if value is None:
        return DASH
    return f"{number(1e4 * value, digits=0 if abs(value) >= 1e-3 else 1, signed=True)} bp"


def count(value: object) -> str:
    """Return a count.

    Examples
    --------
    >>> count(15000)
    '15,000'
    """
    return number(value, digits=0)


def p_value(value: object) -> str:
    """Return a p-value to four places, which a smaller one is below.

    Examples
    --------
    >>> p_value(0.02), p_value(1e-9)
    ('0.0200', '< 0.0001')
    """
    chance = finite(value)
    return "< 0.0001" if chance is not None and chance < 0.0001 else number(chance, digits=4)


def p_words(chance: float) -> str:
    """Return a p-value as it stands in a sentence.

    Examples
    --------
    >>> p_words(0.0004), p_words(0.04321), p_words(0.4)
    ('below 0.001', '0.043', '0.40')
    """
    return "below 0.001" if chance < 0.001 else f"{chance:.3f}" if chance < 0.1 else f"{chance:.2f}"


def interval(bounds: object, *, digits: int = 1) -> str:
    """Return a pair of fractions as an interval in percent that no line breaks, for tables and tiles.

    Examples
    --------
    >>> interval((0.541, 0.563)).replace("\\N{NO-BREAK SPACE}", " ")
    '54.1% to 56.3%'
    """
    if not isinstance(bounds, Sequence) or isinstance(bounds, str) or len(bounds) != 2:
        return DASH
    low, high = (percent(bound, digits=digits) for bound in bounds)
    return DASH if DASH in (low, high) else f"{low}\u00a0to\u00a0{high}"


def interval_words(bounds: tuple[float, float]) -> str:
    """Return an interval in percent as it stands in a sentence; one of a share ends at 0 and 100 percent.

    Examples
    --------
    >>> interval_words((0.941, 1.013))
    '94.1% to 100.0%'
    """
    low, high = bounds
    return f"{percent(max(low, 0.0))} to {percent(min(high, 1.0))}"


def session(value: Any) -> str:
    """Return a session's date.

    Examples
    --------
    >>> session(pd.Timestamp("2024-11-29"))
    '2024-11-29'
    """
    return DASH if pd.isna(value) else pd.Timestamp(value).strftime("%Y-%m-%d")


def instant(value: Any) -> str:
    """Return an instant to the minute, in UTC; a stamp without a zone is shown as it is.

    Examples
    --------
    >>> instant(pd.Timestamp("2024-11-29 09:00", tz="America/New_York"))
    '2024-11-29 14:00 UTC'
    """
    if pd.isna(value):
        return DASH
    stamp = pd.Timestamp(value)
    if stamp.tzinfo is None:
        return stamp.strftime("%Y-%m-%d %H:%M")
    return stamp.tz_convert("UTC").strftime("%Y-%m-%d %H:%M UTC")


def text(value: object, *, limit: int = 300) -> str:
    """Return someone else's text, cut to `limit` characters, with unreadable characters made visible.

    Escaping is the template's work.

    Examples
    --------
    >>> text("a\\u202eb") == "a\\ufffdb", text("abcdef", limit=4)
    (True, 'abc…')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT:
        return DASH
    plain = UNREADABLE.sub("\ufffd", str(value))
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def anything(value: object) -> str:
    """Return any value as it reads best by its type alone.

    Examples
    --------
    >>> anything(True), anything(0.12345678), anything(2500), anything([1, 2])
    ('yes', '0.1235', '2,500', '1, 2')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return instant(value) if value.tzinfo or value != value.normalize() else session(value)
    if isinstance(value, Real):
        as_float = float(value)
        return count(as_float) if as_float.is_integer() else number(as_float, digits=4)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return text(", ".join(anything(item) for item in value))
    return text(value)


def label(name: str) -> str:
    """Return a column's or measure's name in words.

    Examples
    --------
    >>> label("break_even_cost_bps"), label("ic")
    ('Break even cost bps', 'IC')
    """
    if name.lower() in {"ic", "auc", "mcc", "cagr"}:
        return name.upper()
    words = text(name, limit=60).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def safe_link(url: object) -> str | None:
    """Return an absolute http or https address, or None for anything else.

    Examples
    --------
    >>> safe_link("https://example.org/a"), safe_link("javascript:alert(1)"), safe_link("//example.org")
    ('https://example.org/a', None, None)
    """
    if not isinstance(url, str) or UNREADABLE.search(url) or any(character.isspace() for character in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and host else None


def flatten(mapping: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Return the leaves of nested mappings under dotted names.

    Examples
    --------
    >>> flatten({"a": {"b": 1, "c": {}}, "d": 2})
    [('a.b', 1), ('d', 2)]
    """
    leaves: list[tuple[str, object]] = []
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        leaves += flatten(value, f"{name}.") if isinstance(value, Mapping) else [(name, value)]
    return leaves


def _signed(digits: str) -> str:
    return digits.replace("-", MINUS)
