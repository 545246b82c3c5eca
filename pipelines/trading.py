"""From out-of-sample forecasts to money: targets, the ledger at several costs, and what it has to beat."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pipelines.context import Context
from pipelines.prepare import Prepared
from stockseq.backtest.account import AccountSettings
from stockseq.backtest.benchmarks import run_benchmarks
from stockseq.backtest.costs import CostSettings
from stockseq.backtest.ledger import LedgerResult, run_ledger
from stockseq.backtest.performance import SESSIONS_PER_YEAR, compute_returns, summarise
from stockseq.backtest.policy import Holding, target_weights
from stockseq.backtest.targets import Targets
from stockseq.config import Settings
from stockseq.dataset.volatility import compute_volatility
from stockseq.errors import SettingsError
from stockseq.evaluate.sharpe import deflated_sharpe
from stockseq.schemas import Bars, Dropped, as_forecasts

HOLDING = {"open_to_close": "session", "open_to_next_open": "overnight"}
COST_MULTIPLES = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Traded:
    """The strategy at its own costs, its curves beside the benchmarks', and their figures."""

    result: LedgerResult
    curves: pd.DataFrame
    portfolio: dict[str, Any]
    benchmarks: dict[str, Any]
    cash_rate: float

    def judged(self, context: Context) -> dict[str, Any]:
        """Return the portfolio's figures with its Sharpe ratio deflated by every trial so far."""
        trials = context.read("trials")
        ratios = [json.loads(metrics)["sharpe_per_session"] for metrics in trials["metrics"]]
        known = [ratio for ratio in ratios if ratio is not None]
        excess = compute_returns(self.result.equity["equity"]) - self.cash_rate / SESSIONS_PER_YEAR
        deflated = deflated_sharpe(
            excess.to_numpy(),
            n_trials=max(len(trials), 1),
            trial_variance=float(np.var(known, ddof=1)) if len(known) > 1 else None,
        )
        return {**self.portfolio, "deflated_sharpe": deflated}

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What the ledger could not do, by ticker and reason."""
        counts = self.result.flags.groupby(["ticker", "flag"]).size().reset_index(name="n").to_dict("records")
        return tuple(Dropped("ledger", row["ticker"], row["flag"].replace("_", " "), int(row["n"])) for row in counts)


def require_matching_policy(settings: Settings) -> None:
    """Raise `SettingsError` if the policy holds for another time than the label is forecast for."""
    wanted = HOLDING[settings.label]
    if settings.policy.holding != wanted:
        raise SettingsError(
            f"The label {settings.label} is the return of a position held {wanted!r}; the policy holds "
            f"{settings.policy.holding!r}. Set policy.holding to {wanted!r} or change the label."
        )


def trade(context: Context, prepared: Prepared, forecasts: pd.DataFrame) -> Traded:
    """Trade the forecasts through the ledger at 0, 1 and 2 times the costs, and the benchmarks at 1."""
    settings = context.settings
    holding = settings.policy.holding
    targets = target_weights(
        as_forecasts(forecasts),
        settings=settings.policy,
        volatility=forecasts[["ticker", "session"]].assign(
            volatility=compute_volatility(forecasts, prepared.bars, prepared.actions)
        ),
    )
    first = context.calendar.previous_session(forecasts["session"].min())
    sessions = context.calendar.between(first, forecasts["session"].max())
    universe = prepared.bars["ticker"].isin(forecasts["ticker"].unique())
    bars = Bars(prepared.bars[universe])

    def run(
        targets: Targets,
        *,
        costs: CostSettings,
        holding: Holding = holding,
        account: AccountSettings = settings.account,
    ) -> LedgerResult:
        return run_ledger(
            targets, bars, prepared.actions, sessions=sessions, costs=costs, account=account, holding=holding
        )

    results = {multiple: run(targets, costs=settings.costs.scaled(multiple)) for multiple in COST_MULTIPLES}
    strategy = results[1.0]
    benchmarks = run_benchmarks(
        targets,
        bars,
        sessions=sessions,
        account=settings.account,
        holding=holding,
        seed=settings.training.seed,
        run=partial(run, costs=settings.costs),
    )
    curves = {"strategy": strategy, "strategy_0x": results[0.0], "strategy_2x": results[2.0], **benchmarks}
    equity = pd.DataFrame({name: result.equity["equity"] for name, result in curves.items()})
    rate = settings.costs.cash_rate
    figures = summarise(strategy, cash_rate=rate)
    portfolio = {
        **plain(figures),
        "at_cost": {f"{multiple:g}x": plain(summarise(result, cash_rate=rate)) for multiple, result in results.items()},
    }
    return Traded(
        strategy,
        equity,
        portfolio,
        {name: plain(summarise(result, cash_rate=rate)) for name, result in benchmarks.items()},
        rate,
    )


def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Return the figures with None in place of what can't be computed.

    Examples
    --------
    >>> plain({"sharpe": float("nan"), "n_fills": 3})
    {'sharpe': None, 'n_fills': 3}
    """
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }
