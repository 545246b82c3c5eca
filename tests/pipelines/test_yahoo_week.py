"""Five days of daily for 11 tickers through the real yfinance, while Yahoo fails on ten of them."""

import pandas as pd
import pytest

from pipelines.daily import run_daily
from stockseq.config import load_settings
from stockseq.forecast_ledger import verify
from stockseq.forecasting.morning import Morning
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import Store
from tests.pipelines.small import SMALL
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer
from tests.yahoo_server.simulated import SimulatedListings

N_DAYS = 5
MARKET = SimulatedMarket(n_sessions=230, n_tickers=11)
T = MARKET.tickers
HURRIED = {
    "requests_per_second": 2000.0, "retry_wait_s": 0.002, "back_off_s": 0.06, "longest_back_off_s": 0.9,
    "patience_s": 30.0, "timeout_s": 20.0,
}  # fmt: skip
# Per day: what goes wrong, where, for which ticker, how often (None: all day).
FAULTS = {
    0: [
        ("429", "chart", T[0], 1),
        ("truncated", "chart", T[1], 1),
        ("reset", "chart", T[2], 2),
        ("html", "chart", T[3], None),
        ("missing_session", "chart", T[7], None),
    ],
    1: [("other_symbol", "chart", T[5], None), ("500", "news", T[8], None)],
    2: [("nan_close", "chart", T[6], None)],
    3: [("delisted", "chart", T[4], None), ("zero_price", "chart", T[9], None)],
    4: [("delisted", "chart", T[4], None), ("empty", "news", T[8], 1)],
}
REFUSED = {0: {T[3]}, 1: {T[5]}, 2: set(), 3: {T[4]}, 4: {T[4]}}


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory):
    """Each day run twice; what each day gave, and what the second run changed."""
    folder = tmp_path_factory.mktemp("week")
    overrides = {name: value for name, value in SMALL.items() if not name.startswith("simulated")}
    settings = load_settings(
        overrides={
            **overrides, "source": "yahoo", "data": str(folder / "data"), "tickers": " ".join(T),
            "history_from": MARKET.first_session, "yahoo": {**HURRIED, "cache_folder": str(folder / "cache")},
        }
    )  # fmt: skip
    decided = MARKET.calendar.decision_at(DecisionPolicy())
    mornings = [decided[session] - pd.Timedelta(minutes=10) for session in MARKET.sessions[-N_DAYS:]]
    days: list[Morning] = []
    changed: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        forget_yfinance(patch)
        server = YahooServer(SimulatedListings(MARKET), now=mornings[0], folder=folder, calendar=MARKET.calendar)
        with server:
            for name, value in server.environment().items():
                patch.setenv(name, value)
            for day, morning in enumerate(mornings):
                server.now = morning
                server.faults.clear()
                for kind, endpoint, ticker, times in FAULTS[day]:
                    server.faults.add(kind, endpoint=endpoint, ticker=ticker, times=times)
                days.append(run_daily(settings, morning)[0])
                before = Store(settings.data).versions()
                run_daily(settings, morning, quiet=True)
                changed.append(Store(settings.data).versions() != before)
            assert not server.refused_hosts
    return settings, days, changed


def test_each_day_refuses_exactly_the_tickers_without_their_last_bar(week):
    """A passing fault costs nothing; a lasting one costs its own ticker's forecast alone, with the reason."""
    _, days, _ = week
    assert {day: set(daily.next.refused) for day, daily in enumerate(days)} == REFUSED
    assert "may be delisted" in days[3].next.refused[T[4]]
    assert "OTHER" in days[1].next.refused[T[5]]
    assert [len(daily.next.forecasts) for daily in days] == [len(T) - len(REFUSED[day]) for day in range(N_DAYS)]


def test_a_ticker_without_its_news_is_forecast_and_says_so(week):
    """Missing news is not neutral news, so the reader is told."""
    _, days, _ = week
    assert [set(daily.without_headlines) for daily in days] == [set(), {T[8]}, set(), set(), set()]


def test_the_store_holds_the_market_as_it_was_traded(week):
    """Every bar and action came through splits, dividends, faults and overlaps; the delisted ticker lacks two."""
    settings, _, _ = week
    store = Store(settings.data)
    last = MARKET.sessions[-2]
    true = MARKET.bars[MARKET.bars["session"] <= last].set_index(["ticker", "session"]).sort_index()
    held = store.read("bars").set_index(["ticker", "session"]).sort_index()
    lacking = true.index.difference(held.index)
    assert lacking.tolist() == [(T[4], session) for session in MARKET.sessions[-3:-1]]
    assert held.index.difference(true.index).empty
    prices = ["open", "high", "low", "close", "volume"]
    assert ((held[prices] / true.loc[held.index, prices] - 1).abs() < 1e-6).all(axis=None)
    key = ["ticker", "session", "kind"]
    actions = MARKET.actions[(MARKET.actions["session"] <= last) & (MARKET.actions["ticker"] != T[4])]
    stored = store.read("actions")
    merged = actions.merge(stored[stored["ticker"] != T[4]], on=key, how="outer", suffixes=("", "_held"))
    assert ((merged["value_held"] / merged["value"] - 1).abs() < 1e-5).all()


def test_no_headline_of_the_week_is_lost_and_each_keeps_its_first_sight(week):
    """What was published between two mornings is seen on the second one, never earlier."""
    settings, days, _ = week
    held = Store(settings.data).read("headlines")
    first, last = days[0].table["made_at"].iloc[0], days[-1].table["made_at"].iloc[0]
    published = MARKET.headlines[
        (MARKET.headlines["published_at"] > first) & (MARKET.headlines["published_at"] <= last)
    ]
    assert set(published["text"]) <= set(held["text"])
    assert (held["first_seen_at"] >= held["published_at"]).all()
    assert held["first_seen_at"].nunique() == N_DAYS


def test_the_second_run_of_a_day_changes_nothing(week):
    """Not one commit in any table, faults or not."""
    _, _, changed = week
    assert changed == [False] * N_DAYS


def test_the_ledger_holds_the_week_and_verifies(week):
    """Five times 11 forecasts but the four refused, in order, and outcomes for every session that is over."""
    settings, _, _ = week
    store = Store(settings.data)
    n_forecasts = sum(len(T) - len(refused) for refused in REFUSED.values())
    assert verify(store).n_rows == n_forecasts == 51
    over = store.read("forecasts").merge(store.read("outcomes"), on="forecast_id")
    assert over["session"].nunique() == N_DAYS - 1
