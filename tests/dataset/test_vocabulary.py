"""A vocabulary knows training headlines only, and takes whatever a headline holds."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.dataset.vocabulary import Vocabulary, count_left_out

TRAIN = [["Profit beats forecast", "profit warning"], ["PROFIT misses forecast"], []]
HOSTILE = [
    "",
    " ",
    "\x00",
    "\ud800",
    "😀" * 3000,
    "מניה עולה \u202e",
    "a" * 10_000,
    "<script>alert(1)</script>",
    "ﬁ ½ İ",
]


def test_tokens_stand_by_frequency_then_alphabet() -> None:
    """profit is in three distinct headlines, forecast in two; the others in one."""
    assert Vocabulary.fit(TRAIN).tokens == ("profit", "forecast")
    assert Vocabulary.fit(TRAIN, min_headlines=1).tokens == ("profit", "forecast", "beats", "misses", "warning")
    assert Vocabulary.fit(TRAIN, min_headlines=1, max_tokens=3).tokens == ("profit", "forecast", "beats")


def test_a_repeated_headline_counts_once() -> None:
    """A round-up sent to fifty tickers says its words once."""
    assert Vocabulary.fit([["Market movers today"]] * 50).tokens == ()


def test_codes_keep_padding_and_unknown_apart() -> None:
    """0 pads behind tokens and headlines, 1 is a word never seen in training; profit 2, forecast 3."""
    codes = Vocabulary.fit(TRAIN).encode([["forecast of profit rises", "profit"], []], 3, 3).padded()
    assert codes.dtype == np.int32
    assert codes.tolist() == [[[3, 1, 2], [2, 0, 0], [0, 0, 0]], [[0, 0, 0]] * 3]


def test_the_newest_headlines_are_kept_and_the_rest_counted() -> None:
    """Rows hold the newest last; what doesn't fit is said."""
    vocabulary = Vocabulary(("old", "mid", "new"))
    assert vocabulary.encode([["old", "mid", "new"]], 2, 1).padded().tolist() == [[[3], [4]]]
    assert count_left_out([["old", "mid", "new"], []], 2) == 1


def test_pairs_of_words_stay_within_a_headline() -> None:
    """ "profit warning" is a pair; words of two headlines are not. Known pairs follow the words."""
    vocabulary = Vocabulary.fit([["profit warning issued", "warning"], ["profit warning"]], bigrams=True)
    assert vocabulary.tokens == ("warning", "profit", "profit warning")
    assert vocabulary.encode([["profit warning soon"]], 1, 6).padded().tolist() == [[[3, 2, 1, 4, 0, 0]]]


def test_words_of_held_out_rows_are_unknown() -> None:
    """Whether a word appears in the future must not show in the codes of the past."""
    vocabulary = Vocabulary.fit(TRAIN)
    before = vocabulary.encode(TRAIN, 2, 4).padded()
    vocabulary.encode([["bankruptcy bankruptcy"]], 2, 4)
    assert vocabulary.encode(TRAIN, 2, 4).padded().tolist() == before.tolist()
    assert vocabulary.encode([["bankruptcy"]], 1, 1).padded().tolist() == [[[1]]]


@given(st.lists(st.lists(st.text(max_size=40) | st.sampled_from(HOSTILE), max_size=3), min_size=1, max_size=4))
def test_any_text_encodes_within_the_vocabulary(texts: list[list[str]]) -> None:
    """Emoji, right-to-left marks, lone surrogates and ten thousand letters must not break or grow it."""
    vocabulary = Vocabulary.fit(texts, min_headlines=1, bigrams=True)
    codes = vocabulary.encode(texts, 2, 5).padded()
    assert codes.shape == (len(texts), 2, 5)
    assert codes.min() >= 0
    assert codes.max() < len(vocabulary)
    restored = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert restored == vocabulary
    assert restored.encode(texts, 2, 5).padded().tolist() == codes.tolist()
    assert all(len(word) <= 40 for token in vocabulary.tokens for word in token.split(" "))


def test_the_order_of_rows_does_not_matter() -> None:
    """The store may return rows in any order; the vocabulary must be the same."""
    assert Vocabulary.fit(TRAIN[::-1], min_headlines=1) == Vocabulary.fit(TRAIN, min_headlines=1)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"tokens": "abc", "bigrams": False},
        {"tokens": ["a", "a"], "bigrams": False},
        {"tokens": [1], "bigrams": True},
    ],
)
def test_a_damaged_vocabulary_is_refused(state: dict[str, object]) -> None:
    """A bundle's file may be edited or cut."""
    with pytest.raises(ValueError, match="stored vocabulary"):
        Vocabulary.from_dict(state)


def test_sizes_below_one_are_refused() -> None:
    """An input of no headlines or no tokens has no place in the network."""
    with pytest.raises(ValueError, match="at least 1"):
        Vocabulary.fit(TRAIN, max_tokens=0)
    with pytest.raises(ValueError, match="at least 1"):
        Vocabulary(()).encode(TRAIN, 0, 1)


def test_accents_make_no_other_word() -> None:
    """One vendor writes Nestlé and another Nestle; with one of each the word is in two headlines."""
    vocabulary = Vocabulary.fit([["Nestlé rises"], ["Nestle falls"]])
    assert vocabulary.tokens == ("nestle",)
    assert vocabulary.encode([["NESTLÉ"]], 1, 1).padded().tolist() == [[[2]]]


def test_a_word_of_forty_letters_is_learnt_and_one_more_is_noise() -> None:
    """Such as a hash or an address that a feed left in its headlines."""
    longest, longer = "a" * 40, "b" * 41
    assert Vocabulary.fit([[longest], [longer]], min_headlines=1).tokens == (longest,)
    pair = Vocabulary.fit([[f"{longest} {longest}"]], min_headlines=1, bigrams=True)
    assert pair.tokens == (longest, f"{longest} {longest}")


def test_one_token_is_a_vocabulary() -> None:
    """The least that `max_tokens` may be."""
    assert Vocabulary.fit(TRAIN, max_tokens=1).tokens == ("profit",)


def test_three_words_in_a_row_are_no_token() -> None:
    """Pairs are as long as it gets."""
    assert Vocabulary.fit([["such big loss"]], min_headlines=1, bigrams=True).tokens == (
        "big", "big loss", "loss", "such", "such big",
    )  # fmt: skip
