"""Vintages: a revision is kept beside what it revises, and any past state reads again."""

from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings

from stockseq.errors import StoreError
from stockseq.store import Store
from tests.store.store_rows import bars, dividends, utc


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def closes(store: Store, as_of: str | None = None) -> list[float]:
    return store.read("bars", as_of=None if as_of is None else utc(as_of))["close"].tolist()


def test_the_newest_vintage_wins_and_an_older_one_reads_as_of(store: Store) -> None:
    """The second bar was revised on 03-02; a backtest as of 03-01 sees it unrevised."""
    store.append_vintages("bars", bars([10.0, 11.0], fetched="2024-03-01"))
    assert store.append_vintages("bars", bars([10.0, 11.5], fetched="2024-03-02")).n_rows == 1
    assert closes(store) == [10.0, 11.5]
    assert closes(store, "2024-03-02 00:00") == [10.0, 11.5]
    assert closes(store, "2024-03-01 23:59:59.999999") == [10.0, 11.0]
    assert closes(store, "2024-02-29") == []


@pytest.mark.parametrize(("factor", "n_new"), [(1 + 0.9e-6, 0), (1 + 1.1e-6, 1), (1 - 1.1e-6, 1)])
def test_a_difference_beyond_one_millionth_is_a_revision(store: Store, factor: float, n_new: int) -> None:
    """Vendors recompute their series with other roundings."""
    store.append_vintages("bars", bars([10.0]))
    assert store.append_vintages("bars", bars([10.0 * factor], fetched="2024-03-02")).n_rows == n_new


def test_small_steps_do_not_creep_past_the_tolerance(store: Store) -> None:
    """Each is compared with what is stored, so the second step of 0.7e-6 counts."""
    store.append_vintages("bars", bars([10.0]))
    assert store.append_vintages("bars", bars([10.0 * (1 + 0.7e-6)], fetched="2024-03-02")).n_rows == 0
    assert store.append_vintages("bars", bars([10.0 * (1 + 1.4e-6)], fetched="2024-03-03")).n_rows == 1


def test_a_volume_that_was_zero_is_revised_by_any_other(store: Store) -> None:
    """A relative tolerance of zero is zero."""
    store.append_vintages("bars", bars([10.0]).assign(volume=0.0))
    assert store.append_vintages("bars", bars([10.0], fetched="2024-03-02").assign(volume=1e-9)).n_rows == 1


def test_a_value_that_returns_is_a_third_vintage(store: Store) -> None:
    """Revised and revised back: each state reads as of its time."""
    for day, close in enumerate([10.0, 12.0, 10.0], start=1):
        assert store.append_vintages("bars", bars([close], fetched=f"2024-03-0{day}")).n_rows == 1
    assert [closes(store, f"2024-03-0{day}") for day in (1, 2, 3)] == [[10.0], [12.0], [10.0]]


def test_a_withdrawn_dividend_is_a_vintage_of_zero(store: Store) -> None:
    """An action can't be unsaid, only superseded."""
    store.append_vintages("actions", dividends([0.5], fetched="2024-03-01"))
    assert store.append_vintages("actions", dividends([0.0], fetched="2024-03-02")).n_rows == 1
    assert store.read("actions")["value"].tolist() == [0.0]
    assert store.read("actions", as_of=utc("2024-03-01"))["value"].tolist() == [0.5]


def test_two_contents_fetched_at_one_instant_are_refused(store: Store) -> None:
    """Neither would be the newer one."""
    store.append_vintages("bars", bars([10.0, 11.0]))
    with pytest.raises(StoreError, match=r"same `fetched_at` for 1 of 2 rows, first ticker AAPL, session 2024-02-06"):
        store.append_vintages("bars", bars([10.0, 12.0]))
    assert closes(store) == [10.0, 11.0]


def test_an_older_fetch_that_comes_late_changes_only_the_past(store: Store) -> None:
    """A replay of last week on today's store must see its own data, and today must not see it."""
    store.append_vintages("bars", bars([10.0], fetched="2024-03-05"))
    assert store.append_vintages("bars", bars([9.0], fetched="2024-03-01")).n_rows == 1
    assert closes(store) == [10.0]
    assert closes(store, "2024-03-02") == [9.0]


Fetch = st.dictionaries(st.integers(0, 3), st.sampled_from([10.0, 10.0 * (1 + 1e-7), 10.5, 11.0]), min_size=1)


@settings(max_examples=12)
@given(fetches=st.lists(Fetch, min_size=1, max_size=4), together=st.booleans())
def test_every_past_state_reads_as_it_was_fetched(
    fetches: list[dict[int, float]], together: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """For all series of fetches, one call each or all in one: as of each, the last value fetched by then."""
    store = Store(tmp_path_factory.mktemp("vintages"))
    days = [str(day.date()) for day in pd.bdate_range("2024-02-05", periods=4)]
    frames = [
        pd.concat([bars([close], first=days[day], fetched=f"2024-03-0{number}") for day, close in fetch.items()])
        for number, fetch in enumerate(fetches, start=1)
    ]
    for frame in [pd.concat(frames)] if together else frames:
        store.append_vintages("bars", frame)
    expected: dict[int, float] = {}
    for number, fetch in enumerate(fetches, start=1):
        expected |= fetch
        rows = store.read("bars", as_of=utc(f"2024-03-0{number}"))
        assert rows["session"].tolist() == [pd.Timestamp(days[day]) for day in sorted(expected)]
        assert rows["close"].to_numpy() == pytest.approx([expected[day] for day in sorted(expected)], rel=1.1e-6)
    assert store.append_vintages("bars", pd.concat(frames)).n_rows == 0
