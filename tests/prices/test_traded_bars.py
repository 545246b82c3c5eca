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
    with pytest.raises(DataError, match="1 repeat, first A on 2024-11-25"):
        traded_bars(pd.DataFrame([bar, bar]))
