"""Targets are checked where they enter."""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.targets import as_targets
from stockseq.errors import DataError


def frame(**changed):
    return pd.DataFrame({"session": ["2024-11-29"] * 2, "ticker": ["AAA", "BBB"], "weight": [0.5, 0.5], **changed})


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused(weight):
    """Missing could mean hold or exit, so it means neither."""
    with pytest.raises(DataError, match=r"finite weights .*; 1 of 2 rows do not, first BBB on 2024-11-29"):
        as_targets(frame(weight=[0.5, weight]))


def test_a_ticker_named_twice_in_a_session_is_refused():
    """Two weights for one ticker can't both be wanted."""
    with pytest.raises(DataError, match="name a ticker once a session; 1 of 2"):
        as_targets(frame(ticker=["AAA", "AAA"]))


@pytest.mark.parametrize(("column", "value"), [("ticker", None), ("session", pd.NaT)])
def test_a_target_without_a_key_is_refused(column, value):
    """Nobody could fill it."""
    with pytest.raises(DataError, match=r"name a session and a ticker; 1 of 2"):
        as_targets(frame(**{column: [frame()[column][0], value]}))


def test_a_missing_column_is_named():
    """The sentence says what is missing and what came."""
    with pytest.raises(DataError, match=r"\['weight'\] missing"):
        as_targets(frame().drop(columns="weight"))


def test_text_in_place_of_a_weight_is_refused():
    """Types are part of the table."""
    with pytest.raises(DataError, match="needs the types"):
        as_targets(frame(weight=["half", "half"]))


def test_targets_come_out_sorted():
    """Row order must not decide anything."""
    assert as_targets(frame(ticker=["BBB", "AAA"]))["ticker"].tolist() == ["AAA", "BBB"]
