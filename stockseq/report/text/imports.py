"""What an import says of the data: silences, moves that look like a split, folds that fit."""

from collections.abc import Sequence

import pandas as pd

from stockseq.errors import counted
from stockseq.ingestion.summary import TickerSummary

MOST_NAMED = 5


def silence_sentences(silences: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each long silence, and one for how many more there are.

    Examples
    --------
    >>> silences = pd.DataFrame({"ticker": ["A"], "last": [pd.Timestamp("2020-01-03")],
    ...     "first": [pd.Timestamp("2021-06-01")]})
    >>> silence_sentences(silences)[0][:55]
    'A has no bar between 2020-01-03 and 2021-06-01: what fo'
    """
    sentences = [
        f"{row['ticker']} has no bar between {row['last'].date()} and {row['first'].date()}: what follows may be "
        "another company under the same symbol, so its indicators and its volatility are warmed up anew."
        for row in silences.head(MOST_NAMED).to_dict("records")
    ]
    more = [f"{len(silences) - MOST_NAMED} more silences are as long."] if len(silences) > MOST_NAMED else []
    return (*sentences, *more)


def split_like_sentences(jumps: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each move that looks like a split which isn't listed, and one for how many more there are.

    Examples
    --------
    >>> moved = {"ticker": "A", "session": pd.Timestamp("2024-06-04"), "ratio": 2.0, "listed": 1.0}
    >>> jumps = pd.DataFrame([moved])
    >>> split_like_sentences(jumps)[0][:62]
    'A moved on 2024-06-04 as at a split of 2 (2 new for 1 old), an'
    """
    sentences = [
        f"{row['ticker']} moved on {row['session'].date()} as at a split of {row['ratio']:.4g} "
        f"({_words(row['ratio'])}), {_unexplained(row['listed'])} It was not repaired."
        for row in jumps.head(MOST_NAMED).to_dict("records")
    ]
    more = [f"{len(jumps) - MOST_NAMED} more moves look like splits."] if len(jumps) > MOST_NAMED else []
    return (*sentences, *more)


def _unexplained(listed: float) -> str:
    if listed == 1:
        return "and no split is listed. If it was one, every figure that spans it is wrong: add the split."
    return (
        f"beyond the split of {listed:.4g} that is listed on this date. If its ratio is wrong, every figure that spans "
        "it is: correct the split."
    )


def fold_sentence(n_sessions: int, changed: str | None) -> str:
    """Return whether the settings fit a history, or which would.

    Parameters
    ----------
    n_sessions : int
        Sessions with samples.
    changed : str or None
        What would have to change, "" for nothing, None where no settings fit.

    Examples
    --------
    >>> fold_sentence(140, "")
    'About 140 sessions are left after the warm-up and the first window: the settings fit.'
    """
    verb = "is" if n_sessions == 1 else "are"
    left = f"About {counted(max(n_sessions, 0), 'session')} {verb} left after the warm-up and the first window"
    if changed is None:
        return f"{left}: too few for a backtest, whatever the settings. Import a longer history."
    if not changed:
        return f"{left}: the settings fit."
    return f'{left}: the settings don\'t fit so few. These do: make backtest SET="{changed}".'


def gap_sentence(summaries: Sequence[TickerSummary]) -> str:
    """Return how many sessions have no bar, over all tickers.

    Examples
    --------
    >>> gap_sentence([])
    ''
    """
    gaps = sum(summary.n_gaps for summary in summaries)
    n_tickers = sum(summary.n_gaps > 0 for summary in summaries)
    if not gaps:
        return ""
    missing = f"{counted(gaps, 'session')} of {counted(n_tickers, 'ticker')}"
    return f"Between the first bar and the last, {missing} have none; they are not filled."


def _words(ratio: float) -> str:
    return f"{ratio:.3g} new for 1 old" if ratio >= 1 else f"1 new for {1 / ratio:.3g} old"
