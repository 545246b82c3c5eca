"""Yahoo Finance through yfinance: daily bars, splits, dividends and headlines, paced and accounted for by ticker."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import platformdirs

from stockseq.schemas import HEADLINES, Dropped, as_headlines, empty
from stockseq.sessions import TradingCalendar
from stockseq.sources.curl_first import require_curl_before_tensorflow
from stockseq.sources.pacing import LostRequests, Pacer, RetryBudget
from stockseq.sources.settings import YahooSettings
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, TickerBars
from stockseq.sources.yahoo.client import YahooClient
from stockseq.sources.yahoo.history import read_history
from stockseq.sources.yahoo.news import TickerNews, read_news
from stockseq.sources.yahoo.ticker_requests import TickerRequests

# Calendar days asked before the first session, so that a dividend on it has a close before it.
LEAD = pd.Timedelta(days=10)


class YahooSource:
    """Bars and headlines from Yahoo Finance; one ticker's failure never costs another's data.

    Parameters
    ----------
    settings : YahooSettings, optional
        Pace, retries and the like.
    clock, sleep : callables, optional
        Seconds that only go forward, and a wait of so many seconds.

    Raises
    ------
    SourceError
        If TensorFlow was imported before this module: no request could succeed.

    Examples
    --------
    >>> source = YahooSource(YahooSettings(requests_per_second=1.0))
    >>> bars = source.fetch_bars({"AAPL": pd.Timestamp("2024-11-25")}, now=pd.Timestamp.now("UTC"))  # doctest: +SKIP
    >>> bars.outcomes["AAPL"].status  # doctest: +SKIP
    'updated'
    """

    name = "yahoo"

    def __init__(
        self,
        settings: YahooSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        require_curl_before_tensorflow()
        self._settings = settings or YahooSettings()
        self._clock = clock
        self._sleep = sleep
        self._morning: tuple[pd.Timestamp, LostRequests] | None = None

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return all final as-traded bars and the actions of each ticker from its first session up to `now`.

        Yahoo adjusts the whole answer for every split until today; the window therefore always reaches today, and the
        adjustment is undone. A dividend counts once the adjusted closes confirm its amount.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """
        earliest = min((*first_sessions.values(), now.tz_localize(None))) - LEAD
        # A calendar from 1980 on takes as long to build as a ticker to ask for.
        calendar = TradingCalendar.until(now, exchange=self._settings.exchange, first=earliest)

        def fetch(ticker: str) -> TickerBars:
            first = first_sessions[ticker]
            chart, answered_at = self._client.fetch_history(ticker, (first - LEAD).tz_localize(calendar.timezone))
            return read_history(chart, ticker=ticker, first=first, now=now, calendar=calendar, answered_at=answered_at)

        answers, outcomes = self._requests(now).fetch_each(list(first_sessions), fetch)
        nothing = "no final session in the time asked for"
        for ticker, answer in answers.items():
            outcomes[ticker] = _outcome(ticker, len(answer.bars), answer.dropped, nothing)
        fetched = FetchedBars.of_tickers(answers.values(), {ticker: outcomes[ticker] for ticker in first_sessions})
        return replace(fetched, currencies={name: of.currency for name, of in answers.items() if of.currency})

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines that Yahoo shows for each ticker, published after `since`, first seen at `now`.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """

        def fetch(ticker: str) -> TickerNews:
            items = [
                item
                for tab in self._settings.news_tabs
                for item in self._client.fetch_news(ticker, tab=tab, n_headlines=self._settings.n_headlines)
            ]
            return read_news(items, ticker=ticker, since=since, now=now)

        answers, outcomes = self._requests(now).fetch_each(list(dict.fromkeys(tickers)), fetch)
        for ticker, answer in answers.items():
            outcomes[ticker] = _outcome(ticker, len(answer.headlines), answer.dropped, "no news")
        return FetchedHeadlines(
            as_headlines(pd.concat([empty(HEADLINES), *(answer.headlines for answer in answers.values())])),
            {ticker: outcomes[ticker] for ticker in tickers},
            tuple(dropped for answer in answers.values() for dropped in answer.dropped),
        )

    def _requests(self, now: pd.Timestamp) -> TickerRequests:
        settings = self._settings
        budget = RetryBudget(
            first=settings.back_off_s,
            longest=settings.longest_back_off_s,
            total=settings.patience_s,
            clock=self._clock,
            sleep=self._sleep,
        )
        # Bars, the full history of a revised ticker and headlines share what a ticker may lose in one morning.
        if self._morning is None or self._morning[0] != now:
            self._morning = (now, LostRequests(settings.lost_requests))
            self._client.begin_morning(self._morning[1])
        return TickerRequests(self._client, budget, settings=settings, now=now, lost=self._morning[1])

    @cached_property
    def _client(self) -> YahooClient:
        pacer = Pacer(self._settings.requests_per_second, clock=self._clock, sleep=self._sleep)
        folder = self._settings.cache_folder or Path(platformdirs.user_cache_dir("stockseq")) / "yahoo"
        return YahooClient(pacer, timeout=self._settings.timeout_s, cache_folder=folder)


def _outcome(ticker: str, n_rows: int, dropped: Sequence[Dropped], nothing: str) -> Outcome:
    if n_rows:
        return Outcome(ticker, "updated", n_rows)
    faults = "; ".join(f"{item.n_rows} left out: {item.reason}" for item in dropped)
    return Outcome(ticker, "nothing_new", reason=faults or nothing)
