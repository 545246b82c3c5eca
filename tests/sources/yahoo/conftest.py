"""A small market behind the loopback Yahoo, and a source that asks it within milliseconds."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from stockseq.sessions import TradingCalendar
from stockseq.sources.yahoo import YahooSource
from tests.sources.yahoo.scenario import NOW, FakeTime, hurried, plain_bars
from tests.yahoo_server.answers import story
from tests.yahoo_server.market import ListedMarket, Listing
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer


@pytest.fixture(scope="session")
def calendar() -> TradingCalendar:
    """The sessions of NYSE around November 2024."""
    return TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2025-06-30"))


@pytest.fixture
def market(calendar: TradingCalendar) -> ListedMarket:
    """KOLA is plain, FERN pays 0.50 on 11-25 and splits 2:1 on 11-26, MOSS only trades."""
    sessions = calendar.between(pd.Timestamp("2024-11-01"), pd.Timestamp("2024-12-31"))
    news = [
        (pd.Timestamp(at), story(key, title, at))
        for key, title, at in (
            ("k1", "Kola opens a second plant", "2024-11-26T15:00:00Z"),
            ("k2", "Kola raises its outlook", "2024-11-27T14:30:00Z"),
        )
    ]
    return ListedMarket(
        {
            "KOLA": Listing(plain_bars(sessions, 100.0), news=news),
            "FERN": Listing(
                plain_bars(sessions, 200.0, halved_from=pd.Timestamp("2024-11-26")),
                splits={pd.Timestamp("2024-11-26"): 2.0},
                dividends={pd.Timestamp("2024-11-25"): 0.5},
            ),
            "MOSS": Listing(plain_bars(sessions, 40.0)),
        },
        calendar,
    )


@pytest.fixture
def yahoo(
    market: ListedMarket, calendar: TradingCalendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[YahooServer]:
    """The loopback Yahoo at `NOW`, which this process takes for the real one; yfinance starts without memory."""
    forget_yfinance(monkeypatch)
    with YahooServer(market, now=NOW, folder=tmp_path, calendar=calendar) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def fake_time() -> FakeTime:
    """A clock for pacing and back-off."""
    return FakeTime()


@pytest.fixture
def source(yahoo: YahooServer, tmp_path: Path) -> YahooSource:
    """The real source with waits of a millisecond."""
    return YahooSource(hurried(tmp_path))
