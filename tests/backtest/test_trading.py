"""Forecasts become an account at three levels of costs, with what it has to beat."""

import json

import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.policy import TopK
from stockseq.backtest.trading import AccountResult, TradingRules, backtest, find_delistings, trade
from stockseq.errors import DataError
from stockseq.market import MarketData
from stockseq.schemas import ACTIONS, HEADLINES, Bars, as_actions, as_headlines, empty
from stockseq.sessions import TradingCalendar
from tests.dataset.dataset_rows import bars_of

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-18"), pd.Timestamp("2024-12-13"))
DAYS = ("2024-11-22", "2024-11-25", "2024-11-26")
# Every session opens at 100; UP closes at 102 on the traded ones, DOWN at 99, FLAT where it opened.
CLOSES = {"DOWN": (100.0, 99.0, 99.0), "FLAT": (100.0, 100.0, 100.0), "UP": (100.0, 102.0, 102.0)}
VIEWS = {"DOWN": 0.4, "FLAT": 0.5, "UP": 0.6}
ONE_A_SIDE = TradingRules(policy=TopK(1, max_weight=1.0))


def market_of(*tickers: str, volume: float = 1e9) -> MarketData:
    rows = [
        bars_of(ticker, [(day, 100.0, close, volume) for day, close in zip(DAYS, CLOSES[ticker], strict=True)])
        for ticker in tickers
    ]
    bars = Bars(pd.concat(rows, ignore_index=True))
    now = pd.Timestamp("2024-11-27", tz="UTC")
    return MarketData(bars, as_actions(empty(ACTIONS)), as_headlines(empty(HEADLINES)), CALENDAR, now)


def forecasts_of(market: MarketData, *, days: tuple[str, ...] = DAYS[1:], sign: float = 1.0) -> pd.DataFrame:
    """Return forecasts that are right about each ticker, or wrong with a sign of -1."""
    bars = market.bars[market.bars["session"].isin(pd.to_datetime(list(days)))]
    keys = bars[["ticker", "session"]].reset_index(drop=True)
    view = sign * (keys["ticker"].map(VIEWS) - 0.5)
    return keys.assign(
        decision_at=(keys["session"] + pd.Timedelta(hours=14)).dt.tz_localize("UTC"),
        probability_up=0.5 + view,
        expected_return=0.01 * view,
        realised_return=(bars["close"] / bars["open"] - 1).to_numpy(),
    )


class Recorder:
    """A progress that remembers the last step of each task."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[int, int | None]] = {}

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.steps[task] = (done, total)

    def say(self, sentence: str) -> None:
        raise AssertionError(sentence)


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def account(recorder: Recorder) -> AccountResult:
    """One session of three tickers, and a baseline that is wrong throughout."""
    market = market_of(*CLOSES)
    forecasts = forecasts_of(market, days=DAYS[1:2])
    wrong = {"wrong": forecasts_of(market, days=DAYS[1:2], sign=-1.0)}
    return trade(forecasts, market, ONE_A_SIDE, baselines=wrong, progress=recorder)


def test_one_session_is_traded_at_none_once_and_twice_the_costs(account: AccountResult) -> None:
    """By hand, 500 shares long and 500 short of 100,000: 500 * 2 + 500 * 1 before costs.

    At 5 basis points of spread and slippage a fill the long is bought at 100.05 and sold at 101.949, the short sold at
    99.95 and bought at 99.0495; 1 basis point of 50,025 + 50,974.5 + 49,975 + 49,524.75 goes to the broker.
    """
    assert account.at_cost[0.0].equity["equity"].tolist() == [100_000.0, pytest.approx(101_500.0, abs=1e-9)]
    gained = 500 * (101.949 - 100.05) + 500 * (99.95 - 99.0495)
    commission = 1e-4 * (50_025 + 50_974.5 + 49_975 + 49_524.75)
    assert account.history is account.at_cost[1.0]
    assert account.history.equity["equity"].iloc[-1] == pytest.approx(100_000 + gained - commission, abs=1e-6)
    # Twice the basis points, on fills that lie twice as far from the print.
    doubled = 500 * (102 * 0.999 - 100.1) + 500 * (99.9 - 99 * 1.001)
    commission = 2e-4 * 500 * (100.1 + 102 * 0.999 + 99.9 + 99 * 1.001)
    assert account.at_cost[2.0].equity["equity"].iloc[-1] == pytest.approx(100_000 + doubled - commission, abs=1e-6)


def test_what_it_has_to_beat_stands_beside_it(account: AccountResult, recorder: Recorder) -> None:
    """The wrong forecasts lose what the right ones earn, and their costs."""
    assert list(account.figures_at_cost) == ["0x", "1x", "2x"]
    assert account.figures == account.figures_at_cost["1x"]
    assert list(account.benchmark_figures) == ["buy_and_hold", "equal_weight", "random_same_turnover", "wrong"]
    assert account.benchmark_figures["wrong"].total_return < -0.015 < 0.0137 < account.figures.total_return
    assert list(account.curves) == [
        "strategy",
        "strategy_0x",
        "strategy_2x",
        "buy_and_hold",
        "equal_weight",
        "random_same_turnover",
    ]
    assert account.curves["strategy"].tolist() == account.history.equity["equity"].tolist()
    assert recorder.steps == {"Trading the forecasts": (3, 3), "Trading the baselines": (1, 1)}


def test_the_account_plots_its_growth_above_its_drawdown(account: AccountResult) -> None:
    """Six curves grow, and the four at their own costs fall."""
    figure = account.plot()
    assert [trace.yaxis for trace in figure.data] == [None] * 6 + ["y2"] * 4
    strategy = account.curves["strategy"]
    assert figure.data[0].y[-1] == pytest.approx(strategy.iloc[-1] / strategy.iloc[0] - 1, abs=1e-5)


def test_one_session_is_too_few_to_choose_the_best_of_two_books_by(account: AccountResult) -> None:
    """Both traded, and that is said."""
    assert (account.overfitting.pbo, account.overfitting.books) == (None, ("strategy", "wrong"))
    assert account.overfitting.note == "PBO needs two books that traded and four sessions; there are 2 and 1."


def test_a_universe_of_one_ticker_never_trades_and_holds_no_nan() -> None:
    """A long and short book of one ticker has no other side: no fill, no ratio, no overfitting."""
    market = market_of("UP")
    account = trade(forecasts_of(market), market, ONE_A_SIDE)
    assert account.figures.n_fills == 0
    assert (account.figures.sharpe, account.figures.break_even_cost_bps) == (None, None)
    assert account.deflated_sharpe(n_trials=1) is None
    assert (account.overfitting.pbo, account.overfitting.books) == (None, ())
    json.dumps([account.figures.to_dict(), account.overfitting.to_dict()], allow_nan=False)


def test_the_label_decides_how_long_a_position_lasts() -> None:
    """Who forecasts the next open holds overnight, who forecasts the close is out by then."""
    market = market_of(*CLOSES)
    overnight = TradingRules(policy=TopK(1, max_weight=1.0), label="open_to_next_open")
    assert trade(forecasts_of(market), market, ONE_A_SIDE).history.positions.empty
    held = trade(forecasts_of(market), market, overnight).history.positions
    assert held.groupby("session")["ticker"].apply(list).to_dict() == {
        pd.Timestamp(day): ["DOWN", "UP"] for day in DAYS[1:]
    }


def test_what_could_not_be_done_is_counted_by_ticker_and_reason() -> None:
    """Fills may take 5 % of a session's volume: of 500 shares 50 are filled of 1,000 that trade."""
    market = market_of(*CLOSES, volume=1000.0)
    account = trade(forecasts_of(market, days=DAYS[1:2]), market, ONE_A_SIDE)
    found = {(drop.stage, drop.ticker, drop.reason) for drop in account.dropped}
    assert {("ledger", "DOWN", "over capacity"), ("ledger", "UP", "over capacity")} <= found
    entries = account.history.fills.query("moment == 'open'")
    assert entries["shares"].tolist() == [-50.0, 50.0]


def test_a_backtest_without_rules_takes_the_defaults() -> None:
    """And what is given takes their place."""
    market = market_of(*CLOSES)
    forecasts = forecasts_of(market)
    assert backtest(forecasts, market).rules == TradingRules()
    chosen = backtest(forecasts, market, policy=TopK(1, max_weight=1.0))
    assert chosen.curves.equals(trade(forecasts, market, ONE_A_SIDE).curves)
    assert repr(chosen).startswith("AccountResult(2024-11-22 to 2024-11-26, ")


def test_forecasts_of_another_trade_are_refused() -> None:
    """In and out daily, forecasts of ten sessions would be judged by returns that no position had."""
    market = market_of(*CLOSES)
    another = forecasts_of(market).assign(realised_return=0.0)
    expected = (
        r"open_to_close on this market: of 3 returns 2 differ, first DOWN on 2024-11-26 with 0.000000 instead of -0.01"
    )
    with pytest.raises(DataError, match=expected):
        backtest(another, market)


def test_a_ticker_that_is_silent_for_more_than_ten_sessions_has_left() -> None:
    """By hand, of 40 sessions: B lacks the last eleven, C the last ten, as a halt might; -30 % is Shumway's (1997)."""
    sessions = pd.bdate_range("2024-01-01", periods=40)
    rows = [(ticker, session) for ticker, n in (("A", 40), ("B", 29), ("C", 30)) for session in sessions[:n]]
    found = find_delistings(Bars(pd.DataFrame(rows, columns=["ticker", "session"])), sessions)
    assert found == {"B": (sessions[29], -0.3)}


def test_a_ticker_that_costs_more_than_its_share_of_the_capital_is_named() -> None:
    """A share costs 100 where half of 150 is meant for each; of 100,000, or in fractions, there is enough."""
    market = market_of("DOWN", "UP")
    rules = TradingRules(policy=TopK(1, max_weight=1.0), account=Account(capital=150.0))
    assert trade(forecasts_of(market), market, rules).unaffordable == ("DOWN", "UP")
    assert trade(forecasts_of(market), market, ONE_A_SIDE).unaffordable == ()
    fractions = TradingRules(policy=TopK(1, max_weight=1.0), account=Account(capital=150.0, lot=0))
    assert trade(forecasts_of(market), market, fractions).unaffordable == ()
