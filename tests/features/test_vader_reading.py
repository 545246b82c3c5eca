"""The quick reading of a text gives the scores of vaderSentiment 3.3.2, all four to the bit, whatever the text."""

import string
import struct
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from stockseq.features.sentiment import SCORED_CHARACTERS, VaderScorer, finance_lexicon
from stockseq.features.vader_reading import VaderReading
from stockseq.headline_text import plain_text

LIBRARY = SentimentIntensityAnalyzer()
READING = VaderReading(LIBRARY)
PHRASES = [term.split() for term in sorted(finance_lexicon(), key=len, reverse=True) if " " in term]
HEADLINES = [
    "Acme beats estimates, raises guidance",
    "Acme Shares Down 7% After Weak Outlook, But Analysts See A Strong Year",
    "UPDATE 2-Acme to buy Kola for $2.1 bln in cash, no debt",
    "Isn't it great? Acme won't disappoint!!",
    "ACME WINS",
    "ACME wins BIG, again!!!!!",
    "Kola says it was not at all a bad quarter",
    "Never so good: Acme's record profit",
    "Kola never this strong",
    "Acme, without doubt, the best",
    "Without a doubt good; without profit",
    "At least good. Least good of all, the very least good",
    "No good news, no, nor any happy ending",
    "Not great or nor great, no one or great",
    "kind of good, sort of bad, just enough profit",
    "Kind words; the kind of lawsuit nobody wins",
    "Uber falls VERY hard, hugely bad for investors who REALLY love it",
    "It's the shit, the bomb, a bad ass; a bus stop; yeah right; to die for",
    "What a good GREAT day: kiss of death, or a beating heart so good",
    "Up, to record high; fell below expectations!",
    "shares down. Down from a 52-week high, price target cut",
    "Good????  Bad??  Fine?",
    ":) :D :( <3 xoxo",
    "no no no nor but but",
    "$AAPL 🚀 great🚀🚀 but 😞",
    "ΟΔΟΣ' great. ΑΣ. Ünlü İyi good ﬁne",
    "good\u2028great\x1cbad\u00a0love",
    "'good' \"great\" (bad) -love- good... n't n't, 'n't' good",
    "",
    " \n\t",
    "!?!",
]  # fmt: skip


def _bits(scores: tuple[float, ...]) -> bytes:
    return struct.pack("4d", *scores)


def _of_library(text: str, analyzer: SentimentIntensityAnalyzer = LIBRARY) -> bytes:
    scores = analyzer.polarity_scores(text)
    return struct.pack("4d", scores["compound"], scores["pos"], scores["neg"], scores["neu"])


@cache
def _finance() -> SentimentIntensityAnalyzer:
    """Return the library with the finance lexicon's valences in place of its own; 0 takes a word out."""
    analyzer = SentimentIntensityAnalyzer()
    for term, valence in finance_lexicon().items():
        analyzer.lexicon.pop(term, None)
        if valence:
            analyzer.lexicon[term.replace(" ", "_")] = valence
    return analyzer


def _with_joined_phrases(text: str) -> str:
    """Return the text with the phrases of the finance lexicon as single words, from the left, the longest first."""
    words, joined = text.split(), []
    while words:
        bare = [word.strip(string.punctuation).lower() for word in words]
        phrase = next((phrase for phrase in PHRASES if bare[: len(phrase)] == phrase), None)
        joined.append("_".join(phrase) if phrase else words[0])
        words = words[len(phrase) if phrase else 1 :]
    return " ".join(joined)


def _spellings(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word, word, word.upper(), word.title(), f"{word},", f"({word})", f"{word}!", f"'{word}?"])


LEXICON_WORDS = st.sampled_from(sorted(LIBRARY.lexicon))
TURNING = st.sampled_from(
    [
        *BOOSTER_DICT,
        *NEGATE,
        *SPECIAL_CASES,
        *["but", "least", "at least", "very least", "no", "no", "or", "nor", "so", "this", "doubt", "without doubt"],
        *["never so", "never this", "kind", "of", "ain\u2019t", "hasn't", "N'T", "kind of", "right", "die for"],
    ]
)
PLAIN_WORDS = st.sampled_from(["Acme", "AAPL", "7%", "the", "to", "A", "i", "\u0130", "\u03a3", "-", "...", "&amp;"])
EMOJIS = st.sampled_from(sorted(emoji for emoji in LIBRARY.emojis if len(emoji) == 1))
WORDS = st.one_of(
    LEXICON_WORDS,
    TURNING,
    st.sampled_from(sorted(finance_lexicon())),
    PLAIN_WORDS,
    EMOJIS,
    st.text(min_size=1, max_size=5),
).flatmap(_spellings)
SEPARATORS = st.sampled_from([" ", " ", " ", "  ", "\n", "\u00a0", "", "! ", "?? "])
TEXTS = st.lists(st.tuples(WORDS, SEPARATORS), max_size=14).map(lambda parts: "".join(map("".join, parts)))


@pytest.mark.parametrize("text", HEADLINES)
def test_headlines_score_as_in_the_library(text: str) -> None:
    """One headline or more for each thing that the library heeds."""
    assert _bits(READING.score(text)) == _of_library(text)


@pytest.mark.parametrize("text", HEADLINES)
def test_headlines_score_with_the_finance_lexicon_as_in_the_library(text: str) -> None:
    """The reference joins the phrases by hand and leaves the rest to the library."""
    read = _with_joined_phrases(plain_text(text)[:SCORED_CHARACTERS])
    assert _bits(VaderScorer(finance=True).score(text)) == _of_library(read, _finance())


@settings(max_examples=300)
@given(text=TEXTS)
@example("so good bad this")
@example("this good without doubt bad")
def test_every_text_scores_as_in_the_library(text: str) -> None:
    """Words of the lexicon among boosters, negations, capitals, set phrases, emojis, smileys and any letters."""
    assert _bits(READING.score(text)) == _of_library(text)


@settings(max_examples=150)
@given(text=TEXTS)
@example("up, to: record high")
def test_every_text_scores_with_the_finance_lexicon_as_in_the_library(text: str) -> None:
    """With phrases of the finance lexicon among the words, and the plain copy of the text."""
    read = _with_joined_phrases(plain_text(text)[:SCORED_CHARACTERS])
    assert _bits(VaderScorer(finance=True).score(text)) == _of_library(read, _finance())


def test_no_emoji_of_the_library_is_ascii() -> None:
    """The reading looks for none in texts of ASCII alone."""
    assert not [emoji for emoji in LIBRARY.emojis if len(emoji) == 1 and emoji.isascii()]
