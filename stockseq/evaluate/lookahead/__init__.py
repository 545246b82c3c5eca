"""The proof that nothing looks ahead: take away or poison all that came after a decision, rebuild, and compare.

What was known when is worked out here anew, from the calendar and the stamps alone, so that a pipeline that dates
its inputs wrongly is caught instead of believed.
"""

from stockseq.evaluate.lookahead.clock import Clock, Cut
from stockseq.evaluate.lookahead.compare import Artefact, Compared, Finding, compare, differs
from stockseq.evaluate.lookahead.instants import find_early_headlines, find_early_trades, find_overlap
from stockseq.evaluate.lookahead.poison import poison_after, poison_bars
from stockseq.evaluate.lookahead.proof import Verdict, examine, summarise
from stockseq.evaluate.lookahead.tables import Tables, remove_after

__all__ = [
    "Artefact",
    "Clock",
    "Compared",
    "Cut",
    "Finding",
    "Tables",
    "Verdict",
    "compare",
    "differs",
    "examine",
    "find_early_headlines",
    "find_early_trades",
    "find_overlap",
    "poison_after",
    "poison_bars",
    "remove_after",
    "summarise",
]
