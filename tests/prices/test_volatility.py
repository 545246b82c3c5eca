"""The volatility that a decision may use."""

import pandas as pd
import pytest

from stockseq.prices.volatility import compute_volatility
from tests.dataset.dataset_rows import actions_of, bars_of


def test_a_session_still_to_come_has_the_volatility_of_the_last_close() -> None:
    """The portfolio of tomorrow is sized with it: returns .01 then .02, weighed .94 and 1 over 1.94."""
    bars = bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 101, 101), ("2024-11-27", 103.02, 103.02)])
    keys = pd.DataFrame({"ticker": ["BBB", "AAA"], "session": pd.Timestamp("2024-11-29")}, index=[7, 3])
    volatility = compute_volatility(keys, bars, actions_of("AAA"))
    assert volatility.isna().to_dict() == {7: True, 3: False}
    assert volatility[3] == pytest.approx(((0.94 * 0.01**2 + 0.02**2) / 1.94) ** 0.5, abs=1e-14)
