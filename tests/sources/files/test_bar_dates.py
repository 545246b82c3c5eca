"""Dates of bars in the spellings of exports."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files.bar_dates import read_dates


def days(*written: object, **options: str) -> list[str]:
    read, _ = read_dates(pd.Series(list(written)), timezone="America/New_York", path="bars.csv", **options)
    return read.dt.strftime("%Y-%m-%d %H:%M").str.removesuffix(" 00:00").tolist()


@pytest.mark.parametrize(
    "written",
    [
        "2024-06-03",
        "20240603",
        20240603,
        "2024/06/03",
        "03.06.2024",
        "03-Jun-2024",
        "Jun 03, 2024",
        1717372800,
        "2024-06-03T00:00:00Z",
        "2024-06-03 00:00:00-04:00",
        pd.Timestamp("2024-06-03", tz="UTC"),
    ],
)
def test_a_date_is_read_in_every_spelling(written):
    """And a midnight of whatever zone is the date that it names, not the evening before in New York."""
    assert days(written) == ["2024-06-03"]


def test_the_order_of_day_and_month_is_that_which_all_dates_admit():
    """A 31st can be no month; nor does an exchange trade on the Saturday that the other order gives."""
    assert days("06/03/2024", "12/31/2024") == ["2024-06-03", "2024-12-31"]
    assert days("03/06/2024", "31/12/2024") == ["2024-06-03", "2024-12-31"]
    assert days("06/03/2024", "06/04/2024") == ["2024-06-03", "2024-06-04"]


def test_an_order_that_nothing_tells_is_refused_and_a_setting_decides():
    """5 and 6 March, or 3 May and 3 June? 3 May 2024 was a Friday, 3 June a Monday."""
    with pytest.raises(SourceError, match="can be day/month or month/day, and no row tells which"):
        days("05/03/2024", "06/03/2024")
    assert days("05/03/2024", order="DMY") == ["2024-03-05"]


def test_a_time_of_day_is_kept_in_the_exchanges_zone():
    """So that intraday bars are known as such: 13:30 UTC is 9:30 in New York in June."""
    assert days("2024-06-03T13:30:00Z", "2024-06-03T14:30:00Z") == ["2024-06-03 09:30", "2024-06-03 10:30"]
