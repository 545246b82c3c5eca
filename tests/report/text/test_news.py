"""What is said of the news behind a forecast is what the network read."""

import pandas as pd

from stockseq.report.text.news import news_sentence


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
