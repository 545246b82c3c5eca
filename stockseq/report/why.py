"""What moved a forecast, as the page shows it: a bar for each part, from the base to the forecast."""

from collections.abc import Sequence
from dataclasses import dataclass

from stockseq.errors import counted
from stockseq.models.why import Why
from stockseq.report import format as wording
from stockseq.report.text.why import part_words

MOST_BARS = 6
LONGEST_TEXT = 120
# A tenth of a point is the least that the page shows.
TENTH = 0.001


@dataclass(frozen=True)
class WhyBar:
    """One part, as shown; `start` and `width` are percent of the bar's width."""

    points: str
    words: str
    direction: str
    start: float
    width: float


@dataclass(frozen=True)
class WhyView:
    """The parts of one forecast, as shown: base and bars sum to the forecast, to the tenth that is shown."""

    base: str
    base_at: float
    bars: Sequence[WhyBar]
    forecast: str


def build_why(why: Why, *, most: int = MOST_BARS) -> WhyView:
    """Return the base, the `most` strongest parts, all others in one, and the forecast.

    What is left over by rounding is among the others.

    Examples
    --------
    >>> import pandas as pd
    >>> from stockseq.models.why import Part
    >>> parts = Part("group", "trend", 0.0304), Part("rest", "rest", -0.0004)
    >>> view = build_why(Why("ACME", pd.Timestamp("2024-11-29"), 0.5, 0.53, parts))
    >>> view.base, [(bar.points, bar.words) for bar in view.bars], view.forecast
    ('50.0%', [('+3.0', 'trend')], '53.0%')
    """
    base, forecast = _tenths(why.base), _tenths(why.probability_up)
    shown = [part for part in why.strongest if _tenths(part.contribution)][:most]
    steps = [(_tenths(part.contribution), part_words(part, limit=LONGEST_TEXT)) for part in shown]
    others = forecast - base - sum(step for step, _ in steps)
    if others:
        steps.append((others, _others(why, len(why.strongest) - len(shown))))
    return WhyView(
        base=wording.percent(why.base),
        base_at=_place(base, base, steps),
        bars=_bars(base, steps),
        forecast=wording.percent(why.probability_up),
    )


def _tenths(fraction: float) -> int:
    """Return tenths of a point, rounded as `format.percent` rounds them."""
    return round(float(f"{100 * fraction:.1f}") * 10)


def _others(why: Why, n_smaller: int) -> str:
    named = [counted(n_smaller, "smaller part")] if n_smaller else []
    if any(part.kind == "rest" for part in why.parts):
        named.append("what the news says beyond each headline alone")
    if why.n_left_out:
        named.append(f"{counted(why.n_left_out, 'headline')} not taken out one by one")
    return f"everything else: {', '.join(named)}" if named else "everything else"


def _bars(base: int, steps: Sequence[tuple[int, str]]) -> list[WhyBar]:
    bars, before = [], base
    for step, words in steps:
        start, end = sorted(_place(at, base, steps) for at in (before, before + step))
        bars.append(
            WhyBar(wording.points(step * TENTH), words, "up" if step > 0 else "down", start, round(end - start, 1))
        )
        before += step
    return bars


def _place(at: int, base: int, steps: Sequence[tuple[int, str]]) -> float:
    """Return where a probability lies between the lowest and the highest that is passed, in percent."""
    passed = [base]
    for step, _ in steps:
        passed.append(passed[-1] + step)
    low, high = min(passed), max(passed)
    return round(100.0 * (at - low) / max(high - low, 1), 1)
