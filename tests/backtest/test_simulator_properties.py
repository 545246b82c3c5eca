"""What must hold for every book: splits, names, scale, and profit added up without a cash ledger."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockseq.backtest.account import Account
from stockseq.backtest.costs import Costs
from stockseq.backtest.prints import Delisting
from stockseq.backtest.simulator import simulate
from stockseq.backtest.targets import as_targets
from stockseq.schemas import Actions, Bars

N_SESSIONS, N_TICKERS = 25, 4
SESSIONS = pd.bdate_range("2024-01-02", periods=N_SESSIONS)
COSTS = Costs(cash_rate=0.03, margin_rate=0.06, borrow_rate=0.02, min_commission=2.0, capacity=0.02)
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class World:
    """Prices on today's share count; `splits` only say how the same world was traded."""

    opens: np.ndarray
    closes: np.ndarray
    volumes: np.ndarray
    dividends: np.ndarray
    weights: np.ndarray
    splits: np.ndarray


def draw(seed: int) -> World:
    generator = np.random.default_rng(seed)
    shape = (N_SESSIONS, N_TICKERS)
    closes = 50 * np.exp(np.cumsum(0.03 * generator.standard_normal(shape), axis=0))
    opens = closes * np.exp(0.01 * generator.standard_normal(shape))
    halted = generator.random(shape) < 0.05
    halted[0] = False
    opens[halted] = np.nan
    weights = generator.uniform(-0.4, 0.4, shape)
    weights[generator.random(shape) < 0.4] = np.nan
    return World(
        opens=opens,
        closes=closes,
        volumes=generator.integers(5_000, 500_000, shape).astype(float),
        dividends=np.where(generator.random(shape) < 0.05, 0.5, 0.0),
        weights=weights,
        splits=np.where(generator.random(shape) < 0.06, generator.choice([0.1, 0.5, 2.0, 3.0], shape), 1.0),
    )


def long_frame(names, **arrays) -> pd.DataFrame:
    columns = {name: array.ravel() for name, array in arrays.items()}
    return pd.DataFrame(
        {"session": np.repeat(SESSIONS, N_TICKERS), "ticker": np.tile(names, N_SESSIONS), **columns}
    ).dropna()


def run(
    world: World,
    *,
    splits=None,
    names=("A", "B", "C", "D"),
    capital=1e6,
    lot=0,
    costs=COSTS,
    scale=1.0,
    reorder=None,
    **options,
):
    """Run a world as it would have traded with these splits, its tables in order or shuffled."""
    splits = np.ones_like(world.closes) if splits is None else splits
    # Shares of the end per share of each session's own count.
    later = np.cumprod(splits[::-1], axis=0)[::-1] / splits
    bars = long_frame(names, open=world.opens * later, close=world.closes * later, volume=world.volumes * scale / later)
    events = pd.concat(
        [
            long_frame(names, value=world.dividends * later).assign(kind="dividend"),
            long_frame(names, value=splits).assign(kind="split"),
        ]
    )
    weights = long_frame(names, weight=world.weights)
    tables = [weights[weights["session"] > SESSIONS[0]], bars, events]
    if reorder is not None:
        tables = [table.sample(frac=1.0, random_state=reorder) for table in tables]
    return simulate(
        as_targets(tables[0]),
        Bars(tables[1]),
        Actions(tables[2]),
        sessions=SESSIONS,
        costs=costs.model_copy(update={"min_commission": costs.min_commission * scale}),
        account=Account(capital=capital * scale, max_gross=1.6, lot=lot),
        **{"horizon": 1, **options},
    )


@given(seed=SEEDS, horizon=st.sampled_from([0, 1, 2, 3]))
@settings(max_examples=25)
def test_splits_change_nothing_with_fractional_shares(seed, horizon):
    """A split changes the count, never the value: fills, costs, dividends and caps follow."""
    world = draw(seed)
    plain, split = run(world, horizon=horizon), run(world, splits=world.splits, horizon=horizon)
    assert split.equity["equity"].to_numpy() == pytest.approx(plain.equity["equity"].to_numpy(), rel=1e-9)


@given(seed=SEEDS, order=st.permutations(["A", "B", "C", "D"]))
@settings(max_examples=15)
def test_the_order_of_the_tickers_is_irrelevant(seed, order):
    """Another name for the same company earns the same."""
    world = draw(seed)
    named, renamed = run(world, lot=1), run(world, names=tuple(order), lot=1)
    assert renamed.equity["equity"].to_numpy() == pytest.approx(named.equity["equity"].to_numpy(), rel=1e-9)


@given(seed=SEEDS, scale=st.sampled_from([0.01, 3.0, 1000.0]))
@settings(max_examples=15)
def test_equity_is_homogeneous_in_capital(seed, scale):
    """With the market's volume and the least commission in proportion, capital is only a unit."""
    world = draw(seed)
    assert run(world, scale=scale).equity["equity"].to_numpy() / scale == pytest.approx(
        run(world).equity["equity"].to_numpy(), rel=1e-9
    )


@given(seed=SEEDS, horizon=st.sampled_from([0, 1, 2, 3]))
@settings(max_examples=25)
def test_profit_added_up_without_a_cash_ledger_equals_the_ledger(seed, horizon):
    """Price moves of what was held and from each fill to the close, dividends, fees and interest: no cash needed."""
    world = draw(seed)
    result = run(world, splits=world.splits, lot=1, horizon=horizon)
    later = np.cumprod(world.splits[::-1], axis=0)[::-1] / world.splits
    closes, dividends = world.closes * later, world.dividends * later
    printed = np.isfinite(world.opens)
    columns = {"A": 0, "B": 1, "C": 2, "D": 3}
    shares, mark = np.zeros(N_TICKERS), closes[0].copy()
    fills = dict(list(result.fills.groupby("session")))
    profits = [np.zeros(N_TICKERS)]
    borrow = result.equity["borrow"].to_numpy()
    for row in range(1, N_SESSIONS):
        short = np.maximum(-shares * mark, 0.0)
        # What a split cuts off is settled at the old mark, and so earns nothing.
        shares, mark = np.trunc(shares * world.splits[row] * (1 + 1e-12)), mark / world.splits[row]
        new_mark = np.where(printed[row], closes[row], mark)
        profit = shares * (new_mark - mark + dividends[row])
        # Shorts pay the fee by their values at the close before.
        profit -= borrow[row] * short / max(short.sum(), 1e-9)
        for fill in fills.get(SESSIONS[row], result.fills.iloc[:0]).itertuples():
            column = columns[fill.ticker]
            profit[column] += fill.shares * (new_mark[column] - fill.fill_price) - fill.commission
            shares[column] += fill.shares
        profits.append(profit)
        mark = new_mark
    expected = 1e6 + np.cumsum(np.sum(profits, axis=1) + result.equity["interest"].to_numpy())
    assert result.equity["equity"].to_numpy() == pytest.approx(expected, rel=0, abs=1e-6)
    by_ticker = result.profits.pivot_table(index="session", columns="ticker", values="profit")
    by_ticker = by_ticker.reindex(index=SESSIONS, columns=list(columns)).fillna(0.0)
    assert by_ticker.to_numpy() == pytest.approx(np.array(profits), rel=0, abs=1e-6)


@given(seed=SEEDS, horizon=st.sampled_from([0, 1, 2, 3]), leaves=st.booleans())
@settings(max_examples=20)
def test_the_profit_of_tickers_and_sides_is_the_account_s_to_the_cent(seed, horizon, leaves):
    """With splits, halts, dividends, costs, fees, interest, turned positions and a delisting: nothing is left over."""
    world = draw(seed)
    gone = {"C": Delisting(SESSIONS[N_SESSIONS // 2], -0.3)} if leaves else {}
    result = run(world, splits=world.splits, lot=1, horizon=horizon, delistings=gone)
    profits, equity = result.attribution, result.equity
    by_row = profits["price"] + profits["dividends"] - profits["borrow"] - profits["cost"]
    assert by_row.sum() + equity["interest"].sum() == pytest.approx(equity["equity"].iloc[-1] - 1e6, rel=0, abs=1e-5)
    for name in ("dividends", "borrow", "cost"):
        assert profits[name].sum() == pytest.approx(equity[name].sum(), rel=0, abs=1e-6)
    assert (profits["n_gained"] + profits["n_lost"] <= profits["n_sessions"]).all()


@given(seed=SEEDS)
@settings(max_examples=10)
def test_row_order_of_every_table_is_irrelevant_to_the_last_bit(seed):
    """The same rows, read back in another order, are the same backtest."""
    world = draw(seed)
    assert run(world, lot=1, reorder=seed).equity.equals(run(world, lot=1).equity)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_a_later_bar_never_changes_an_earlier_row(seed):
    """Whatever the rest of the history holds, the first sessions are already written."""
    world = draw(seed)
    cut = N_SESSIONS // 2
    poisoned = World(**{**vars(world), "opens": world.opens.copy(), "closes": world.closes.copy()})
    poisoned.opens[cut:] *= 7.0
    poisoned.closes[cut:] *= 0.2
    assert run(poisoned, lot=1).equity.iloc[:cut].equals(run(world, lot=1).equity.iloc[:cut])
