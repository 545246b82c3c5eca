"""The ledger against bt 1.4.1 and vectorbt 1.2.0, which know no splits and no next open: two rows a session."""

import warnings

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.simulator import AccountHistory, simulate
from tests.backtest import scenario

SPREAD, COMMISSION = 5e-4, 5e-4
NO_FINANCING = scenario.COSTS.model_copy(update={"cash_rate": 0, "margin_rate": 0, "borrow_rate": 0})


def golden_without_dividend() -> tuple[AccountHistory, pd.DataFrame, pd.DataFrame]:
    """Return our result, and what the others need on today's share count: prices and orders, by open and close."""
    bars = scenario.bars(scenario.SESSIONS, scenario.OPENS, scenario.CLOSES)
    result = simulate(
        scenario.targets(scenario.TARGETS),
        bars,
        scenario.actions(scenario.SPLIT),
        sessions=scenario.SESSIONS,
        costs=NO_FINANCING,
        account=Account(capital=100_000),
        horizon=1,
    )
    before_split = (result.fills["ticker"] == "AAA") & (result.fills["session"] < "2024-12-03")
    shares = result.fills["shares"].where(~before_split, result.fills["shares"] * 2)
    early = (bars["ticker"] == "AAA") & (bars["session"] < "2024-12-03")
    bars.loc[early, ["open", "close"]] /= 2
    return result, two_rows(bars), orders_of(result.fills.assign(shares=shares), two_rows(bars))


def random_book(seed: int) -> tuple[AccountHistory, pd.DataFrame, pd.DataFrame]:
    """Return a long and short book of 5 tickers over 60 sessions, in the same three parts."""
    generator = np.random.default_rng(seed)
    sessions, tickers = pd.bdate_range("2024-01-02", periods=60), ["A", "B", "C", "D", "E"]
    closes = 50 * np.exp(np.cumsum(0.02 * generator.standard_normal((60, 5)), axis=0))
    opens = closes * np.exp(0.01 * generator.standard_normal((60, 5)))
    columns = {name: dict(zip(tickers, array.T, strict=True)) for name, array in (("o", opens), ("c", closes))}
    bars = scenario.bars(sessions, columns["o"], columns["c"])
    weights = {
        str(session.date()): dict(zip(tickers, generator.uniform(-0.2, 0.2, 5), strict=True))
        for session in sessions[1::3]
    }
    result = simulate(
        scenario.targets(weights),
        bars,
        scenario.actions(),
        sessions=sessions,
        costs=NO_FINANCING,
        account=Account(capital=100_000),
        horizon=1,
    )
    return result, two_rows(bars), orders_of(result.fills, two_rows(bars))


def two_rows(bars: pd.DataFrame) -> pd.DataFrame:
    """Return prices by ticker with a row at each open and one at each close; a halt repeats the last."""
    opens = bars.pivot_table(index="session", columns="ticker", values="open")
    closes = bars.pivot_table(index="session", columns="ticker", values="close")
    opens.index, closes.index = opens.index + pd.Timedelta(hours=9), closes.index + pd.Timedelta(hours=16)
    return pd.concat([opens, closes]).sort_index().ffill()


def orders_of(fills: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of our fills on the rows of `prices`, 0 elsewhere."""
    orders = fills.pivot_table(index="session", columns="ticker", values="shares", aggfunc="sum")
    orders.index = orders.index + pd.Timedelta(hours=9)
    return orders.reindex(index=prices.index, columns=prices.columns).fillna(0.0)


def equity_of_bt(prices: pd.DataFrame, orders: pd.DataFrame) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bt

        class Replay(bt.Algo):
            def __call__(self, target: "bt.Strategy") -> bool:
                for ticker, shares in orders.loc[target.now].items():
                    if shares:
                        target.transact(shares, ticker)
                return True

        def commission(shares: float, price: float) -> float:
            slipped = abs(shares) * price * SPREAD
            return slipped + abs(shares) * price * (1 + np.sign(shares) * SPREAD) * COMMISSION

        test = bt.Backtest(
            bt.Strategy("replay", [Replay()]),
            prices,
            initial_capital=100_000,
            commissions=commission,
            integer_positions=False,
            progress_bar=False,
        )
        bt.run(test)
    equity = test.strategy.data["value"]
    return equity[equity.index.hour == 16].to_numpy()


def equity_of_vectorbt(prices: pd.DataFrame, orders: pd.DataFrame) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import numba

        # Compiling its functions takes twenty seconds, and calling them as they are written one.
        compiles, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, True
        import vectorbt

        numba.config.DISABLE_JIT = compiles
        portfolio = vectorbt.Portfolio.from_orders(
            prices,
            size=orders.replace(0.0, np.nan),
            fees=COMMISSION,
            slippage=SPREAD,
            init_cash=100_000,
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
            freq="1h",
        )
        value = portfolio.value()
    return value[value.index.hour == 16].to_numpy()


@pytest.mark.parametrize("equity_of", [equity_of_bt, equity_of_vectorbt])
@pytest.mark.parametrize("book", [golden_without_dividend, lambda: random_book(1), lambda: random_book(2)])
def test_another_engine_reaches_the_same_equity_from_the_same_orders(equity_of, book):
    """Two engines by other people agree to 1e-8 on cash, marks, spread and commission."""
    result, prices, orders = book()
    assert equity_of(prices, orders) == pytest.approx(result.equity["equity"].to_numpy(), rel=0, abs=1e-8)
