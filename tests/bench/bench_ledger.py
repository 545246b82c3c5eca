"""How long the ledger takes for 500 tickers and ten years, 252,000 fills, beside vectorbt. Run by `make bench`.

vectorbt is given the fills as orders, two rows a session, and has been compiled before it is measured. Both must end
with the same equity.
"""

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.costs import BPS, Costs
from stockseq.backtest.simulator import AccountHistory, simulate
from stockseq.backtest.targets import Targets, as_targets
from stockseq.schemas import ACTIONS, Actions, Bars, as_actions, as_bars, empty
from tests.bench.figures import Recorder, seconds_of

N_TICKERS, N_SESSIONS, N_HELD = 500, 2520, 50
SESSIONS = pd.bdate_range("2012-01-03", periods=N_SESSIONS).as_unit("us")
TICKERS = np.array([f"T{number:03d}" for number in range(N_TICKERS)])
COSTS, ACCOUNT = Costs(cash_rate=0.0, margin_rate=0.0), Account(capital=1e8)
FETCHED = {"source": "made", "fetched_at": pd.Timestamp("2023-01-01", tz="UTC")}


def make_bars(random: np.random.Generator) -> Bars:
    """Return prices that drift by chance, and volume that lets everything fill."""
    shape = (N_TICKERS, N_SESSIONS)
    close = 40.0 * np.exp(np.cumsum(random.normal(0, 0.02, shape), axis=1))
    opened = close * np.exp(random.normal(0, 0.01, shape))
    columns = {"open": opened, "high": np.maximum(opened, close) * 1.01, "low": np.minimum(opened, close) * 0.99}
    columns |= {"close": close, "volume": np.full(shape, 1e9)}
    frame = pd.DataFrame({"ticker": TICKERS.repeat(N_SESSIONS), "session": np.tile(SESSIONS, N_TICKERS), **FETCHED})
    return as_bars(frame.assign(**{name: values.ravel() for name, values in columns.items()}))


def make_targets(random: np.random.Generator) -> Targets:
    """Return fifty of the tickers by chance for each session, at equal weights."""
    drawn = random.random((N_SESSIONS - 1, N_TICKERS)).argsort(axis=1)[:, :N_HELD].ravel()
    rows = {"session": SESSIONS[1:].repeat(N_HELD), "ticker": TICKERS[drawn], "weight": 1.0 / N_HELD}
    return as_targets(pd.DataFrame(rows))


def make_orders(bars: Bars, history: AccountHistory) -> tuple[np.ndarray, np.ndarray]:
    """Return prices and signed shares by session, open before close, and ticker; NaN where nothing trades."""
    prices = bars.pivot(index="session", columns="ticker", values=["open", "close"]).to_numpy()
    prices = prices.reshape(2 * N_SESSIONS, N_TICKERS)
    fills, shares = history.fills, np.full_like(prices, np.nan)
    rows = 2 * SESSIONS.get_indexer(pd.DatetimeIndex(fills["session"])) + (fills["moment"] == "close").to_numpy()
    shares[rows, fills["ticker"].str[1:].astype(int)] = fills["shares"]
    return prices, shares


def final_value(prices: np.ndarray, shares: np.ndarray) -> float:
    """Return what vectorbt's account has at the end."""
    import vectorbt

    portfolio = vectorbt.Portfolio.from_orders(
        prices,
        size=shares,
        fees=COSTS.commission_bps * BPS,
        slippage=COSTS.impact,
        init_cash=ACCOUNT.capital,
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        freq="1h",
    )
    return float(np.asarray(portfolio.value())[-1])


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
def test_the_ledger_beside_vectorbt(bench: Recorder) -> None:
    """Its tables of fills, positions, profits and flags included, of which vectorbt is asked for the equity alone."""
    random = np.random.default_rng(0)
    bars, targets = make_bars(random), make_targets(random)

    def run() -> AccountHistory:
        actions: Actions = as_actions(empty(ACTIONS))
        return simulate(targets, bars, actions, sessions=SESSIONS, costs=COSTS, account=ACCOUNT)

    history = run()
    orders = make_orders(bars, history)
    assert final_value(*orders) == pytest.approx(history.equity["equity"].iloc[-1], rel=1e-9)
    ours, anchor = seconds_of(run, lambda: final_value(*orders), repeats=5)
    figure = bench.record("ledger of 500 tickers, 10 years", ours, "s", anchor="vectorbt", anchors=anchor)
    print(f"\n{len(history.fills):,} fills: {figure.value:.2f} s, {figure.ratio:.2f} times vectorbt's")
