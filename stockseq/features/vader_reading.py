"""VADER's scores of a text, equal to the bit to those of vaderSentiment, in a fraction of its time.

What can't matter to a text is not looked at: without a word of the lexicon all texts score alike, and else only words
before one are weighed. A text with something rare (an emoji, "but", "least", a set phrase) is left to the library.
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    C_INCR,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    normalize,
)

# Compound, positive, negative, neutral.
Scores = tuple[float, float, float, float]
Phrases = Mapping[str, Sequence[tuple[str, ...]]]

_NEUTRAL, _WITHOUT_WORDS = (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0)
_PUNCTUATION = string.punctuation
# What a booster keeps of its strength one, two and three words before the word that it boosts.
_KEPT = (1.0, 0.95, 0.9)


class VaderReading:
    """Reads texts as an analyzer of vaderSentiment 3.3 does; neither it nor its lexicon may change afterwards.

    Parameters
    ----------
    analyzer : SentimentIntensityAnalyzer
    phrases : mapping of word to phrases, optional
        Phrases by their first word, each as two or more words in small letters. Where some match, the first of
        them is read as one word, joined by "_", for VADER looks up word by word.

    Examples
    --------
    >>> VaderReading(SentimentIntensityAnalyzer()).score("Acme wins, not badly")
    (0.7394, 0.758, 0.0, 0.242)
    """

    def __init__(self, analyzer: SentimentIntensityAnalyzer, phrases: Phrases | None = None) -> None:
        self._analyzer, self._phrases = analyzer, phrases or {}
        self._lexicon: dict[str, float] = analyzer.lexicon
        set_phrases = [phrase.split() for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase]
        self._beginnings = _beginnings(chain.from_iterable(self._phrases.values()))
        self._set_beginnings = _beginnings(set_phrases)
        # Python searches a set twice as fast as the keys of a dictionary.
        self._first_words, self._scored = frozenset(self._phrases), frozenset(analyzer.lexicon)
        self._negations, self._emojis = frozenset(NEGATE), frozenset(analyzer.emojis)
        # Without any of these, and "n't", each word of the lexicon counts by itself.
        in_set_phrases = (max(phrase, key=len) for phrase in set_phrases)
        self._heeded = frozenset({*BOOSTER_DICT, *NEGATE, "no", "this", "but", "least", *in_set_phrases})

    def score(self, text: str) -> Scores:
        """Return compound in [-1, 1] and the shares of positive, negative and neutral words; never fails."""
        tokens, bare = _tokens(text)
        if not (self._first_words.isdisjoint(bare) or self._beginnings.isdisjoint(pairwise(bare))):
            text = self._join_phrases(text, bare)
            tokens, bare = _tokens(text)
        # No emoji of the library is ASCII.
        if not (text.isascii() or self._emojis.isdisjoint(text)):
            return self._by_library(text)
        if self._scored.isdisjoint(bare) and self._scored.isdisjoint(tokens):
            return _NEUTRAL if tokens else _WITHOUT_WORDS
        # What is shorter is a smiley.
        words = [word if len(word) > 2 else token for word, token in zip(bare, tokens, strict=True)]
        alone = self._heeded.isdisjoint(words) and "n't" not in text.lower()
        if not alone and ("but" in words or "least" in words or not self._set_beginnings.isdisjoint(pairwise(words))):
            return self._by_library(text)
        valences = self._valences(words, list(map(str.isupper, text.split())), reach=0 if alone else 3)
        return _scores(tuple(filter(None, valences)), len(words), text.count("!"), text.count("?"))

    def _by_library(self, text: str) -> Scores:
        scores = self._analyzer.polarity_scores(text)
        return scores["compound"], scores["pos"], scores["neg"], scores["neu"]

    def _join_phrases(self, text: str, bare: Sequence[str]) -> str:
        words, joined, position = text.split(), [], 0
        while position < len(words):
            n_words = 1
            for phrase in self._phrases.get(bare[position], ()):
                if tuple(bare[position : position + len(phrase)]) == phrase:
                    n_words = len(phrase)
                    break
            joined.append(words[position] if n_words == 1 else "_".join(bare[position : position + n_words]))
            position += n_words
        return " ".join(joined)

    def _valences(self, words: Sequence[str], loud: Sequence[bool], *, reach: int) -> list[float]:
        """Return the valences of the words that have one; those of `reach` words before one may change it."""
        lexicon = self._lexicon
        if all(loud):
            # Capitals are loud among small letters only.
            loud = [False] * len(words)
        return [
            self._valence(place, words, loud, reach)
            for place, word in enumerate(words)
            if word in lexicon and word not in BOOSTER_DICT
        ]

    def _valence(self, place: int, words: Sequence[str], loud: Sequence[bool], reach: int) -> float:
        lexicon, word = self._lexicon, words[place]
        # The nearest first, in the library's own order.
        before = words[max(place - reach, 0) : place][::-1]
        valence = lexicon[word]
        if word == "no" and place + 1 < len(words) and words[place + 1] in lexicon:
            valence = 0.0
        if "no" in before and ("no" in before[:2] or before[0] in ("or", "nor")):
            valence = lexicon[word] * N_SCALAR
        if loud[place]:
            valence += C_INCR if valence > 0 else -C_INCR
        for distance, other in enumerate(before):
            if other in lexicon:
                continue
            if other in BOOSTER_DICT:
                boost = BOOSTER_DICT[other] if valence >= 0 else -BOOSTER_DICT[other]
                if loud[place - distance - 1]:
                    boost += C_INCR if valence > 0 else -C_INCR
                valence += boost * _KEPT[distance]
            valence *= self._turn(before, distance)
        return valence

    def _turn(self, before: Sequence[str], distance: int) -> float:
        """Return what the word at this distance before another makes of its valence; the nearest of `before` first."""
        other = before[distance]
        if distance == 2 and before[0] in ("so", "this"):
            return 1.25
        if distance and other == "never" and before[distance - 1] in ("so", "this"):
            return 1.25
        if other == "without" and "doubt" in before[:distance]:
            return 1.0
        return N_SCALAR if other in self._negations or "n't" in other else 1.0


def _beginnings(phrases: Iterable[Sequence[str]]) -> frozenset[tuple[str, str]]:
    """Return the first two words of each phrase; where none of them is, no phrase is."""
    return frozenset((phrase[0], phrase[1]) for phrase in phrases)


def _tokens(text: str) -> tuple[list[str], list[str]]:
    """Return the words in small letters, with the punctuation around them and without it."""
    if text.isascii():
        tokens = text.lower().split()
        return tokens, [token.strip(_PUNCTUATION) for token in tokens]
    # The small form of a letter may depend on its neighbours.
    tokens = text.split()
    return [token.lower() for token in tokens], [token.strip(_PUNCTUATION).lower() for token in tokens]


@lru_cache(4096)
def _scores(valences: tuple[float, ...], n_words: int, n_exclamations: int, n_questions: int) -> Scores:
    """Return the scores of a text by the valences that aren't 0, in their order."""
    emphasis = min(n_exclamations, 4) * 0.292
    if n_questions > 1:
        emphasis += n_questions * 0.18 if n_questions <= 3 else 0.96
    total = float(sum(valences))
    if total:
        total += emphasis if total > 0 else -emphasis
    positive = negative = 0.0
    for valence in valences:
        if valence > 0:
            positive += valence + 1
        else:
            negative += valence - 1
    if positive > -negative:
        positive += emphasis
    elif positive < -negative:
        negative -= emphasis
    n_neutral = n_words - len(valences)
    parts = positive - negative + n_neutral
    return (
        round(normalize(total), 4),
        round(abs(positive / parts), 3),
        round(abs(negative / parts), 3),
        round(n_neutral / parts, 3),
    )
