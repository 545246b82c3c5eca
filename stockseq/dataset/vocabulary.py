"""The words that headlines are encoded with, learnt on training rows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stockseq.dataset.tokens import TokenRows, choose_rows

PADDING = 0
UNKNOWN = 1
FIRST_TOKEN = 2
# No word is longer; what is longer is a link, a key press held down, or an attack on the memory.
LONGEST_TOKEN = 40

RowTexts = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by frequency; the first is encoded as 2, after 0 for padding and 1 for an unknown word.

    Parameters
    ----------
    tokens : tuple of str
        Words, and pairs of words joined by a space where `bigrams`.
    bigrams : bool, default=False
        Whether pairs of neighbouring words of one headline are tokens too.

    Examples
    --------
    >>> vocabulary = Vocabulary.fit([["Profit beats forecast"], ["Profit misses forecast", "Shares fall"]])
    >>> vocabulary.tokens
    ('forecast', 'profit')
    >>> vocabulary.encode([["Profit beats"], []], headlines_per_session=1, tokens_per_headline=3).padded().tolist()
    [[[3, 1, 0]], [[0, 0, 0]]]
    """

    tokens: tuple[str, ...]
    bigrams: bool = False

    @classmethod
    def fit(
        cls, texts: RowTexts, *, max_tokens: int = 20_000, min_headlines: int = 2, bigrams: bool = False
    ) -> "Vocabulary":
        """Learn the most frequent tokens of the training rows.

        Parameters
        ----------
        texts : n_rows sequences of headlines
            `Panel.texts` of the training rows only.
        max_tokens : int, default=20000
            Tokens kept, the most frequent first, then by the alphabet.
        min_headlines : int, default=2
            Distinct headlines that a token must occur in. A headline sent to fifty tickers counts once.
        bigrams : bool, default=False
            Learn pairs of neighbouring words too.
        """
        if max_tokens < 1 or min_headlines < 1:
            raise ValueError(
                f"`max_tokens` and `min_headlines` must be at least 1, received {max_tokens}, {min_headlines}."
            )
        analyse = _analyser(bigrams)
        counts: Counter[str] = Counter()
        for text in _distinct(texts):
            counts.update(set(analyse(text)))
        frequent = [token for token, n in counts.items() if n >= min_headlines and _is_short(token)]
        frequent.sort(key=lambda token: (-counts[token], token))
        return cls(tuple(frequent[:max_tokens]), bigrams)

    def __len__(self) -> int:
        """Return the number of codes, padding and unknown among them: the embedding's rows."""
        return len(self.tokens) + FIRST_TOKEN

    def encode(self, texts: RowTexts, headlines_per_session: int, tokens_per_headline: int) -> TokenRows:
        """Return the codes of each row's newest headlines.

        Parameters
        ----------
        texts : n_rows sequences of headlines, the newest last
        headlines_per_session, tokens_per_headline : int
            What is beyond is left out: the oldest headlines (`count_left_out` says how many) and the last tokens.

        Returns
        -------
        TokenRows of n_rows
            1 is an unknown word. With bigrams the words come first, then the known pairs. Padding, which is 0, stands
            behind the tokens and behind the headlines of `TokenRows.padded()`.
        """
        if headlines_per_session < 1 or tokens_per_headline < 1:
            raise ValueError(
                "`headlines_per_session` and `tokens_per_headline` must be at least 1, received "
                f"{headlines_per_session} and {tokens_per_headline}."
            )
        newest = [row[-headlines_per_session:] for row in texts]
        distinct = _distinct(newest)
        analyse = _analyser(self.bigrams)
        codes = [self._codes(analyse(text), tokens_per_headline) for text in distinct]
        positions = {text: position for position, text in enumerate(distinct)}
        slots = np.full((len(newest), headlines_per_session), -1, dtype=np.int64)
        for row, headlines in enumerate(newest):
            if headlines:
                slots[row, : len(headlines)] = [positions[text] for text in headlines]
        return choose_rows(codes, slots, tokens_per_headline)

    def to_dict(self) -> dict[str, list[str] | bool]:
        """Return a JSON-able form that `from_dict` reads back exactly."""
        return {"tokens": list(self.tokens), "bigrams": self.bigrams}

    @classmethod
    def from_dict(cls, state: Mapping[str, object]) -> "Vocabulary":
        """Read what `to_dict` gave; raise `ValueError` for anything else."""
        tokens, bigrams = state.get("tokens"), state.get("bigrams")
        if (
            len(state) != 2
            or not isinstance(tokens, list)
            or not all(isinstance(token, str) for token in tokens)
            or len(set(tokens)) != len(tokens)
            or not isinstance(bigrams, bool)
        ):
            raise ValueError(
                "A stored vocabulary needs a list of distinct `tokens`, a true or false `bigrams`, and no more."
            )
        return cls(tuple(tokens), bigrams)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {token: position for position, token in enumerate(self.tokens, start=FIRST_TOKEN)}

    def _codes(self, tokens: Iterable[str], most: int) -> list[int]:
        positions = self._places
        # An unknown pair says nothing that its two words don't say.
        found = (positions.get(token, UNKNOWN) for token in tokens if " " not in token or token in positions)
        return [code for code, _ in zip(found, range(most), strict=False)]


def count_left_out(texts: RowTexts, headlines_per_session: int) -> int:
    """Return how many headlines `Vocabulary.encode` leaves out, the oldest of their rows.

    Examples
    --------
    >>> count_left_out([["a", "b", "c"], ["d"]], 2)
    1
    """
    return sum(max(0, len(row) - headlines_per_session) for row in texts)


def _analyser(bigrams: bool) -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(strip_accents="unicode", ngram_range=(1, 2 if bigrams else 1))
    analyse: Callable[[str], list[str]] = vectoriser.build_analyzer()
    return analyse


def _distinct(texts: RowTexts) -> list[str]:
    return list(dict.fromkeys(text for row in texts for text in row))


def _is_short(token: str) -> bool:
    return all(len(word) <= LONGEST_TOKEN for word in token.split(" "))
