"""A network trained on an archive and then run live: both read the same text for the same sessions.

The archive is Alpaca's, played on loopback with the headlines of a simulated market; the prices, and the live headlines
beside Alpaca's, come from the loopback Yahoo through the real yfinance.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.daily import run_daily
from pipelines.news import run_news
from stockseq.config import Settings, load_settings
from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.forecasting.morning import Morning, headlines_read
from stockseq.models.network import reads_text
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.alpaca_server import AlpacaServer, items_of, set_keys
from tests.pipelines.small import SMALL
from tests.pipelines.test_yahoo_week import HURRIED
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer
from tests.yahoo_server.simulated import SimulatedListings

READ = ["ticker", "published_at", "text", "compound", "sessions_ago"]


@dataclass(frozen=True)
class Week:
    """The market, what was set, each morning with its instant, and the tables that the last wrote when it ran again."""

    market: SimulatedMarket
    settings: Settings
    mornings: list[tuple[pd.Timestamp, Morning]]
    committed_again: list[str]


@pytest.fixture(
    scope="module", params=[(230, 2), pytest.param((2016, 5), marks=pytest.mark.slow)], ids=["a year", "8 years"]
)
def week(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Week:
    """The archive until the day before the first morning, then two or five mornings from both."""
    n_sessions, n_mornings = request.param
    market = SimulatedMarket(n_sessions=n_sessions, n_tickers=4)
    folder = tmp_path_factory.mktemp("news-week")
    decided = market.calendar.decision_at(DecisionPolicy())
    mornings = [decided[session] - pd.Timedelta(minutes=10) for session in market.sessions[-n_mornings:]]
    listings = SimulatedListings(market)
    found = []
    with (
        pytest.MonkeyPatch.context() as patch,
        YahooServer(listings, now=mornings[0], folder=folder, calendar=market.calendar) as yahoo,
        AlpacaServer(items_of(market.headlines), now=mornings[0]) as alpaca,
    ):
        forget_yfinance(patch)
        set_keys(patch)
        for name, value in yahoo.environment().items():
            patch.setenv(name, value)
        alpaca.most_per_minute = None
        settings = _settings(folder, market, alpaca.url)
        run_news(settings, mornings[0], since=str(market.first_session))
        for morning in mornings:
            yahoo.now = alpaca.now = morning
            found.append((morning, run_daily(settings, morning)[0]))
        before = Store(settings.data).versions()
        run_daily(settings, mornings[-1], quiet=True)
        after = Store(settings.data).versions()
        committed = [table for table in after if after[table] != before.get(table)]
    return Week(market, settings, found, committed)


def _settings(folder: Path, market: SimulatedMarket, alpaca: str) -> Settings:
    own = {name: value for name, value in SMALL.items() if not name.startswith(("source", "simulated"))}
    return load_settings(
        overrides={
            **own,
            "source": "yahoo",
            "headlines_from": ["yahoo", "alpaca"],
            "data": str(folder / "data"),
            "tickers": " ".join(market.tickers),
            "history_from": market.first_session,
            "yahoo": {**HURRIED, "cache_folder": str(folder / "cache")},
            "alpaca": {"url": alpaca, "requests_per_second": 1000.0},
        }
    )


def _dataset(week: Week, as_of: pd.Timestamp) -> Dataset:
    """Build anew what the store knew at an instant, as training does."""
    workspace = Workspace(week.settings, now=as_of)
    return build_dataset(workspace.market(week.market.tickers), workspace.inputs)


def test_the_network_was_trained_on_the_archive(week: Week) -> None:
    """Its vocabulary holds words of headlines that came before the first morning, from Alpaca alone."""
    first, morning = week.mornings[0]
    model = morning.champion.model
    assert reads_text(model.network, len(model.vocabulary))
    stored = Store(week.settings.data).headlines()
    archive = stored[stored["first_seen_at"].isna()]
    assert set(archive["source"]) == {"alpaca"}
    assert archive["published_at"].max() < first.normalize()
    assert len(archive) > 0.9 * (week.market.headlines["first_seen_at"] < first.normalize()).sum()


def test_each_morning_reads_both_sources_and_each_story_once(week: Week) -> None:
    """Yahoo and Alpaca tell the same; the store keeps both, the network reads one."""
    stored = Store(week.settings.data).headlines()
    live = stored[stored["first_seen_at"].notna()]
    assert set(live["source"]) == {"yahoo", "alpaca"}
    for instant, morning in week.mornings:
        news = morning.headlines[morning.headlines["sessions_ago"] == 0]
        assert not news.duplicated(["ticker", "text"]).any(), instant


def test_training_and_live_read_the_same_for_the_same_sessions_bit_for_bit(week: Week) -> None:
    """What each morning read, texts and numbers, is what a training after the week reads there."""
    last = week.mornings[-1][0]
    after = _dataset(week, last)
    for instant, morning in week.mornings:
        then, session = _dataset(week, instant), morning.next.session
        for data in (then, after):
            read = headlines_read(data, morning.table, session, model=morning.champion.model)
            pd.testing.assert_frame_equal(
                read[READ].reset_index(drop=True), morning.headlines[READ].reset_index(drop=True), obj=str(instant)
            )
        for ticker in week.market.tickers:
            ours, theirs = (_window(data, ticker, session) for data in (then, after))
            assert np.array_equal(ours[0], theirs[0]), (ticker, session)
            assert ours[1] == theirs[1], (ticker, session)


def _window(data: Dataset, ticker: str, session: pd.Timestamp) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the indicators and the texts of the row that a session's decision knew."""
    keys = data.panel.keys
    row = int(np.flatnonzero((keys["ticker"] == ticker) & (keys["session"] == session))[0])
    return data.panel.indicators[row], data.panel.texts[row]


def test_a_morning_that_runs_again_commits_nothing(week: Week) -> None:
    """Not to headlines, not to the days that were asked for."""
    assert week.committed_again == []
