"""The codes of headlines, row by row, without padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stockseq.ranges import concatenate_ranges

Places = tuple[int, int]


@dataclass(frozen=True)
class TokenRows:
    """What n_rows rows hold of tokens: nine in ten places of a padded table would be empty.

    Parameters
    ----------
    codes : int32 array of shape (n_tokens,)
        Of all headlines, one after another, by row.
    splits : int64 array of shape (n_rows * headlines + 1,)
        Headline h of row r is codes[splits[r * headlines + h] : splits[r * headlines + h + 1]]; none where both are
        equal.
    places : (headlines, tokens)
        The most headlines of a row, and tokens of a headline.

    Examples
    --------
    >>> rows = TokenRows(np.array([3, 1, 2], np.int32), np.array([0, 2, 2, 3, 3]), (2, 2))
    >>> len(rows), rows.padded().tolist()
    (2, [[[3, 1], [0, 0]], [[2, 0], [0, 0]]])
    """

    codes: npt.NDArray[np.int32]
    splits: npt.NDArray[np.int64]
    places: Places

    def __len__(self) -> int:
        return (len(self.splits) - 1) // self.places[0]

    def padded(self) -> npt.NDArray[np.int32]:
        """Return the codes as an int32 array of shape (n_rows, headlines, tokens), 0 behind those of a headline."""
        headlines, tokens = self.places
        table = np.zeros((len(self) * headlines, tokens), dtype=np.int32)
        table[np.arange(tokens) < np.diff(self.splits)[:, None]] = self.codes
        return table.reshape(-1, headlines, tokens)


def choose_rows(codes: Sequence[Sequence[int]], slots: npt.NDArray[np.int64], tokens: int) -> TokenRows:
    """Return rows made of distinct headlines.

    Parameters
    ----------
    codes : sequence of sequences of int
        Of each distinct headline, at most `tokens` of them.
    slots : int64 array of shape (n_rows, headlines)
        Which of them stand in a row, -1 for none.
    tokens : int
        Places of a headline.

    Returns
    -------
    TokenRows of n_rows

    Examples
    --------
    >>> choose_rows([[5], [6, 7]], np.array([[1, 0], [-1, -1]]), 2).padded().tolist()
    [[[6, 7], [5, 0]], [[0, 0], [0, 0]]]
    """
    flat = np.fromiter((code for headline in codes for code in headline), dtype=np.int32)
    lengths = np.array([*(len(headline) for headline in codes), 0], dtype=np.int64)
    firsts = np.cumsum(lengths) - lengths
    chosen = slots.reshape(-1)
    splits = np.concatenate([[0], np.cumsum(lengths[chosen])])
    places = concatenate_ranges(firsts[chosen], firsts[chosen] + lengths[chosen])
    return TokenRows(flat[places], splits, (slots.shape[1], tokens))


def join_rows(parts: Sequence[TokenRows]) -> TokenRows:
    """Return rows one after another; all have the same places.

    Examples
    --------
    >>> one = TokenRows(np.array([3], np.int32), np.array([0, 1]), (1, 1))
    >>> join_rows([one, one]).splits.tolist()
    [0, 1, 2]
    """
    ends = np.cumsum([0, *(len(part.codes) for part in parts)])[:-1]
    splits = [part.splits[1:] + end for part, end in zip(parts, ends, strict=True)]
    return TokenRows(np.concatenate([part.codes for part in parts]), np.concatenate([[0], *splits]), parts[0].places)
