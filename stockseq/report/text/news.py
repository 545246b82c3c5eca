"""What a forecast read of the news, in sentences."""

from collections.abc import Sequence

import pandas as pd

from stockseq.errors import counted
from stockseq.evaluate.news_timing import SourceTiming
from stockseq.report import format as wording

NO_TEXT = "no text input: trained without headlines"


def age_words(sessions_ago: int) -> str:
    """Return the age of a headline, in sessions before the one that is forecast.

    Examples
    --------
    >>> age_words(0), age_words(1), age_words(4)
    ('of this session', '1 session old', '4 sessions old')
    """
    return f"{counted(sessions_ago, 'session')} old" if sessions_ago else "of this session"


def news_sentence(headlines: pd.DataFrame, *, lookback: int, reads_text: bool) -> str:
    """Return what the forecasts read of some headlines.

    Parameters
    ----------
    headlines : DataFrame with sessions_ago, as_text, n_words and n_unknown
        Those in the windows, of one ticker or of all.
    lookback : int
        Sessions of a window.
    reads_text : bool
        Whether the network has a text input.

    Examples
    --------
    >>> news_sentence(pd.DataFrame(), lookback=10, reads_text=True)
    'No headline in the window of 10 sessions.'
    >>> one = pd.DataFrame({"sessions_ago": [2], "as_text": True, "n_words": 5, "n_unknown": 2})
    >>> news_sentence(one, lookback=10, reads_text=True)
    '1 headline in the window of 10 sessions, the newest 2 sessions old; 1 is read word by word, and 2 of its 5 words
    are outside the vocabulary.'
    >>> news_sentence(one, lookback=10, reads_text=False)
    '1 headline in the window of 10 sessions, the newest 2 sessions old; no text input: trained without headlines.'
    """
    window = f"the window of {counted(lookback, 'session')}"
    if headlines.empty:
        return f"No headline in {window}{'' if reads_text else f'; {NO_TEXT}'}."
    age = age_words(int(headlines["sessions_ago"].min()))
    found = f"{counted(len(headlines), 'headline')} in {window}, the newest {age}"
    if not reads_text:
        return f"{found}; {NO_TEXT}."
    n, n_words, n_unknown = (int(headlines[name].sum()) for name in ("as_text", "n_words", "n_unknown"))
    verb, whose = ("is", "its") if n == 1 else ("are", "their")
    return (
        f"{found}; {n} {verb} read word by word, and {n_unknown} of {whose} {counted(n_words, 'word')} are outside the "
        "vocabulary."
    )


def timing_sentences(timings: Sequence[SourceTiming]) -> tuple[str, ...]:
    """Return a sentence for each source whose clock is doubted.

    Examples
    --------
    >>> timing_sentences([SourceTiming(source="yahoo", n=9)])
    ()
    """
    return tuple(sentence for timing in timings if timing.doubted and (sentence := _doubt(timing)))


def _doubt(timing: SourceTiming) -> str:
    first, second = timing.lag_0, timing.lag_1
    if first is None or second is None:
        return ""
    return (
        f"The clock of the headlines from {wording.text(timing.source, limit=60)} is doubted. The rank correlation of "
        f"their tone is {wording.number(second.correlation, digits=2, signed=True)} with the first session that opens "
        f"after their stamps (over {counted(second.n_sessions, 'session')}), and "
        f"{wording.number(first.correlation, digits=2, signed=True)} with the session that had opened before, as if "
        "they were stamped hours before they were published. Then forecasts read what nobody knew: check the time zone "
        "of the source and import it anew into another folder (DATA=...), or leave it out of `headlines_from`."
    )
