"""Which bars traded, wherever it is asked."""

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import DataError
from stockseq.prices import is_traded, traded_bars


@pytest.mark.parametrize("column", ["open", "close", "volume"])
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_bar_without_volume_open_or_close_did_not_trade(column: str, value: float) -> None:
    """A vendor repeats the last price through a halt; who trades on it trades with nobody."""
    bars = pd.DataFrame({"open": [9.0, 9.0], "close": [9.0, 9.0], "volume": [1.0, 1.0]})
    bars.loc[0, column] = value
    assert is_traded(bars).tolist() == [False, True]


def test_two_bars_of_one_session_are_refused() -> None:
    """Two vintages in one table would count each return twice."""
    bar = {"ticker": "A", "session": pd.Timestamp("2024-11-25"), "open": 9.0, "close": 9.0, "volume": 1.0}
    with pytest.raises(DataError) as refused:
        traded_bars(pd.DataFrame([bar, bar]))
    assert str(refused.value) == (
        "A label needs one bar per ticker and session; 1 repeat, first A on 2024-11-25. Read the newest vintage only."
    )


def test_what_traded_is_sorted_and_its_rows_are_counted_anew() -> None:
    """Whoever computes per ticker relies on both; A's first bar is a halt, and B's came first."""
    rows = [("B", "2024-11-26", 1.0), ("A", "2024-11-26", 1.0), ("A", "2024-11-25", 0.0), ("B", "2024-11-25", 1.0)]
    bars = pd.DataFrame(rows, columns=["ticker", "session", "volume"]).assign(open=9.0, close=9.0)
    traded = traded_bars(bars.assign(session=pd.to_datetime(bars["session"])))
    assert traded["ticker"].to_dict() == {0: "A", 1: "B", 2: "B"}
    assert traded["session"].dt.day.tolist() == [26, 25, 26]
