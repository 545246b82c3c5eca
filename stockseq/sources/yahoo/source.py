"""Yahoo Finance through yfinance: daily bars, splits, dividends and headlines, paced and accounted for by ticker."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import platformdirs
from pydantic import BaseModel, Field

from stockseq.schemas import (
    ACTIONS,
    BARS,
    HEADLINES,
    Dropped,
    as_actions,
    as_bars,
    as_headlines,
    empty,
)
from stockseq.sessions import TradingCalendar
from stockseq.sources.pacing import Pacer, Patience
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome
from stockseq.sources.yahoo.curl_first import require_curl_before_tensorflow

if TYPE_CHECKING:
    from stockseq.sources.yahoo.client import YahooClient
    from stockseq.sources.yahoo.requests import Asking

# Calendar days asked before the first session, so that a dividend on it has a close before it.
LEAD = pd.Timedelta(days=10)


class YahooSettings(BaseModel, frozen=True, extra="forbid"):
    """How Yahoo is asked; the defaults keep well below the rates that users report as blocked."""

    tickers: tuple[str, ...] = Field(
        ("AAPL", "AMZN", "GOOGL", "JPM", "META", "MSFT", "NVDA", "TSLA", "UNH", "XOM"),
        description="Taken where neither the settings nor the store name any",
    )
    exchange: str = Field("XNYS", description="The exchange calendar of the tickers, a code of exchange_calendars")
    requests_per_second: float = Field(1.5, gt=0, description="Over all requests, those for cookies included")
    timeout_s: float = Field(10.0, gt=0, description="Seconds until one request is given up")
    attempts: int = Field(3, ge=1, description="Attempts per ticker when answers are broken, missing or refused")
    retry_wait_s: float = Field(2.0, ge=0, description="Seconds before the second attempt; doubles after it")
    back_off_s: float = Field(60.0, gt=0, description="Seconds of silence after a 429; doubles with each further one")
    longest_back_off_s: float = Field(900.0, gt=0, description="Where the doubling ends")
    patience_s: float = Field(900.0, ge=0, description="Seconds one fetch may lose to back-off and failed attempts")
    n_headlines: int = Field(50, ge=1, le=250, description="Newest headlines asked per ticker and tab")
    news_tabs: tuple[Literal["news", "all", "press releases"], ...] = Field(
        ("all",), description="Tabs of Yahoo's news; one request each"
    )
    cache_folder: Path | None = Field(None, description="For cookies and time zones; none is the user's own")


class YahooSource:
    """Bars and headlines from Yahoo Finance; one ticker's failure never costs another's data.

    Parameters
    ----------
    settings : YahooSettings, optional
        Pace, patience and the like.
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
        self._opened: YahooClient | None = None

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return all final as-traded bars and the actions of each ticker from its first session up to `now`.

        Yahoo adjusts the whole answer for every split until today; the window therefore always reaches today, and the
        adjustment is undone. A dividend counts once the adjusted closes confirm its amount.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """
        from stockseq.sources.yahoo.bars import TickerHistory, read_history

        earliest = min((*first_sessions.values(), now.tz_localize(None))) - LEAD
        # A calendar from 1980 on takes as long to build as a ticker to ask for.
        calendar = TradingCalendar.until(now, exchange=self._settings.exchange, first=earliest)

        def ask(ticker: str) -> TickerHistory:
            first = first_sessions[ticker]
            history, chart = self._client().fetch_history(ticker, first - LEAD)
            return read_history(history, chart, ticker=ticker, first=first, now=now, calendar=calendar)

        answers, outcomes = self._asking(now).ask_each(list(first_sessions), ask)
        nothing = "no final session in the time asked for"
        for ticker, answer in answers.items():
            outcomes[ticker] = _outcome(ticker, len(answer.bars), answer.dropped, nothing)
        return FetchedBars(
            as_bars(pd.concat([empty(BARS), *(answer.bars for answer in answers.values())])),
            as_actions(pd.concat([empty(ACTIONS), *(answer.actions for answer in answers.values())])),
            {ticker: outcomes[ticker] for ticker in first_sessions},
            tuple(dropped for answer in answers.values() for dropped in answer.dropped),
        )

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines that Yahoo shows for each ticker, published after `since`, first seen at `now`.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """
        from stockseq.sources.yahoo.news import TickerNews, read_news

        def ask(ticker: str) -> TickerNews:
            items = [
                item
                for tab in self._settings.news_tabs
                for item in self._client().fetch_news(ticker, tab=tab, n_headlines=self._settings.n_headlines)
            ]
            return read_news(items, ticker=ticker, since=since, now=now)

        answers, outcomes = self._asking(now).ask_each(list(dict.fromkeys(tickers)), ask)
        for ticker, answer in answers.items():
            outcomes[ticker] = _outcome(ticker, len(answer.headlines), answer.dropped, "no news")
        return FetchedHeadlines(
            as_headlines(pd.concat([empty(HEADLINES), *(answer.headlines for answer in answers.values())])),
            {ticker: outcomes[ticker] for ticker in tickers},
            tuple(dropped for answer in answers.values() for dropped in answer.dropped),
        )

    def _asking(self, now: pd.Timestamp) -> "Asking[Any]":
        from stockseq.sources.yahoo.requests import Asking

        patience = Patience(
            first=self._settings.back_off_s,
            most=self._settings.longest_back_off_s,
            total=self._settings.patience_s,
            clock=self._clock,
            sleep=self._sleep,
        )
        return Asking(self._client(), patience, settings=self._settings, now=now)

    def _client(self) -> "YahooClient":
        # yfinance takes a second to import, and settings alone shouldn't.
        from stockseq.sources.yahoo.client import YahooClient

        if self._opened is None:
            pacer = Pacer(self._settings.requests_per_second, clock=self._clock, sleep=self._sleep)
            self._opened = YahooClient(
                pacer, timeout=self._settings.timeout_s, cache_folder=self._settings.cache_folder or _user_cache()
            )
        return self._opened


def _outcome(ticker: str, n_rows: int, dropped: Sequence[Dropped], nothing: str) -> Outcome:
    if n_rows:
        return Outcome(ticker, "updated", n_rows)
    faults = "; ".join(f"{item.n_rows} left out: {item.reason}" for item in dropped)
    return Outcome(ticker, "nothing_new", reason=faults or nothing)


def _user_cache() -> Path:
    return Path(platformdirs.user_cache_dir("stockseq")) / "yahoo"
