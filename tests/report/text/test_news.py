"""What is said of the news behind a forecast is what the network read."""

import pandas as pd

from stockseq.evaluate.news_timing import SourceTiming, ToneReturn
from stockseq.report.text.news import news_sentence, timing_sentences


def test_what_was_read_is_counted_with_its_age_and_unknown_words() -> None:
    """By hand: two of three headlines are read, nine words, four of them unknown; the newest is of yesterday."""
    rows = {"sessions_ago": [1, 3, 3], "as_text": [True, True, False], "n_words": [5, 4, 0], "n_unknown": [3, 1, 0]}
    sentence = news_sentence(pd.DataFrame(rows), lookback=10, reads_text=True)
    assert sentence == (
        "3 headlines in the window of 10 sessions, the newest 1 session old; 2 are read word by word, and 4 of their "
        "9 words are outside the vocabulary."
    )


def test_a_model_that_was_trained_without_headlines_reads_no_text() -> None:
    """The first day of a live store: there were no headlines to learn words from."""
    nothing = news_sentence(pd.DataFrame(), lookback=5, reads_text=False)
    assert nothing == "No headline in the window of 5 sessions; no text input: trained without headlines."


def test_a_doubted_clock_is_named_with_both_correlations() -> None:
    """Whoever reads it must know which source, by what, and what to do."""
    lags = [
        ToneReturn(n=900, n_sessions=200, correlation=correlation, ci=(0.0, 0.2), low=0.01)
        for correlation in (0.01, 0.16)
    ]
    timing = SourceTiming(source="files:\x1b[31mfnspid", n=1000, lag_0=lags[0], lag_1=lags[1], doubted=True)
    (sentence,) = timing_sentences([timing, SourceTiming(source="yahoo", n=5)])
    assert sentence.startswith("The clock of the headlines from files:")
    assert "+0.16 with the first session that opens after their stamps (over 200 sessions)" in sentence
    assert "+0.01 with the session that had opened before" in sentence
    assert "\x1b" not in sentence
