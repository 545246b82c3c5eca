"""Windows are rows of one ticker with a volatility, and gathering is slicing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.dataset.panel import Panel
from stockseq.dataset.windows import TORN, build_windows, count_windowless, gather, window_ends, window_rows
from stockseq.schemas import Dropped


def keys_of(**sessions: list[int]) -> pd.DataFrame:
    days = pd.bdate_range("2024-01-01", periods=200)
    rows = [(ticker, days[place]) for ticker, places in sorted(sessions.items()) for place in places]
    return pd.DataFrame(rows, columns=["ticker", "session"])


def panel_of(**sessions: list[int]) -> Panel:
    """Return a panel without features, decided at 9:00 in New York."""
    keys = keys_of(**sessions)
    decided = (keys["session"] + pd.Timedelta(hours=9)).dt.tz_localize("America/New_York")
    return Panel(keys.assign(decision_at=decided), np.zeros((len(keys), 0), np.float32), (), ((),) * len(keys))


def test_a_window_names_its_session_its_decision_and_the_volatility_known_at_it() -> None:
    """Each is of the row that the window ends on; 9:00 in New York is 14:00 UTC in January."""
    windows = build_windows(panel_of(A=[0, 1, 2], B=[0, 1]), np.array([0.01, 0.02, 0.03, 0.04, 0.05]), lookback=2)
    assert windows.ends.tolist() == [1, 2, 4]
    assert windows.ticker.tolist() == ["A", "A", "B"]
    days = np.array(["2024-01-02", "2024-01-03", "2024-01-02"], dtype="datetime64[us]")
    assert windows.session.tolist() == days.tolist()
    assert windows.decision_at.tolist() == (days + np.timedelta64(14, "h")).tolist()
    assert windows.volatility.tolist() == [0.02, 0.03, 0.05]
    assert windows.sessions.tolist() == pd.to_datetime(["2024-01-02", "2024-01-03"]).tolist()


def test_a_row_without_volatility_ends_no_window_and_is_counted() -> None:
    """Neither a return nor a position could be sized; the row still fills a later window."""
    volatility = np.array([np.nan, np.nan, 0.03, np.inf, np.nan])
    windows = build_windows(panel_of(A=[0, 1, 2], B=[0, 1]), volatility, lookback=2)
    assert windows.ends.tolist() == [2]
    assert windows.dropped == (
        Dropped("windows", "A", "fewer rows before it than the lookback", 1),
        Dropped("windows", "B", "fewer rows before it than the lookback", 1),
        Dropped("windows", "A", "fewer than two closes before it, so no volatility", 1),
        Dropped("windows", "B", "fewer than two closes before it, so no volatility", 1),
    )


def test_the_windows_of_some_sessions_say_what_was_dropped_of_all() -> None:
    """The account of what is missing belongs to the whole panel."""
    windows = build_windows(panel_of(A=[0, 1, 2], B=[0, 1]), np.full(5, 0.01), lookback=2)
    second = windows.on(windows.sessions[:1])
    assert second.ends.tolist() == [1, 4]
    assert second.dropped == windows.dropped
    assert len(windows.on(windows.sessions[:0])) == 0


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    lookback=st.integers(1, 6),
    every=st.integers(1, 4),
)
def test_the_rows_of_windows_are_those_that_gathering_reads(lengths: list[int], lookback: int, every: int) -> None:
    """Each once and ascending, for whoever scales or encodes no row that no window reads."""
    keys = keys_of(**{f"T{i}": list(range(n)) for i, n in enumerate(lengths)})
    ends = window_ends(keys, lookback)[::every]
    assert window_rows(ends, lookback).tolist() == np.unique(gather(np.arange(len(keys)), ends, lookback)).tolist()


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
    windows = build_windows(panel_of(A=[0, 1, 20]), np.full(3, 0.01), lookback=3, sessions=calendar)
    assert windows.ends.tolist() == []
    assert windows.dropped == (
        Dropped("windows", "A", "fewer rows before it than the lookback", 2),
        Dropped("windows", "A", TORN, 1),
    )


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
