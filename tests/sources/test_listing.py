"""A ticker that trades elsewhere is told by its suffix, its zone and its dates."""

import pandas as pd
import pytest

from stockseq.sessions import TradingCalendar
from stockseq.sources.listing import find_foreign, judge_dates, judge_suffix, judge_zone

FIRST, LAST = pd.Timestamp("2024-01-02"), pd.Timestamp("2024-12-31")
NEW_YORK, LONDON, MUMBAI = (TradingCalendar(code, FIRST, LAST) for code in ("XNYS", "XLON", "XBOM"))


@pytest.mark.parametrize(
    ("ticker", "exchange", "elsewhere"),
    [
        ("KOL.DE", "XNYS", "XETR"),
        ("BTC-USD", "XNYS", "24/7"),
        ("7203.T", "XLON", "XTKS"),
        ("KOL.L", "XLON", None),
        ("BRK-B", "XNYS", None),
        ("BRK.B", "XNYS", None),
        ("KOLA", "XLON", None),
        ("M&M.NS", "XBOM", None),
    ],
)
def test_a_suffix_names_the_exchange(ticker: str, exchange: str, elsewhere: str | None) -> None:
    """Class shares have a dash or a dot, too, and name none."""
    reason = judge_suffix(ticker, exchange)
    assert reason is None if elsewhere is None else reason is not None and f'exchange = "{elsewhere}"' in reason


def test_one_zone_has_two_names() -> None:
    """Yahoo says Asia/Kolkata, the calendar Asia/Calcutta."""
    assert judge_zone("Asia/Kolkata", MUMBAI) is None
    assert judge_zone("Europe/London", MUMBAI) is not None


def test_a_year_of_london_is_not_of_new_york() -> None:
    """Seven sessions that New York lacks, such as 4 July, and three that London lacks, such as 6 May."""
    dates = pd.Series(LONDON.sessions)
    assert judge_dates(dates, LONDON) is None
    reason = judge_dates(dates, NEW_YORK)
    assert reason is not None
    assert "first 2024-01-15" in reason


def test_halts_stray_rows_and_thin_trading_are_not_another_exchange() -> None:
    """A halt lacks many sessions in a row, a thin ticker has no strange dates, a vendor's holiday rows no gaps."""
    sessions = pd.Series(NEW_YORK.sessions)
    assert judge_dates(sessions.drop(range(100, 140)), NEW_YORK) is None
    assert judge_dates(sessions.drop(range(10, 200, 10)), NEW_YORK) is None
    assert judge_dates(pd.Series(pd.bdate_range(FIRST, LAST)), NEW_YORK) is None


def test_rows_without_volume_are_no_trades() -> None:
    """A vendor that fills weekends forward has not traded there."""
    days = pd.Series(pd.date_range(FIRST, LAST))
    filled = pd.DataFrame({"ticker": "KOLA", "session": days, "volume": days.isin(NEW_YORK.sessions) * 100.0})
    assert find_foreign(filled, NEW_YORK) == {}
    assert list(find_foreign(filled.assign(volume=100.0), NEW_YORK)) == ["KOLA"]
