"""The wording of the simulated market against vaderSentiment 3.3.2 itself."""

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from stockseq.schemas import valid_ticker
from stockseq.sources.simulated.headlines import NEUTRAL, POLAR, PUBLISHERS, SUFFIXES, companies


@pytest.fixture(scope="module")
def compound():
    analyser = SentimentIntensityAnalyzer()
    return lambda text: analyser.polarity_scores(text)["compound"]


def around(phrase: str) -> list[str]:
    """Every text in which a phrase appears, for ten companies that use all ten businesses."""
    return [f"{name} {phrase}{suffix}" for _, name in companies(10) for suffix in SUFFIXES]


@pytest.mark.parametrize("sign", [1, -1])
def test_vader_reads_the_true_sign_of_lexicon_phrases(compound, sign):
    """Name and suffix included: this is the share of the news that VADER can use."""
    assert all(sign * compound(text) >= 0.05 for phrase in POLAR["lexicon"][sign] for text in around(phrase))


@pytest.mark.parametrize("sign", [1, -1])
def test_vader_reads_exactly_nothing_in_phrases_outside_its_lexicon(compound, sign):
    """Only a model that learns the words can use these."""
    assert all(compound(text) == 0 for phrase in POLAR["outside"][sign] for text in around(phrase))


@pytest.mark.parametrize("sign", [1, -1])
def test_vader_reads_the_opposite_sign_of_inverted_phrases(compound, sign):
    """A model that trusts VADER is led astray here."""
    assert all(sign * compound(text) <= -0.05 for phrase in POLAR["inverted"][sign] for text in around(phrase))


def test_plain_phrases_say_nothing_and_charged_ones_seem_to(compound):
    """Half of the neutral news is noise to VADER."""
    assert all(compound(text) == 0 for phrase in NEUTRAL["plain"] for text in around(phrase))
    assert all(abs(compound(text)) >= 0.05 for phrase in NEUTRAL["charged"] for text in around(phrase))


def test_charged_phrases_are_of_both_signs_in_equal_number(compound):
    """Or VADER's noise would have a mean."""
    signs = [compound(phrase) > 0 for phrase in NEUTRAL["charged"]]
    assert sum(signs) == len(signs) / 2


def test_no_company_name_carries_sentiment(compound):
    """All 800 names, not only those that a small market uses."""
    assert all(compound(name) == 0 for _, name in companies(800))


def test_companies_differ_and_their_tickers_are_valid():
    """Tickers name folders and stand in pages."""
    listed = companies(800)
    assert len({ticker for ticker, _ in listed}) == len({name for _, name in listed}) == 800
    assert all(valid_ticker(ticker) and len(ticker) >= 6 for ticker, _ in listed)
    assert listed[:30] == companies(30)


def test_the_polar_vocabulary_is_dozens_of_distinct_phrases():
    """A text model must be able to learn it from a thousand sessions."""
    phrases = [phrase for wording in POLAR.values() for both in wording.values() for phrase in both]
    neutral = [phrase for both in NEUTRAL.values() for phrase in both]
    assert 36 <= len(set(phrases)) == len(phrases) <= 60
    assert not set(phrases) & set(neutral)
    assert len(PUBLISHERS) > 1


@pytest.mark.parametrize("n_tickers", [0, 801])
def test_more_companies_than_there_are_names_are_refused(n_tickers):
    """Silently repeating names would merge two companies' news."""
    with pytest.raises(ValueError, match="from 1 to 800"):
        companies(n_tickers)
