"""Trades that overlap: each is opened with its part of the equity, held in shares, and left when it is over."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockseq.backtest.account import Account
from stockseq.backtest.prints import Delisting
from stockseq.backtest.simulator import AccountHistory, simulate
from stockseq.backtest.targets import as_targets
from stockseq.dataset.labels import compute_labels
from stockseq.schemas import Actions, Bars, as_actions, as_bars
from stockseq.sessions import TradingCalendar
from tests.backtest import scenario
from tests.backtest.scenario import FREE, SESSIONS

OPENS = {"A": [100, 100, 106, 53, 55, 57], "B": [50, 51, 50, None, 48, 51]}
CLOSES = {"A": [100, 104, 105, 54, 56, 58], "B": [50, 50, 52, None, 50, 52]}
TARGETS = {
    "2024-11-29": {"A": 0.6, "B": -0.4},
    "2024-12-02": {"A": 0.5, "B": 0.5},
    "2024-12-03": {"A": 0.6, "B": 0.0},
    "2024-12-04": {"A": 0.0, "B": -0.5},
    "2024-12-05": {"A": 0.4, "B": 0.6},
}
EVENTS = (("A", "2024-12-03", "split", 2.0), ("B", "2024-12-02", "dividend", 0.5))
COMMISSION = FREE.model_copy(update={"commission_bps": 10})


def run(opens, closes, weights, *events, sessions=SESSIONS, lot=1, capital=10_000.0, costs=FREE, **options):
    """Run tickers from lists of opens and closes, one per session."""
    return simulate(
        scenario.targets(weights),
        scenario.bars(sessions, opens, closes),
        scenario.actions(*events),
        sessions=sessions,
        costs=costs,
        account=Account(capital=capital, lot=lot),
        **options,
    )


def held(result: AccountHistory, ticker: str) -> list[float]:
    """Shares at each close but the first."""
    shares = result.positions.pivot_table(index="session", columns="ticker", values="shares")
    return shares.reindex(SESSIONS[1:])[ticker].fillna(0.0).tolist()


def near(values):
    return pytest.approx([float(value) for value in values], rel=0, abs=1e-9)


class TestTwoSessions:
    """Worked by hand: h = 2, whole shares, 10 bps commission; a split, a dividend and a halt within the trades.

    Each tranche gets half of the equity of the close before. Its shares, and the order that is left after netting:

    * 11-27: 10,000. A .6 of 5,000 at 100: 30; B -.4 at 50: -40.
    * 11-29: orders 30 at 100 and -40 at 51. Cash 10,000 - 3,003 + 2,037.96 = 9,034.96; 30 x 104 - 40 x 50 more:
      10,154.96. A .5 of 5,077.48 at 104: 24; B .5 at 50: 50.
    * 12-02: B pays .50: -20 for the 40 sold. 24 at 106, 50 at 50. Cash 9,034.96 - 20 - 2,546.544 - 2,502.5 = 3,965.916;
      54 x 105 + 10 x 52 more: 10,155.916. The first tranche (30, -40) ends. A .6 of 5,077.958 at 105: 29; B none.
      Orders 24 + 29 - 54 = -1 and 50 - 10 = 40.
    * 12-03: A splits 2:1, the tranches are 48 and 58, the order is -2, at 53. B is halted: 40 stay sold too long.
      Cash 3,965.916 + 105.894 = 4,071.81; 106 x 54 + 10 x 52 more: 10,315.81. The second tranche (48, 50) ends.
      A none; B -.5 of 5,157.905 at 52: -49. Orders 58 - 106 = -48 and -49 - 10 = -59 (-50 and +40 and -49).
    * 12-04: at 55 and 48. Cash 4,071.81 + 2,637.36 + 2,829.168 = 9,538.338; 58 x 56 - 49 x 50 more: 10,336.338.
      The third (58, 0) ends. A .4 of 5,168.169 at 56: 36; B .6 at 50: 62. Orders 36 - 58 = -22 and 62.
    * 12-05: at 57 and 51. Cash 9,538.338 + 1,252.746 - 3,165.162 = 7,625.922; 36 x 58 + 13 x 52 more: 10,389.922.
    """

    def result(self) -> AccountHistory:
        return run(OPENS, CLOSES, TARGETS, *EVENTS, costs=COMMISSION, horizon=2)

    def test_cash_and_equity_of_every_close(self):
        """The hand's figures, to the last cent."""
        equity = self.result().equity
        assert equity["cash"].tolist() == near([10_000, 9_034.96, 3_965.916, 4_071.81, 9_538.338, 7_625.922])
        assert equity["equity"].tolist() == near([10_000, 10_154.96, 10_155.916, 10_315.81, 10_336.338, 10_389.922])

    def test_the_positions_are_the_sums_of_the_tranches(self):
        """What is long in one trade and short in the other is never held twice."""
        assert held(self.result(), "A") == [30, 54, 106, 58, 36]
        assert held(self.result(), "B") == [-40, 10, 10, -49, 13]

    def test_orders_are_netted_before_they_are_filled(self):
        """On 12-03 30 shares are left and 29 bought: one is sold, two after the split."""
        fills = self.result().fills.set_index(["session", "ticker"])["shares"]
        assert fills[(pd.Timestamp("2024-12-03"), "A")] == -2
        assert fills[(pd.Timestamp("2024-12-04"), "B")] == -59

    def test_the_halt_is_flagged(self):
        """The order that expired, and the mark of the 10 that are held at a price of the session before."""
        flags = self.result().flags
        assert list(zip(flags["flag"], flags["shares"], strict=True)) == [("no_print", 40), ("stale_mark", 10)]


class TestThreeSessions:
    """Worked by hand: h = 3, fractions of a share, no costs; a third of the equity each.

    * 11-27: 900. 300 at 10: 30 shares.
    * 11-29: at 10; cash 600, with 30 x 12 960. Half of 320 at 12: 40/3.
    * 12-02: at 12; cash 440, with 130/3 x 12 960. 320 at 12: 80/3.
    * 12-03: pays 1.00: 130/3. At 11: 880/3. Cash 440 + 130/3 - 880/3 = 190, with 70 x 11 960. The first 30 end;
      order -30.
    * 12-04: halted; nothing is left. 190 + 70 x 11 = 960. The second 40/3 end too. Half of 320 at 11: 160/11.
      Order 80/3 + 160/11 - 70 = -950/33.
    * 12-05: splits 2:1; -1900/33 at 6. Cash 190 + 3800/11 = 5890/11, with 2720/33 x 6 1,030.
    """

    def result(self) -> AccountHistory:
        weights = dict(zip(SESSIONS[1:].strftime("%Y-%m-%d"), (1.0, 0.5, 1.0, 0.0, 0.5), strict=True))
        return run(
            {"A": [10, 10, 12, 11, None, 6]},
            {"A": [10, 12, 12, 11, None, 6]},
            {session: {"A": weight} for session, weight in weights.items()},
            ("A", "2024-12-03", "dividend", 1.0),
            ("A", "2024-12-05", "split", 2.0),
            lot=0,
            capital=900.0,
            horizon=3,
        )

    def test_cash_and_equity_of_every_close(self):
        """The hand's fractions."""
        equity = self.result().equity
        assert equity["cash"].tolist() == near([900, 600, 440, 190, 190, Fraction(5890, 11)])
        assert equity["equity"].tolist() == near([900, 960, 960, 960, 960, 1030])

    def test_the_positions_are_the_sums_of_the_tranches(self):
        """What the halt kept too long goes with the first orders that fill."""
        assert held(self.result(), "A") == near([30, Fraction(130, 3), 70, 70, Fraction(2720, 33)])


DAILY = ("2024-11-29", "2024-12-02", "2024-12-03", "2024-12-04", "2024-12-05")


def named(ticker: str, *weights: float | None) -> dict[str, dict[str, float]]:
    """Weights of the sessions after the first; None does not name the ticker."""
    return {day: {ticker: weight} for day, weight in zip(DAILY, weights, strict=False) if weight is not None}


def test_a_ticker_that_is_not_named_is_left_when_its_trade_is_over():
    """A forecast of 11-29 was for two sessions; without another one nobody wants it longer."""
    flat = {"A": [10.0] * 6}
    assert held(run(flat, flat, named("A", 1.0), horizon=2), "A") == [500, 500, 0, 0, 0]
    assert held(run(flat, flat, named("A", 1.0), horizon=1), "A") == [1000] * 5


def test_what_a_halt_kept_from_being_entered_is_not_entered_later():
    """The order of 11-29 expires: what was forecast for it is over before a later one would be."""
    halted = {"A": [10, None, 10, 10, 10, 10]}
    assert run(halted, halted, named("A", 1.0, 0.0, 0.0, 0.0, 0.0), horizon=3).positions.empty


def test_a_partial_fill_belongs_to_the_tranche_that_ordered_it():
    """20 of 500 are filled, 5 % of 400; two sessions later those 20 are left, and no more."""
    prices = scenario.bars(
        SESSIONS, {"A": [10.0] * 6}, {"A": [10.0] * 6}, volumes={"A": [1e9, 400, 1e9, 1e9, 1e9, 1e9]}
    )
    result = simulate(
        scenario.targets(named("A", 1.0, 0.0, 0.0)),
        prices,
        scenario.actions(),
        sessions=SESSIONS,
        costs=FREE.model_copy(update={"capacity": 0.05}),
        account=Account(capital=10_000.0),
        horizon=2,
    )
    assert held(result, "A") == [20, 20, 0, 0, 0]


def test_a_delisted_ticker_is_not_ordered_again():
    """Its tranches go with it; an order for their shares would stand unfilled every session."""
    flat = {"A": [10.0] * 6}
    gone = {"A": Delisting(pd.Timestamp("2024-12-02"), -0.3)}
    result = run(flat, flat, named("A", 1.0, 0.0, 0.0, 0.0, 0.0), horizon=3, delistings=gone)
    assert held(result, "A") == [333, 0, 0, 0, 0]
    assert result.flags["flag"].tolist() == ["delisted"]
    assert result.equity["equity"].iloc[-1] == pytest.approx(10_000 - 333 * 3)


def test_an_odd_split_leaves_whole_shares_of_the_position():
    """3 for 2 of 25 and 25 is 75; the order of -25 is -37 and the trade that stays 37: the odd share ends last."""
    prices = {"A": [120, 120, 120, 80, 80, 80]}
    result = run(prices, prices, named("A", 0.6, 0.6, 0.0, 0.0, 0.0), ("A", "2024-12-03", "split", 1.5), horizon=2)
    assert held(result, "A") == [25, 50, 38, 1, 0]


@pytest.mark.parametrize("horizon", [2, 3, 5])
def test_turnover_is_two_over_the_horizon(horizon):
    """Each session one ticker of six is bought with 1/h of the equity, and one that was is left; prices are flat."""
    sessions = pd.bdate_range("2024-01-02", periods=16)
    flat = {name: [10.0] * 16 for name in "ABCDEF"}
    weights = {f"{day:%Y-%m-%d}": {"ABCDEF"[number % 6]: 1.0} for number, day in enumerate(sessions[1:])}
    turnover = run(flat, flat, weights, sessions=sessions, lot=0, horizon=horizon).equity["turnover"]
    assert turnover.iloc[1 : horizon + 1].tolist() == pytest.approx([1 / horizon] * horizon)
    assert turnover.iloc[horizon + 1 :].tolist() == pytest.approx([2 / horizon] * (15 - horizon))


@pytest.mark.parametrize("horizon", [1, 3, 4])
def test_a_trade_earns_its_label(horizon):
    """What one target makes is its shares' worth at the entry times the label, over a split and a halt."""
    sessions = pd.DatetimeIndex(
        ["2024-11-21", "2024-11-22", "2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29", "2024-12-02", "2024-12-03"]
    )
    opens = {"A": [100, 100, 101, 104, 53, None, 51, 55]}
    closes = {"A": [100, 100, 103, 106, 52, None, 54, 56]}
    bars, split = scenario.bars(sessions, opens, closes), ("A", "2024-11-27", "split", 2.0)
    calendar = TradingCalendar("XNYS", sessions[0], pd.Timestamp("2024-12-13"))
    known = {"source": "test", "fetched_at": pd.Timestamp("2025-01-01", tz="UTC")}
    prices = bars.assign(high=bars[["open", "close"]].max(axis=1), low=bars[["open", "close"]].min(axis=1), **known)
    labels = compute_labels(
        as_bars(prices), as_actions(scenario.actions(split).assign(**known)), calendar=calendar, horizon=horizon
    )
    entry = pd.Timestamp("2024-11-26")
    label = labels.set_index("session").loc[entry, "realised_return"]
    later = {f"{day:%Y-%m-%d}": {"A": 0.0} for day in sessions[4:]}
    result = run(opens, closes, {"2024-11-26": {"A": 0.5}, **later}, split, sessions=sessions, lot=0, horizon=horizon)
    # Half of 10,000 / h at the close of 103 before, entered at 104.
    assert result.equity["equity"].iloc[-1] - 10_000 == pytest.approx(5_000 / horizon / 103 * 104 * label, rel=1e-10)


@given(seed=st.integers(0, 2**32 - 1), horizon=st.integers(2, 7))
@settings(max_examples=25)
def test_a_position_is_the_sum_of_the_trades_that_are_not_over(seed, horizon):
    """Each tranche worked out from the equity and the close before it, whatever the others do; splits rescale it."""
    generator = np.random.default_rng(seed)
    shape, names = (20, 3), ("A", "B", "C")
    sessions = pd.bdate_range("2024-01-02", periods=shape[0])
    splits = np.where(generator.random(shape) < 0.1, generator.choice([0.5, 2.0, 3.0], shape), 1.0)
    base = 50 * np.exp(np.cumsum(0.01 * generator.standard_normal(shape), axis=0))
    closes = base / np.cumprod(splits, axis=0)
    weights = generator.uniform(-0.2, 0.2, shape)
    rows = pd.MultiIndex.from_product([sessions, names], names=["session", "ticker"])
    table = pd.DataFrame({"open": closes.ravel(), "close": closes.ravel(), "volume": 1e9}, index=rows).reset_index()
    events = pd.DataFrame({"value": splits.ravel(), "kind": "split"}, index=rows).reset_index()
    wanted = pd.DataFrame({"weight": weights.ravel()}, index=rows).reset_index()
    result = simulate(
        as_targets(wanted[wanted["session"] > sessions[0]]),
        Bars(table),
        Actions(events[events["value"] != 1]),
        sessions=sessions,
        costs=FREE,
        account=Account(lot=0),
        horizon=horizon,
    )
    equity = result.equity["equity"].to_numpy()
    grown = np.cumprod(splits, axis=0)
    # In shares of the first session, where splits change nothing.
    tranches = weights[1:] * equity[:-1, None] / horizon / closes[:-1] / grown[:-1]
    shares = result.positions.pivot_table(index="session", columns="ticker", values="shares").reindex(sessions[1:])
    for row in range(1, shape[0]):
        expected = tranches[max(0, row - horizon) : row].sum(axis=0) * grown[row]
        assert shares.iloc[row - 1].to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-9)
