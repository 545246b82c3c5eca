"""The calendar that the dataset's tests share."""

import pandas as pd
import pytest

from stockseq.sessions import TradingCalendar


@pytest.fixture(scope="session")
def calendar() -> TradingCalendar:
    """XNYS around Thanksgiving 2024, with the half-day of 11-29."""
    return TradingCalendar("XNYS", pd.Timestamp("2024-11-18"), pd.Timestamp("2024-12-13"))
