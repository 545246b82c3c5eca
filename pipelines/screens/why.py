"""What a person reads of the reasons for forecasts in the terminal."""

from collections.abc import Sequence

from pipelines.screens.console import console, escape
from stockseq.errors import counted
from stockseq.models.why import Why
from stockseq.report.format import percent, session
from stockseq.report.text.why import why_sentence
from stockseq.report.why import build_why

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
        view = build_why(why, most=MOST_PARTS)
        console.print(f"{escape(why.ticker)}, {session(why.session)}: P(up) {view.forecast}")
        console.print(f"  {view.base:>10}  base: what the model says where nothing is known of the window")
        for bar in view.bars:
            console.print(f"  {bar.points:>6} pts  {escape(bar.words)}")
        console.print(f"  {view.forecast:>10}  the forecast")
