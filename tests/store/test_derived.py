"""Derived rows: replaced where they differ in any bit, and left alone where they don't."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from stockseq.errors import StoreError
from stockseq.store import Store
from tests.store.store_rows import features

WHERE = {"feature_set": "a"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def momentum(store: Store, **where: str) -> list[float]:
    return store.read("features", where={**WHERE, **where})["momentum"].tolist()


def test_features_come_back_bit_for_bit(store: Store) -> None:
    """Nothing, its negative, the smallest and largest numbers, a third, infinity, and a column of NaN."""
    values = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, np.inf, np.nan]
    store.replace("features", features(values).assign(empty=np.nan))
    rows = store.read("features", where=WHERE)
    assert rows["momentum"].to_numpy().tobytes() == np.array(values).tobytes()
    assert rows["empty"].isna().all()


def test_the_same_features_again_make_no_commit(store: Store) -> None:
    """NaN is the same as NaN."""
    store.replace("features", features([1.0, np.nan]))
    assert store.replace("features", features([1.0, np.nan])) == 0
    assert store.version("features") == 0


def test_a_sign_of_zero_is_a_change(store: Store) -> None:
    """A rebuild that isn't the same to the bit must show."""
    store.replace("features", features([0.0, 1.0]))
    assert store.replace("features", features([-0.0, 1.0])) == 1
    assert np.signbit(momentum(store)[0])


def test_a_new_session_is_added_and_a_changed_one_replaced(store: Store) -> None:
    """Other tickers, other sessions and other sets stay."""
    store.replace("features", features([1.0, 2.0]))
    store.replace("features", features([7.0, 8.0], ticker="MSFT"))
    store.replace("features", features([5.0], feature_set="b"))
    assert store.replace("features", features([2.0, 3.0], first="2024-02-06")) == 1
    assert store.replace("features", features([2.5], first="2024-02-06")) == 1
    assert momentum(store, ticker="AAPL") == [1.0, 2.5, 3.0]
    assert momentum(store, ticker="MSFT") == [7.0, 8.0]
    assert store.read("features", where={"feature_set": "b"})["momentum"].tolist() == [5.0]


def test_a_row_that_is_gone_between_the_first_and_last_is_removed(store: Store) -> None:
    """A session that a correction took away has no features."""
    store.replace("features", features([1.0, 2.0, 3.0]))
    assert store.replace("features", features([1.0, 2.0, 3.0]).drop(index=1)) == 1
    assert momentum(store) == [1.0, 3.0]


def test_feature_sets_with_other_columns_live_in_one_table(store: Store) -> None:
    """And each reads as if it were alone."""
    store.replace("features", features([1.0]))
    store.replace("features", features([2.0], feature_set="b", name="reversal"))
    assert list(store.read("features", where=WHERE).columns)[4:] == ["momentum"]
    assert list(store.read("features", where={"feature_set": "b"}).columns)[4:] == ["reversal"]


def test_a_set_that_changed_its_columns_under_its_name_is_refused(store: Store) -> None:
    """Half the rows would hold other features than the other half."""
    store.replace("features", features([1.0]))
    with pytest.raises(StoreError, match=r"\['reversal'\] are new, \['momentum'\] are gone"):
        store.replace("features", features([1.0], name="reversal"))


def test_two_sets_in_one_call_are_refused(store: Store) -> None:
    """A call replaces the rows of one set."""
    with pytest.raises(ValueError, match="one feature set a call"):
        store.replace("features", pd.concat([features([1.0]), features([1.0], feature_set="b")]))


Rows = st.dictionaries(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 5)),
    st.sampled_from([0.0, -0.0, 1.0, np.nan]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15)
@given(builds=st.lists(Rows, min_size=1, max_size=4))
def test_replacing_equals_cutting_each_tickers_span_and_pasting(
    builds: list[dict[tuple[str, int], float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """For every sequence of rebuilds, against a dictionary that is cut and pasted."""
    store, model = Store(tmp_path_factory.mktemp("features")), dict[tuple[str, int], float]()
    for build in builds:
        days = pd.bdate_range("2024-02-05", periods=6, unit="us")
        keys = sorted(build)
        store.replace(
            "features",
            pd.concat(
                [features([build[key]], ticker=key[0], first=str(days[key[1]])) for key in keys], ignore_index=True
            ),
        )
        for ticker in {ticker for ticker, _ in keys}:
            given_days = [day for name, day in keys if name == ticker]
            for day in range(min(given_days), max(given_days) + 1):
                model.pop((ticker, day), None)
        model.update(build)
    rows = store.read("features")
    assert list(zip(rows["ticker"], rows["session"], strict=True)) == [(name, days[day]) for name, day in sorted(model)]
    expected = np.array([model[key] for key in sorted(model)])
    assert rows["momentum"].to_numpy().tobytes() == expected.tobytes()
