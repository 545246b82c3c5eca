"""A feature says what it needs and refuses what it can't be."""

import pandas as pd
import pytest

from stockseq.errors import PluginError
from stockseq.features.feature import Feature

BARS = pd.DataFrame({"close": [10.0, 20.0, 40.0]}, index=pd.bdate_range("2024-01-01", periods=3))


def test_the_warm_up_is_blanked_whatever_the_function_gives() -> None:
    """Some indicators fill their first rows with 0, which no model should learn from."""
    feature = Feature("zeros", lambda bars: bars["close"] * 0.0, warm_up=2)
    assert feature.values(BARS).isna().tolist() == [True, True, False]
    assert feature.values(BARS).name == "zeros"


def test_a_level_is_divided_by_the_close_of_its_own_bar() -> None:
    """By hand: the previous close over this one is a half."""
    feature = Feature("previous", lambda bars: bars["close"].shift(1), warm_up=1, divide_by="close")
    assert feature.values(BARS).iloc[1:].tolist() == [0.5, 0.5]


def test_a_feature_that_changes_its_bars_changes_its_own_copy() -> None:
    """The next feature must see the same bars."""

    def greedy(bars: pd.DataFrame) -> pd.Series:
        bars["close"] = 0.0
        return bars["close"]

    Feature("greedy", greedy, warm_up=0).values(BARS)
    assert BARS["close"].tolist() == [10.0, 20.0, 40.0]


def test_whole_numbers_become_float64() -> None:
    """One type in the store for every feature."""
    counted = Feature("counted", lambda bars: pd.Series([1, 2, 3], index=bars.index), warm_up=0)
    assert counted.values(BARS).dtype == "float64"


@pytest.mark.parametrize("name", ["", "RSI", "9lives", "a-b", "a b", "x" * 65])
def test_a_name_that_can_be_no_column_is_refused(name: str) -> None:
    """Names become columns of a stored table."""
    with pytest.raises(ValueError, match="must be lower-case letters, digits and underscores"):
        Feature(name, lambda bars: bars["close"], warm_up=0)


@pytest.mark.parametrize("warm_up", [-1, 401])
def test_a_warm_up_beyond_the_history_is_refused(warm_up: int) -> None:
    """Rows are built from 400 bars before them."""
    with pytest.raises(ValueError, match="within 0 to 400 bars"):
        Feature("slow", lambda bars: bars["close"], warm_up=warm_up)


def test_a_failing_feature_is_named() -> None:
    """The user's own error is kept as the cause."""
    with pytest.raises(PluginError, match="Feature 'broken' failed on 3 bars: ZeroDivisionError") as caught:
        Feature("broken", lambda bars: bars["close"] / (1 // 0), warm_up=0).values(BARS)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
