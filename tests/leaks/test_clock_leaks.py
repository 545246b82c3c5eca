"""Clocks that lie, as they stand in public archives: the gate on real prices names each, and their source."""

from collections.abc import Callable

import pandas as pd
import pytest

from stockseq.evaluate.news_timing import time_news
from stockseq.report.text.news import timing_sentences
from stockseq.schemas import INSTANT
from tests.evaluate.made_news import CALENDAR, make_news

NEW_YORK = "America/New_York"


def offset(stamps: pd.Series) -> pd.Series:
    """Return New York's offset from UTC: -4 or -5 hours."""
    return stamps.dt.tz_convert(NEW_YORK).dt.tz_localize(None) - stamps.dt.tz_localize(None)


def fnspid(stamps: pd.Series) -> pd.Series:
    """Add the offset to New York's own clock where it should be taken away: 8 hours early in summer, 10 in winter."""
    return stamps + 2 * offset(stamps)


def edgar(stamps: pd.Series) -> pd.Series:
    """Read New York's clock as UTC, for a Z stands behind it: 4 or 5 hours early."""
    return stamps + offset(stamps)


def created(stamps: pd.Series) -> pd.Series:
    """Give the text of the last revision, in the session, the stamp of the first one, before the open."""
    before_open = stamps.dt.tz_convert(NEW_YORK).dt.normalize() + pd.Timedelta(hours=8)
    return stamps.where(stamps <= before_open, before_open.dt.tz_convert("UTC"))


def local_zone(stamps: pd.Series) -> pd.Series:
    """Take what a machine in Chicago wrote by its own clock for UTC."""
    return stamps.dt.tz_convert("America/Chicago").dt.tz_localize(None).dt.tz_localize("UTC")


@pytest.mark.parametrize("lie", [fnspid, edgar, created, local_zone])
def test_a_lying_clock_is_named(lie: Callable[[pd.Series], pd.Series]) -> None:
    """With 3,000 headlines, whose stamps as they were are not doubted."""
    news = make_news(5, n=3000)
    honest, lying = (
        time_news(
            news.headlines.assign(source="wire", published_at=stamps.astype(INSTANT)),
            news.scores,
            news.bars,
            calendar=CALENDAR,
        )
        for stamps in (news.headlines["published_at"], lie(news.headlines["published_at"]))
    )
    assert timing_sentences(honest) == ()
    (sentence,) = timing_sentences(lying)
    assert sentence.startswith("The clock of the headlines from wire is doubted.")
