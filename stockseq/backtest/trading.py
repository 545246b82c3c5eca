"""From out-of-sample forecasts to money: targets, the account at several costs, and what it has to beat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stockseq.arguments import require_type
from stockseq.backtest.account import Account
from stockseq.backtest.affordability import find_unaffordable
from stockseq.backtest.benchmarks import run_benchmarks
from stockseq.backtest.blind_positions import NullTest, circular_shift_test, position_matrices, random_signal_test
from stockseq.backtest.costs import Costs
from stockseq.backtest.overfitting import Overfitting, estimate_overfitting
from stockseq.backtest.performance import SESSIONS_PER_YEAR, PerformanceFigures, compute_returns, summarise
from stockseq.backtest.policy import PolicySettings, RankBy, find_ranking, target_weights
from stockseq.backtest.prints import NYSE_DELISTING_RETURN, Delisting, build_market
from stockseq.backtest.sharpe import deflated_sharpe
from stockseq.backtest.simulator import AccountHistory, simulate_market
from stockseq.backtest.targets import Targets
from stockseq.dataset.labels import OPEN_TO_CLOSE, compute_labels, parse_label
from stockseq.errors import DataError
from stockseq.market import MarketData
from stockseq.plots import plot_account
from stockseq.prices import compute_volatility
from stockseq.progress import SILENT, Progress
from stockseq.results import html_table
from stockseq.schemas import TEXT, Bars, Dropped, as_forecasts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# A halt is shorter; what is silent for longer has left.
SESSIONS_WITHOUT_A_BAR = 10
COST_MULTIPLES = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class TradingRules:
    """How forecasts are traded: the policy, the costs, the account, and the trade that they forecast."""

    policy: PolicySettings = field(default_factory=PolicySettings)
    costs: Costs = field(default_factory=Costs)
    account: Account = field(default_factory=Account)
    label: str = OPEN_TO_CLOSE

    @property
    def horizon(self) -> int:
        """Sessions from the entry to the exit of the trade."""
        return parse_label(self.label)


@dataclass(frozen=True)
class AccountResult:
    """An account that followed the forecasts, at its own costs, with what it has to beat.

    Parameters
    ----------
    history : AccountHistory
        Equity, fills, positions and flags at the costs of the rules.
    at_cost : mapping of multiple to AccountHistory
        The same account at none, once and twice the costs.
    benchmarks : mapping of name to AccountHistory
        Buy and hold, equal weight, random trading of the same turnover.
    baselines : mapping of name to AccountHistory
        Accounts that followed simple forecasts instead.
    circular_shift, random_signal : NullTest
        The positions against themselves at other times, and against blind ones of their turnover.
    rules : TradingRules
    ranked_by : {"relative", "probability", "return"}
        What ranked the tickers: the probability where the forecasts name no relative.
    unaffordable : tuple of str, default=()
        Tickers that were wanted and never bought: one share costs more than its share of the capital.
    """

    history: AccountHistory
    at_cost: Mapping[float, AccountHistory]
    benchmarks: Mapping[str, AccountHistory]
    baselines: Mapping[str, AccountHistory]
    circular_shift: NullTest
    random_signal: NullTest
    rules: TradingRules
    ranked_by: RankBy
    unaffordable: tuple[str, ...] = ()

    @cached_property
    def figures(self) -> PerformanceFigures:
        """The account's figures at its own costs."""
        return self._figures(self.history)

    @cached_property
    def figures_at_cost(self) -> Mapping[str, PerformanceFigures]:
        """The account's figures by multiple of the costs, such as "2x"."""
        return {f"{multiple:g}x": self._figures(history) for multiple, history in self.at_cost.items()}

    @cached_property
    def benchmark_figures(self) -> Mapping[str, PerformanceFigures]:
        """The figures of the benchmarks, then of the accounts that followed the baselines."""
        return {name: self._figures(history) for name, history in {**self.benchmarks, **self.baselines}.items()}

    @cached_property
    def overfitting(self) -> Overfitting:
        """What choosing the best of strategy and baselines by their returns is worth; reported, never a gate."""
        histories = {"strategy": self.history, **self.baselines}
        returns = pd.DataFrame({name: compute_returns(history.equity["equity"]) for name, history in histories.items()})
        return estimate_overfitting(returns, traded=[name for name, history in histories.items() if len(history.fills)])

    @property
    def curves(self) -> pd.DataFrame:
        """Equity by session: strategy, strategy_0x, strategy_2x, and the benchmarks."""
        at_cost = {f"strategy_{multiple:g}x": self.at_cost[multiple] for multiple in (0.0, 2.0)}
        histories = {"strategy": self.history, **at_cost, **self.benchmarks}
        return pd.DataFrame({name: history.equity["equity"] for name, history in histories.items()})

    @property
    def balances(self) -> pd.DataFrame:
        """Balances and flows of the strategy and of buy and hold, by `account` and session; see `AccountHistory`."""
        return _stacked({name: history.equity.reset_index() for name, history in self._judged.items()})

    @property
    def attribution(self) -> pd.DataFrame:
        """Profit by `account`, ticker and side, of the strategy and of buy and hold; see `AccountHistory`."""
        return _stacked({name: history.attribution for name, history in self._judged.items()})

    @property
    def _judged(self) -> dict[str, AccountHistory]:
        return {"strategy": self.history, "buy_and_hold": self.benchmarks["buy_and_hold"]}

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What the account could not do, by ticker and reason."""
        counts = self.history.flags.groupby(["ticker", "flag"]).size().reset_index(name="n").to_dict("records")
        return tuple(Dropped("ledger", row["ticker"], row["flag"].replace("_", " "), int(row["n"])) for row in counts)

    def deflated_sharpe(self, *, n_trials: int, trial_ratios: Sequence[float] = ()) -> float | None:
        """Return the Sharpe ratio deflated by every configuration that was ever scored.

        Parameters
        ----------
        n_trials : int
            Configurations scored, this one among them.
        trial_ratios : sequence of float
            Their Sharpe ratios per session, where known.
        """
        excess = compute_returns(self.history.equity["equity"]) - self.rules.costs.cash_rate / SESSIONS_PER_YEAR
        return deflated_sharpe(
            excess.to_numpy(),
            n_trials=n_trials,
            trial_variance=float(np.var(trial_ratios, ddof=1)) if len(trial_ratios) > 1 else None,
        )

    def plot(self) -> "Figure":
        """Return a Plotly figure: growth against the benchmarks, at none, once and twice the costs, above drawdown."""
        return plot_account(self.curves).as_figure("The account against its benchmarks")

    def __repr__(self) -> str:
        first, last = (f"{session:%Y-%m-%d}" for session in self.history.equity.index[[0, -1]])
        return f"AccountResult({first} to {last}, {self.figures!r})"

    def _repr_html_(self) -> str:
        sessions = self.history.equity.index
        heading = {"first session": f"{sessions[0]:%Y-%m-%d}", "last session": f"{sessions[-1]:%Y-%m-%d}"}
        benchmarks = {
            f"total return of {name.replace('_', ' ')}": figures.total_return
            for name, figures in self.benchmark_figures.items()
        }
        return html_table("Account", {**heading, **dict(self.figures), **benchmarks})

    def _figures(self, history: AccountHistory) -> PerformanceFigures:
        return summarise(history, cash_rate=self.rules.costs.cash_rate)


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of the same columns below one another, each row with the account that it is of."""
    frames = [frame.assign(account=pd.Series(name, index=frame.index, dtype=TEXT)) for name, frame in tables.items()]
    stacked = pd.concat(frames, ignore_index=True)
    return stacked[["account", *stacked.columns.drop("account")]]


def backtest(
    forecasts: pd.DataFrame,
    market: MarketData,
    *,
    policy: PolicySettings | None = None,
    costs: Costs | None = None,
    account: Account | None = None,
    label: str = OPEN_TO_CLOSE,
) -> AccountResult:
    """Trade out-of-sample forecasts in an account, at none, once and twice the costs, beside benchmarks.

    Parameters
    ----------
    forecasts : DataFrame
        Those of a `WalkForwardResult`: ticker, session, decision_at, probability_up, expected_return, realised_return,
        and relative where it is forecast.
    market : MarketData
        That they were made on.
    policy : PolicySettings, optional
        How forecasts become positions, such as `TopK(5)`.
    costs : Costs, optional
    account : Account, optional
        Capital, leverage and lot.
    label : str, default="open_to_close"
        The trade that was forecast, and so how long a position lasts.

    Raises
    ------
    TypeError, DataError
        If an argument is of another type, or the forecasts have no rows, lack a column or are of another trade.

    Examples
    --------
    >>> from stockseq.backtest.policy import TopK
    >>> from stockseq.sources.markets import load_simulated
    >>> market = load_simulated(n_tickers=4, n_sessions=60)
    >>> recent = market.truth["session"].isin(market.bars["session"].unique()[-20:])
    >>> backtest(market.truth[recent], market, policy=TopK(1)).history.equity.shape
    (21, 13)
    """
    require_type(forecasts, pd.DataFrame, "forecasts", hint="Such as those of walk_forward(...).forecasts.")
    require_type(market, MarketData, "market", hint="The one that the forecasts were made on.")
    for value, kind, name in (
        (policy, PolicySettings, "policy"),
        (costs, Costs, "costs"),
        (account, Account, "account"),
    ):
        if value is not None:
            require_type(value, kind, name, hint="Such as TopK(5), Costs() or Account().")
    missing = [name for name in ("ticker", "session", "probability_up", "realised_return") if name not in forecasts]
    if missing or forecasts.empty:
        came = f"lacks {', '.join(missing)}" if missing else "has no rows"
        raise DataError(f"A backtest needs forecasts with what was realised; the table {came}.")
    rules = TradingRules(policy or PolicySettings(), costs or Costs(), account or Account(), label)
    _require_label(forecasts, market, rules)
    return trade(forecasts, market, rules)


def _require_label(forecasts: pd.DataFrame, market: MarketData, rules: TradingRules) -> None:
    """Refuse forecasts of another trade than the one that would be made: nothing else would tell."""
    labels = compute_labels(market.bars, market.actions, calendar=market.calendar, horizon=rules.horizon)
    keys = ["ticker", "session"]
    rows = forecasts[[*keys, "realised_return"]].merge(
        labels[[*keys, "realised_return"]], on=keys, suffixes=("", "_of")
    )
    apart = rows[~np.isclose(rows["realised_return"], rows["realised_return_of"], rtol=1e-6, atol=1e-9)]
    if len(apart):
        row = apart.iloc[0]
        raise DataError(
            f"The forecasts are not of the trade {rules.label} on this market: of {len(rows)} returns {len(apart)} "
            f"differ, first {row['ticker']} on {row['session'].date()} with {row['realised_return']:.6f} instead of "
            f'{row["realised_return_of"]:.6f}. Name the trade that was forecast, as in label="open_to_open(10)".'
        )


def trade(
    forecasts: pd.DataFrame,
    market: MarketData,
    rules: TradingRules,
    *,
    baselines: Mapping[str, pd.DataFrame] | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> AccountResult:
    """Trade the forecasts at 0, 1 and 2 times the costs; baselines and benchmarks alike at 1.

    Parameters
    ----------
    forecasts : DataFrame
        ticker, session, decision_at, probability_up, expected_return, realised_return.
    market : MarketData
    rules : TradingRules
    baselines : mapping of name to DataFrame, optional
        Simple forecasts of the same sessions.
    seed : int, default=0
        Of what trades at random.
    progress : Progress, optional
    """
    volatility = forecasts[["ticker", "session"]].assign(
        volatility=compute_volatility(forecasts, market.bars, market.actions)
    )
    to_targets = partial(_targets, rules=rules, volatility=volatility)
    run, bars, sessions = _simulator(forecasts, market, rules)
    targets = to_targets(forecasts)
    at_cost = {}
    for done, multiple in enumerate(COST_MULTIPLES, start=1):
        at_cost[multiple] = run(targets, costs=rules.costs.scaled(multiple))
        progress.step("Trading the forecasts", done, len(COST_MULTIPLES))
    followed = {}
    for done, (name, table) in enumerate((baselines or {}).items(), start=1):
        followed[name] = run(to_targets(table))
        progress.step("Trading the baselines", done, len(baselines or {}))
    benchmarks = run_benchmarks(
        targets, bars, sessions=sessions, account=rules.account, horizon=rules.horizon, seed=seed, run=run
    )
    weights, returns = position_matrices(targets, forecasts, horizon=rules.horizon)
    return AccountResult(
        history=at_cost[1.0],
        at_cost=at_cost,
        benchmarks=benchmarks,
        baselines=followed,
        circular_shift=circular_shift_test(weights, returns, horizon=rules.horizon),
        random_signal=random_signal_test(weights, returns, seed=seed),
        rules=rules,
        ranked_by=find_ranking(forecasts, rules.policy.rank_by),
        unaffordable=find_unaffordable(targets, at_cost[1.0], bars, account=rules.account, horizon=rules.horizon),
    )


def _targets(forecasts: pd.DataFrame, *, rules: TradingRules, volatility: pd.DataFrame) -> Targets:
    checked = as_forecasts(forecasts)
    return target_weights(checked, settings=rules.policy, volatility=volatility, horizon=rules.horizon)


def _simulator(
    forecasts: pd.DataFrame, market: MarketData, rules: TradingRules
) -> tuple[Callable[..., AccountHistory], Bars, pd.DatetimeIndex]:
    """Return what simulates targets on the tickers and sessions of these forecasts, with the bars and sessions."""
    first = market.calendar.previous_session(forecasts["session"].min())
    sessions = market.calendar.between(first, forecasts["session"].max())
    bars = market.of(tuple(forecasts["ticker"].unique())).bars
    # Built once: every account trades it.
    prints = build_market(
        bars,
        market.actions,
        sessions=sessions,
        tickers=pd.Index(sorted(bars["ticker"].unique()), dtype="str"),
        delistings=find_delistings(bars, sessions),
        pay_dates={},
    )
    run = partial(simulate_market, market=prints, costs=rules.costs, account=rules.account, horizon=rules.horizon)
    return run, bars, sessions


def find_delistings(bars: Bars, sessions: pd.DatetimeIndex) -> dict[str, Delisting]:
    """Return the tickers whose bars end long before the last session, taken out at the loss of a NYSE delisting.

    No source of ours says why a ticker ended: a merger for cash loses nothing, a bankruptcy everything. What is never
    assumed is that it can be sold at its last price.

    Examples
    --------
    >>> sessions = pd.bdate_range("2024-01-01", periods=40)
    >>> rows = [("A", session) for session in sessions] + [("B", session) for session in sessions[:20]]
    >>> bars = Bars(pd.DataFrame(rows, columns=["ticker", "session"]))
    >>> find_delistings(bars, sessions)["B"].session.date().isoformat()
    '2024-01-29'
    """
    last = bars.groupby("ticker")["session"].max()
    ended = last[last < sessions[-1 - min(SESSIONS_WITHOUT_A_BAR, len(sessions) - 1)]]
    exits = {str(ticker): sessions[sessions > session] for ticker, session in ended.items()}
    return {ticker: Delisting(after[0], NYSE_DELISTING_RETURN) for ticker, after in exits.items()}
