"""What a person reads of the reasons for forecasts in the terminal."""

from collections.abc import Sequence

from pipelines.screens.console import console, escape
from stockseq.errors import counted
from stockseq.models.why import Why
from stockseq.report.format import percent, session
from stockseq.report.text.why import part_words, points, why_sentence

MOST_TICKERS = 5
MOST_PARTS = 12


def show_strongest(explained: Sequence[Why]) -> None:
    """The strongest parts of the forecasts that are furthest from one half, a line each."""
    if not explained:
        return
    ordered = sorted(explained, key=lambda why: -abs(why.probability_up - 0.5))
    others = len(ordered) - MOST_TICKERS
    more = f"; the page has the other {counted(others, 'ticker')}" if others > 0 else ""
    console.print(f"Why, in points of probability from a base of {percent(ordered[0].base)}{more}:", markup=False)
    for why in ordered[:MOST_TICKERS]:
        console.print(f"  {escape(why.ticker)} {percent(why.probability_up)}: {escape(why_sentence(why))}")


def show_why(explained: Sequence[Why]) -> None:
    """Every forecast with its base and its parts, the strongest first, summing to the forecast."""
    for why in explained:
        console.print(f"{escape(why.ticker)}, {session(why.session)}: P(up) {percent(why.probability_up)}")
        console.print(f"  {percent(why.base):>10}  base: what the model says where nothing is known of the window")
        rest = [part for part in why.parts if part.kind == "rest"]
        moved = why.strongest
        for part in moved[:MOST_PARTS]:
            console.print(f"  {points(part.contribution):>10}  {escape(part_words(part))}")
        if smaller := moved[MOST_PARTS:]:
            total = sum(part.contribution for part in smaller)
            console.print(f"  {points(total):>10}  {counted(len(smaller), 'smaller part')}")
        for part in rest:
            left_out = f", {counted(why.n_left_out, 'headline')} not taken out among it" if why.n_left_out else ""
            console.print(f"  {points(part.contribution):>10}  {part_words(part)}{left_out}")
        console.print(f"  {percent(why.probability_up):>10}  the forecast")
