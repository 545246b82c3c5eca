"""How many requests a morning costs: as few as the protocol allows, for the rate is polite and each takes its turn."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from stockseq.ingestion import ingest
from stockseq.sessions import TradingCalendar
from stockseq.sources.yahoo import YahooSource
from stockseq.store import Store
from tests.sources.yahoo.scenario import hurried, plain_bars
from tests.yahoo_server.answers import story
from tests.yahoo_server.market import ListedMarket, Listing
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

TICKERS = tuple(f"T{number:02}" for number in range(10))
EVENINGS = pd.to_datetime(["2024-11-26T23:00Z", "2024-11-27T23:00Z", "2024-11-29T23:00Z"])
FIRST = pd.Timestamp("2024-09-03")


@pytest.fixture
def market(calendar: TradingCalendar) -> ListedMarket:
    """Ten tickers with a headline each, of which three pay a dividend on 2024-11-27."""
    sessions = calendar.between(FIRST, pd.Timestamp("2024-12-31"))
    published = "2024-11-26T15:00:00Z"
    return ListedMarket(
        {
            ticker: Listing(
                plain_bars(sessions, 100.0 + number),
                dividends={pd.Timestamp("2024-11-27"): 0.5} if number < 3 else {},
                news=[(pd.Timestamp(published), story(f"n{number}", f"{ticker} opens a plant", published))],
            )
            for number, ticker in enumerate(TICKERS)
        },
        calendar,
    )


def ask(
    market: ListedMarket, calendar: TradingCalendar, folder: Path, now: pd.Timestamp, patch: pytest.MonkeyPatch
) -> Counter[str]:
    """Ingest as of an evening in a process that remembers nothing but what lies on the disk; return the requests."""
    forget_yfinance(patch)
    folder.mkdir(exist_ok=True)
    with YahooServer(market, now=now, folder=folder, calendar=calendar) as server:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        ingested, _ = ingest(
            Store(folder / "data"),
            YahooSource(hurried(folder)),
            TICKERS,
            now=now,
            calendar=calendar,
            history_from=FIRST,
        )
        assert ingested.n_failed == 0
        assert not ingested.headline_failures
        return Counter(entry.endpoint for entry in server.log)


def test_each_ticker_is_asked_once_for_bars_and_once_for_news(
    market: ListedMarket, calendar: TradingCalendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bars, overlap, splits and dividends are one chart; news are another host's, and its items name no ticker, so that
    none can be asked of two. Beside them a process asks for its crumb, and the first of all for a cookie."""
    asked = [ask(market, calendar, tmp_path, now, monkeypatch) for now in EVENINGS]
    once = {"chart": 10, "news": 10, "crumb": 1}
    assert asked == [{**once, "cookie": 1}, once, once]


def test_a_new_split_is_the_one_reason_to_ask_a_ticker_again(
    market: ListedMarket, calendar: TradingCalendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It re-bases all that was before, so the whole history is compared; the other nine are asked once."""
    ask(market, calendar, tmp_path, EVENINGS[0], monkeypatch)
    session, split = pd.Timestamp("2024-11-27"), market.listings["T07"]
    split.splits[session] = 2.0
    split.bars.loc[session:, ["open", "high", "low", "close"]] /= 2
    split.bars.loc[session:, "volume"] *= 2
    assert ask(market, calendar, tmp_path, EVENINGS[1], monkeypatch) == {"chart": 11, "news": 10, "crumb": 1}
    assert ask(market, calendar, tmp_path, EVENINGS[2], monkeypatch) == {"chart": 10, "news": 10, "crumb": 1}
