"""From out-of-sample forecasts to money: targets, the ledger at several costs, and what it has to beat."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from pipelines.context import Context, show_progress
from pipelines.prepare import Prepared
from stockseq.backtest.account import AccountSettings
from stockseq.backtest.benchmarks import run_benchmarks
from stockseq.backtest.blind_positions import (
    circular_shift_test,
    position_matrices,
    random_signal_test,
)
from stockseq.backtest.costs import CostSettings
from stockseq.backtest.overfitting import estimate_overfitting
from stockseq.backtest.performance import SESSIONS_PER_YEAR, compute_returns, summarise
from stockseq.backtest.policy import Holding, target_weights
from stockseq.backtest.prints import NYSE_DELISTING_RETURN, Delisting
from stockseq.backtest.sharpe import deflated_sharpe
from stockseq.backtest.simulator import LedgerResult, run_ledger
from stockseq.backtest.targets import Targets
from stockseq.prices import compute_volatility
from stockseq.schemas import Bars, Dropped, as_forecasts

# The position that earns each label.
HOLDING: dict[str, Holding] = {"open_to_close": "session", "open_to_next_open": "overnight"}
# A halt is shorter; what is silent for longer has left.
SESSIONS_WITHOUT_A_BAR = 10
COST_MULTIPLES = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Traded:
    """The strategy at its own costs, its curves beside the benchmarks', and their figures.

    `blind` says whether the positions earn more than the same at other times, and than blind ones of their turnover;
    `overfitting` is what choosing the best of strategy and baselines by their returns is worth.
    """

    result: LedgerResult
    curves: pd.DataFrame
    portfolio: dict[str, Any]
    benchmarks: dict[str, Any]
    blind: dict[str, Any]
    overfitting: dict[str, Any]
    cash_rate: float

    def judged(self, context: Context) -> dict[str, Any]:
        """Return the portfolio's figures with its Sharpe ratio deflated by every trial so far."""
        # All that were ever scored count, whatever instant this run plays.
        trials = context.store.read("trials")
        ratios = [json.loads(metrics).get("sharpe_per_session") for metrics in trials["metrics"]]
        known = [ratio for ratio in ratios if ratio is not None]
        excess = compute_returns(self.result.equity["equity"]) - self.cash_rate / SESSIONS_PER_YEAR
        n_trials = max(len(trials), 1)
        deflated = deflated_sharpe(
            excess.to_numpy(),
            n_trials=n_trials,
            trial_variance=float(np.var(known, ddof=1)) if len(known) > 1 else None,
        )
        return {**self.portfolio, "deflated_sharpe": deflated, "n_trials": n_trials}

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What the ledger could not do, by ticker and reason."""
        counts = self.result.flags.groupby(["ticker", "flag"]).size().reset_index(name="n").to_dict("records")
        return tuple(Dropped("ledger", row["ticker"], row["flag"].replace("_", " "), int(row["n"])) for row in counts)


def trade(
    context: Context, prepared: Prepared, forecasts: pd.DataFrame, baselines: Mapping[str, pd.DataFrame]
) -> Traded:
    """Trade the forecasts through the ledger at 0, 1 and 2 times the costs; baselines and benchmarks alike at 1."""
    settings = context.settings
    holding = HOLDING[settings.label]
    volatility = forecasts[["ticker", "session"]].assign(
        volatility=compute_volatility(forecasts, prepared.bars, prepared.actions)
    )
    first = context.calendar.previous_session(forecasts["session"].min())
    sessions = context.calendar.between(first, forecasts["session"].max())
    bars = Bars(prepared.bars[prepared.bars["ticker"].isin(forecasts["ticker"].unique())])
    delistings = find_delistings(bars, sessions)

    def targets_of(table: pd.DataFrame) -> Targets:
        return target_weights(as_forecasts(table), settings=settings.policy, volatility=volatility)

    def run(
        targets: Targets,
        *,
        costs: CostSettings = settings.costs,
        holding: Holding = holding,
        account: AccountSettings = settings.account,
    ) -> LedgerResult:
        return run_ledger(
            targets,
            bars,
            prepared.actions,
            sessions=sessions,
            costs=costs,
            account=account,
            holding=holding,
            delistings=delistings,
        )

    targets = targets_of(forecasts)
    with show_progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as bar:
        results = {
            multiple: run(targets, costs=settings.costs.scaled(multiple))
            for multiple in bar.track(COST_MULTIPLES, description="Trading the forecasts")
        }
        followed = {
            name: run(targets_of(table))
            for name, table in bar.track(baselines.items(), description="Trading the baselines", total=len(baselines))
        }
    strategy = results[1.0]
    seed = settings.training.seed
    benchmarks = run_benchmarks(
        targets, bars, sessions=sessions, account=settings.account, holding=holding, seed=seed, run=run
    )
    rate = settings.costs.cash_rate
    curves = {"strategy": strategy, "strategy_0x": results[0.0], "strategy_2x": results[2.0], **benchmarks}
    at_cost = {f"{multiple:g}x": summarise(result, cash_rate=rate).to_dict() for multiple, result in results.items()}
    return Traded(
        result=strategy,
        curves=pd.DataFrame({name: result.equity["equity"] for name, result in curves.items()}),
        portfolio={**at_cost["1x"], "at_cost": at_cost},
        benchmarks={
            name: summarise(result, cash_rate=rate).to_dict() for name, result in {**benchmarks, **followed}.items()
        },
        blind=_beside_blind(targets, forecasts, seed=seed),
        overfitting=_overfitting({"strategy": strategy, **followed}),
        cash_rate=rate,
    )


def _beside_blind(targets: Targets, forecasts: pd.DataFrame, *, seed: int) -> dict[str, Any]:
    """Return both tests of the positions against their like without knowledge, None with a note where impossible."""
    weights, returns = position_matrices(targets, forecasts)
    return {
        "circular_shift": circular_shift_test(weights, returns).to_dict(),
        "random_signal": random_signal_test(weights, returns, seed=seed).to_dict(),
    }


def _overfitting(results: Mapping[str, LedgerResult]) -> dict[str, Any]:
    """Return the probability of backtest overfitting over those that moved; reported, never a gate."""
    returns = pd.DataFrame({name: compute_returns(result.equity["equity"]) for name, result in results.items()})
    traded = [name for name, result in results.items() if len(result.fills)]
    return estimate_overfitting(returns, traded=traded).to_dict()


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
