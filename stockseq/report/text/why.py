"""What moved a forecast, in words."""

import math
from collections.abc import Callable, Mapping

from stockseq.errors import counted
from stockseq.models.why import Part, Why
from stockseq.report import format as wording

LONGEST_HEADLINE = 70
GROUP_WORDS = {
    "recent_returns": "recent returns",
    "trend": "trend",
    "oscillators": "oscillators",
    "volatility": "volatility",
    "volume": "volume",
    "calendar": "calendar",
}


def _percent(value: float) -> str:
    return wording.percent(value, signed=True)


# What the telling indicator of a group says, from its value in the feature table.
_VALUE_WORDS: Mapping[str, Callable[[float], str]] = {
    "return_5": lambda value: f"recent returns, 5 sessions {_percent(value)}",
    "return_21": lambda value: f"trend, 21 sessions {_percent(value)}",
    "rsi_14": lambda value: f"RSI {wording.number(50.0 * (value + 1.0), digits=0)}",
    "volatility_21": lambda value: f"volatility, {wording.percent(value)} a session",
    "relative_volume_20": lambda value: (
        f"volume, {wording.number(2.0 * math.exp(value) - 1.0, digits=1)} times its mean"
    ),
    "days_closed": lambda value: f"calendar, {counted(round(value), 'day')} since the last session",
}


def part_words(part: Part, *, limit: int = LONGEST_HEADLINE) -> str:
    """Return what a part is: a headline in quotes, a group by its telling indicator, or the rest.

    Examples
    --------
    >>> part_words(Part("group", "oscillators", 0.03, "rsi_14", 0.42))
    'RSI 71'
    >>> part_words(Part("group", "moon_phase", 0.03, "moon_phase", 0.25))
    'moon_phase 0.250'
    >>> part_words(Part("headline", "a1", -0.09, text="Banvex order book shrinks"))
    "'Banvex order book shrinks'"
    """
    if part.kind == "headline":
        return f"'{wording.text(part.text, limit=limit)}'"
    if part.kind == "rest":
        return "the rest of the news"
    name = GROUP_WORDS.get(part.name, wording.text(part.name, limit=limit))
    value = wording.finite(part.value)
    if value is None:
        return name
    words = _VALUE_WORDS.get(part.feature)
    return f"{name} {wording.number(value)}" if words is None else words(value)


def points(contribution: float) -> str:
    """Return what a part added, in points of probability.

    Examples
    --------
    >>> points(0.031)
    '+3.1 pts'
    """
    return f"{wording.points(contribution)} pts"


def why_sentence(why: Why, *, most: int = 3) -> str:
    """Return the strongest parts of a forecast, those of a tenth of a point or more.

    Examples
    --------
    >>> import pandas as pd
    >>> parts = Part("headline", "a1", -0.092, text="Banvex order book shrinks"), Part("rest", "rest", 0.002)
    >>> why_sentence(Why("BANVEX", pd.Timestamp("2024-11-29"), 0.5, 0.41, parts)).replace(wording.MINUS, "-")
    "-9.2 pts: 'Banvex order book shrinks'"
    >>> why_sentence(Why("ACME", pd.Timestamp("2024-11-29"), 0.5, 0.5, ()))
    'nothing moved it by a tenth of a point'
    """
    strongest = [part for part in why.strongest if abs(part.contribution) >= 0.001][:most]
    if not strongest:
        return "nothing moved it by a tenth of a point"
    return "; ".join(f"{points(part.contribution)}: {part_words(part)}" for part in strongest)
