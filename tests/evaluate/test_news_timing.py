"""What tone and return at two lags say of a clock, by hand, against scipy 1.17.1, and by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stockseq.evaluate.news_timing import SourceTiming, doubted_sources, time_news
from stockseq.schemas import INSTANT
from tests.evaluate.made_news import CALENDAR, MadeNews, make_news

HOUR = pd.Timedelta(hours=1)


def judge(news: MadeNews, *, hours_early: float = 0.0) -> SourceTiming:
    stamps = news.headlines["published_at"] - hours_early * HOUR
    headlines = news.headlines.assign(published_at=stamps.astype(INSTANT))
    (timing,) = time_news(headlines, news.scores, news.bars, calendar=CALENDAR)
    return timing


def stamped(*stamps: str, **columns: object) -> pd.DataFrame:
    """Return headlines of one ticker at these instants."""
    n = len(stamps)
    frame = pd.DataFrame({"headline_id": [str(number) for number in range(n)], "ticker": "KOLA"})
    nothing = pd.Series([None] * n, dtype=INSTANT)
    published = pd.Series(pd.to_datetime(list(stamps), utc=True, format="ISO8601")).astype(INSTANT)
    facts = {"date_only": False, "known_by": "vendor", "source": "wire"}
    return frame.assign(published_at=published, first_seen_at=nothing, created_at=nothing, **{**facts, **columns})


def by_hand(headlines: pd.DataFrame, compounds: list[float]) -> SourceTiming:
    # Tuesday to Thursday rise by 1, 3 and 2 %.
    bars = pd.DataFrame({"ticker": "KOLA", "session": pd.to_datetime(["2024-01-09", "2024-01-10", "2024-01-11"])})
    bars = bars.assign(open=100.0, close=[101.0, 103.0, 102.0])
    scores = headlines[["headline_id"]].assign(compound=compounds)
    return time_news(headlines, scores, bars, calendar=CALENDAR)[0]


def test_the_open_parts_the_session_that_is_running_from_the_next() -> None:
    """New York opens at 14:30 UTC in winter: at that instant the session has opened, a moment before it has not."""
    stamps = [
        "2024-01-09T14:29:59Z",
        "2024-01-09T20:00Z",
        "2024-01-10T14:30Z",
        "2024-01-10T23:00Z",
        "2024-01-11T12:00Z",
    ]
    timing = by_hand(stamped(*stamps), [0.1, 0.3, 0.2, 0.4, 0.5])
    assert timing.lag_0 is not None
    assert timing.lag_1 is not None
    # Running: Tuesday of the second, Wednesday of the last three, 0.37 on average; Monday of the first has no bar.
    assert timing.lag_0.n == timing.lag_0.n_sessions == 2
    assert timing.lag_0.correlation == pytest.approx(1.0)
    # Next: Tuesday of the first, Wednesday of the second, Thursday of the others; returns rank 1, 3, 2.
    assert timing.lag_1.n == 3
    assert timing.lag_1.correlation == pytest.approx(0.5)


def test_one_session_has_no_correlation() -> None:
    """Two points of one session move together; nothing is said."""
    timing = by_hand(stamped("2024-01-09T15:00Z", "2024-01-09T16:00Z"), [0.1, 0.2])
    assert (timing.lag_0, timing.lag_1, timing.doubted) == (None, None, False)


def test_the_share_within_sessions_stands_beside_that_of_an_even_spread() -> None:
    """From Tuesday's open to Thursday's there are two sessions of 6.5 hours in 48."""
    rows = stamped("2024-01-09T14:30Z", "2024-01-09T21:00Z", "2024-01-10T22:00Z", "2024-01-11T14:30Z")
    timing = by_hand(rows, [0.1, 0.2, 0.3, 0.4])
    assert timing.share_in_session == 0.75
    assert timing.share_expected == pytest.approx(13 / 48)


def test_dates_and_our_own_clock_are_not_judged() -> None:
    """A bare date has no hour, and what we saw ourselves we didn't see before it was there."""
    rows = stamped(*["2024-01-09T15:00Z"] * 3, known_by=["first_seen", "date_only", "vendor"])
    timing = by_hand(rows.assign(date_only=[False, True, False]), [0.1, 0.2, 0.3])
    assert (timing.n, timing.n_left_out) == (1, 2)


def test_a_crawled_headline_is_judged_by_its_crawler() -> None:
    """That is the instant from which it counts."""
    crawled = stamped("2024-01-09T12:00Z", known_by="crawled")
    crawled["first_seen_at"] = pd.to_datetime(["2024-01-09T15:00Z"], utc=True)
    assert by_hand(crawled, [0.1]).share_in_session == 1.0


def test_revisions_are_counted_from_the_first_version() -> None:
    """Of 1 minute, 2 hours and 2 days the median is 2 hours, and 90 % lie below 1.6 days and 24 minutes."""
    rows = stamped(*["2024-01-11T15:00Z"] * 4)
    created = ["2024-01-11T14:59Z", "2024-01-11T13:00Z", "2024-01-09T15:00Z", None]
    rows["created_at"] = pd.Series(pd.to_datetime(created, utc=True, format="ISO8601")).astype(INSTANT)
    revisions = by_hand(rows, [0.1] * 4).revisions
    assert revisions is not None
    assert (revisions.n, revisions.median_s, revisions.share_over_a_day) == (3, 7200.0, pytest.approx(1 / 3))
    assert revisions.percentile_90_s == pytest.approx(7200 + 0.8 * (2 * 86_400 - 7200))


def test_invented_headlines_have_no_clock() -> None:
    """A simulated market's texts are made to forecast the next session."""
    news = make_news(0, n=50)
    assert time_news(news.headlines.assign(source="simulated"), news.scores, news.bars, calendar=CALENDAR) == ()


def test_each_source_is_judged_alone() -> None:
    """Of two, the one whose stamps are early is named."""
    honest, lying = make_news(1, n=2000), make_news(1, n=2000)
    early = lying.headlines.assign(source="archive", published_at=lying.headlines["published_at"] - 8 * HOUR)
    both = pd.concat([honest.headlines, early])
    assert doubted_sources(time_news(both, honest.scores, honest.bars, calendar=CALENDAR)) == ("archive",)


def test_the_correlation_is_that_of_scipy() -> None:
    """Ties, of which half of all tones are some, are averaged."""
    news = make_news(3)
    timing = judge(news)
    opens = CALENDAR.schedule["open"].to_numpy(dtype="datetime64[us]")
    at = news.headlines["published_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    sessions = CALENDAR.sessions[opens.searchsorted(at, side="right") - 1]
    rows = news.headlines.assign(session=sessions, compound=news.scores["compound"])
    tones = rows.groupby(["ticker", "session"])["compound"].mean().reset_index()
    joined = tones.merge(news.bars, on=["ticker", "session"])
    expected = stats.spearmanr(joined["compound"], joined["close"] / joined["open"]).statistic
    assert timing.lag_0 is not None
    assert timing.lag_0.correlation == pytest.approx(expected)
    assert timing.lag_0.ci[0] < expected < timing.lag_0.ci[1]


def test_a_right_clock_is_not_doubted() -> None:
    """Nor one that is late, or early by what a feed's stamp may be."""
    assert not any(judge(make_news(seed), hours_early=hours).doubted for seed in range(8) for hours in (0, 0.25, -8))


def test_a_clock_eight_hours_early_is_doubted() -> None:
    """With 1,000 headlines 98 % are, with 300 two of three: the error of 20 draws is 3 and 11 points."""
    assert np.mean([judge(make_news(seed), hours_early=8).doubted for seed in range(20)]) >= 0.9
    assert 0.3 <= np.mean([judge(make_news(seed, n=300), hours_early=8).doubted for seed in range(20)]) <= 0.9


def test_text_that_tells_nothing_is_rarely_doubted() -> None:
    """One percent at most of clocks, right or wrong: there is nothing to tell them by."""
    assert sum(judge(make_news(seed, reaction=0.0)).doubted for seed in range(40)) <= 2


def test_too_few_sessions_bear_no_verdict() -> None:
    """Fifty headlines of a ticker can correlate with anything."""
    news = make_news(1, n=3000)
    few = news.bars["session"].drop_duplicates().iloc[:50]
    timing = judge(news._replace(bars=news.bars[news.bars["session"].isin(few)]), hours_early=8)
    assert timing.lag_1 is not None
    assert timing.lag_1.correlation > 0.05
    assert not timing.doubted
