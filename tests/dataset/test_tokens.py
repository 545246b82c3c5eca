"""Tokens without padding say what the padded table says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stockseq.dataset.tokens import choose_rows, join_rows

HEADLINES = st.lists(st.lists(st.integers(1, 9), max_size=3), min_size=1, max_size=5)


@given(HEADLINES, st.integers(1, 3), st.data())
def test_rows_hold_the_headlines_that_were_chosen(codes: list[list[int]], places: int, data: st.DataObject) -> None:
    """The table is filled in here one headline at a time."""
    slot = st.integers(-1, len(codes) - 1)
    chosen = data.draw(st.lists(st.lists(slot, min_size=places, max_size=places), min_size=1, max_size=4))
    table = np.zeros((len(chosen), places, 3), dtype=np.int32)
    for row, slots in enumerate(chosen):
        for place, number in enumerate(slots):
            headline = codes[number] if number >= 0 else []
            table[row, place, : len(headline)] = headline
    rows = choose_rows(codes, np.array(chosen), 3)
    assert rows.padded().tolist() == table.tolist()
    assert len(rows) == len(chosen)
    assert join_rows([rows, rows]).padded().tolist() == [*table.tolist(), *table.tolist()]


def test_nothing_is_kept_for_what_is_not_there() -> None:
    """Three tokens of four rows are three codes."""
    rows = choose_rows([[7, 8], [9]], np.array([[-1, -1], [0, 1], [-1, -1], [-1, -1]]), 24)
    assert rows.codes.tolist() == [7, 8, 9]
    assert rows.splits.tolist() == [0, 0, 0, 2, 3, 3, 3, 3, 3]
