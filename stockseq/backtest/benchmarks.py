"""What to beat: the universe held, the universe held equally, and the same trading with shuffled views."""

from typing import Protocol

import numpy as np
import pandas as pd

from stockseq.backtest.account import Account
from stockseq.backtest.simulator import AccountHistory
from stockseq.backtest.targets import Targets, as_targets
from stockseq.prices import is_traded
from stockseq.ranges import concatenate_ranges
from stockseq.schemas import Bars


class Simulate(Protocol):
    """`simulate` with all but targets, account and horizon given."""

    def __call__(self, targets: Targets, *, account: Account, horizon: int) -> AccountHistory:
        """Return the history of the account that follows `targets`."""
        ...


def run_benchmarks(
    targets: Targets,
    bars: Bars,
    *,
    sessions: pd.DatetimeIndex,
    account: Account,
    horizon: int,
    seed: int,
    run: Simulate,
) -> dict[str, AccountHistory]:
    """Run each benchmark through the strategy's own ledger, so that costs, dates and capital are the same.

    Parameters
    ----------
    targets : Targets
        Of the strategy; its tickers are the universe.
    bars : Bars
        Of one vintage.
    sessions : DatetimeIndex
        Those of `simulate`.
    account : Account
        Of the strategy. The shuffled book has its gross weight on average, not each session, and may borrow for that.
    horizon : int
        Of the strategy, and so of `random_same_turnover`; the other two stay until a later target by their nature.
    seed : int
        Of the shuffle.
    run : callable of (targets, account, horizon)
        `functools.partial(simulate, bars=..., actions=..., sessions=..., costs=...)`.

    Returns
    -------
    dict of AccountHistory
        buy_and_hold, equal_weight and random_same_turnover.
    """
    universe = pd.Index(sorted(targets["ticker"].unique()))
    hold = buy_and_hold(bars, sessions=sessions, universe=universe)
    evened = equal_weight(bars, sessions=sessions, universe=universe)
    shuffled = random_same_turnover(targets, seed=seed, horizon=horizon)
    gross = shuffled["weight"].abs().groupby(shuffled["session"]).sum().max() if len(shuffled) else 0.0
    lending = account.model_copy(update={"max_gross": max(account.max_gross, float(gross))})
    return {
        "buy_and_hold": run(hold, account=account, horizon=1),
        "equal_weight": run(evened, account=account, horizon=1),
        "random_same_turnover": run(shuffled, account=lending, horizon=horizon),
    }


def buy_and_hold(bars: Bars, *, sessions: pd.DatetimeIndex, universe: pd.Index) -> Targets:
    """Return equal weights on the second session for the tickers that traded in the first, held to the end.

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-11-29", "2024-12-02", "2024-12-03"])
    >>> bars = Bars(pd.DataFrame({"ticker": ["AAA"] * 3 + ["BBB"] * 3, "session": [*sessions, *sessions],
    ...                           "open": 9.0, "close": 9.0, "volume": 1e6}))
    >>> buy_and_hold(bars, sessions=sessions, universe=pd.Index(["AAA", "BBB"])).weight.tolist()
    [0.5, 0.5]
    """
    return _equal(bars, decided=sessions[:1], filled=sessions[1:2], universe=universe)


def equal_weight(bars: Bars, *, sessions: pd.DatetimeIndex, universe: pd.Index) -> Targets:
    """Return equal weights on the second session and on each later month's first, for the tickers trading just before.

    A ticker that no longer trades is held, as there is nobody to sell it to.

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02", "2024-12-03"])
    >>> prices = {"open": 9.0, "close": 9.0, "volume": 1e6}
    >>> bars = Bars(pd.DataFrame({"ticker": "AAA", "session": sessions, **prices}))
    >>> equal_weight(bars, sessions=sessions, universe=pd.Index(["AAA"])).session.dt.day.tolist()
    [29, 2]
    """
    month = sessions.year * 12 + sessions.month
    rows = np.flatnonzero(np.r_[False, True, month[2:] != month[1:-1]])
    return _equal(bars, decided=sessions[rows - 1], filled=sessions[rows], universe=universe)


def random_same_turnover(targets: Targets, *, seed: int, horizon: int = 0) -> Targets:
    """Return the targets with their views shuffled in time: as long in the market, as often changed, and blind.

    In each ticker the runs of long, flat and short keep their order of signs, and their own weights; only their lengths
    trade places, among runs of one sign (shuffling all runs would join equal signs and halve the turnover). The whole
    is then rotated by a random number of sessions. The gross weight is kept over all sessions, not in each.

    Parameters
    ----------
    targets : Targets
        One row per ticker and session of the strategy.
    seed : int
        The same seed gives the same targets.
    horizon : int, default=0
        Of trades that overlap each replaces the one so many sessions before, and is shuffled with those alone.

    Returns
    -------
    Targets of the same tickers and sessions
    """
    generator = np.random.default_rng(seed)
    shuffled = targets.copy()
    tranche = targets["session"].rank(method="dense").astype(int) % max(horizon, 1)
    for _, rows in targets.groupby(["ticker", tranche], sort=True).groups.items():
        shuffled.loc[rows, "weight"] = shuffle_runs(targets.loc[rows, "weight"].to_numpy(), generator)
    return as_targets(shuffled)


def shuffle_runs(weights: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return one ticker's weights with the lengths of its runs of one sign traded among one another, and rotated.

    Examples
    --------
    >>> shuffle_runs(np.array([1.0, 1.0, 0.0]), np.random.default_rng(1)).tolist()
    [0.0, 1.0, 1.0]
    """
    signs = np.sign(weights)
    starts = np.flatnonzero(np.r_[True, signs[1:] != signs[:-1]])
    run_signs = signs[starts]
    order = np.arange(len(starts))
    for sign in (-1.0, 0.0, 1.0):
        positions = np.flatnonzero(run_signs == sign)
        order[positions] = generator.permutation(positions)
    lengths = np.diff(np.r_[starts, len(weights)])[order]
    shuffled = weights[concatenate_ranges(starts[order], starts[order] + lengths)]
    return np.roll(shuffled, generator.integers(len(weights)))


def _equal(bars: Bars, *, decided: pd.DatetimeIndex, filled: pd.DatetimeIndex, universe: pd.Index) -> Targets:
    rebalances = pd.DataFrame({"decided": decided, "filled": filled})
    trading = bars.loc[bars["ticker"].isin(universe) & is_traded(bars), ["ticker", "session"]]
    book = trading.merge(rebalances, left_on="session", right_on="decided")
    book["weight"] = 1.0 / book.groupby("filled")["ticker"].transform("size")
    return as_targets(book[["filled", "ticker", "weight"]].rename(columns={"filled": "session"}))
