"""Windows are rows of one ticker, and gathering is slicing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.dataset.windows import count_windowless, gather, window_ends


def keys_of(**sessions: list[int]) -> pd.DataFrame:
    days = pd.bdate_range("2024-01-01", periods=200)
    rows = [(ticker, days[place]) for ticker, places in sorted(sessions.items()) for place in places]
    return pd.DataFrame(rows, columns=["ticker", "session"])


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    lookback=st.integers(1, 6),
    n_features=st.integers(1, 3),
)
def test_gather_equals_slicing_each_ticker(lengths: list[int], lookback: int, n_features: int) -> None:
    """Windows built the slow way, ticker by ticker, are the reference."""
    keys = keys_of(**{f"T{i}": list(range(n)) for i, n in enumerate(lengths)})
    matrix = np.arange(len(keys) * n_features, dtype=float).reshape(len(keys), n_features)
    naive = [
        matrix[rows[stop - lookback : stop]]
        for _, group in keys.groupby("ticker")
        for rows in [group.index.to_numpy()]
        for stop in range(lookback, len(rows) + 1)
    ]
    windows = gather(matrix, window_ends(keys, lookback), lookback)
    assert windows.shape == (len(naive), lookback, n_features)
    assert windows.tolist() == [window.tolist() for window in naive]


def test_a_window_may_miss_five_sessions_and_no_more() -> None:
    """Lookback 3 over places 0, 1, 7 spans 8 sessions = 3 + 5; over 1, 7, 9 it spans 9."""
    keys = keys_of(A=[0, 1, 7, 9], B=list(range(10)))
    ends = window_ends(keys, 3)
    assert [e for e in ends if e < 4] == [2]
    counts = {(d.ticker, d.n_rows) for d in count_windowless(keys, 3)}
    assert counts == {("A", 2), ("A", 1), ("B", 2)}


def test_sessions_of_the_calendar_show_a_gap_of_all_tickers() -> None:
    """One ticker alone can't show that it missed sessions; the calendar can."""
    keys = keys_of(A=[0, 1, 20])
    calendar = pd.bdate_range("2024-01-01", periods=200)
    assert window_ends(keys, 3).tolist() == [2]
    assert window_ends(keys, 3, sessions=calendar).tolist() == []


def test_windows_outside_the_matrix_are_refused() -> None:
    """NumPy would wrap a negative row round to the end, which lies in the future."""
    with pytest.raises(ValueError, match="must end between 1 and 2"):
        gather(np.zeros((3, 1)), np.array([0]), 2)
    with pytest.raises(ValueError, match="must end between"):
        gather(np.zeros((3, 1)), np.array([3]), 2)


def test_a_lookback_below_one_is_refused() -> None:
    """A window of no rows means nothing."""
    with pytest.raises(ValueError, match="at least 1"):
        window_ends(keys_of(A=[0]), 0)
    assert window_ends(keys_of(), 3).tolist() == []
