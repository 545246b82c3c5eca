"""What an audit looks at: which tickers, and where their history is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stockseq.audit.clock import Clock, Cut
from stockseq.dataset.dataset import Inputs
from stockseq.market import MarketData

# Beyond the warm-up and the first window, the first rows and samples are looked at too.
BEYOND = 5
# Sessions after the warm-up from which something could be filled backwards into it.
AFTERWARDS = 60


@dataclass(frozen=True)
class AuditPlan:
    """How much is audited.

    Parameters
    ----------
    n_tickers : int, default=5
        Of a market of more.
    n_cuts : int, default=50
        Random decisions after the warm-up at which everything is cut.
    n_models : int, default=3
        Folds that are fitted with the future and without it.
    n_early : int, optional
        Decisions of the warm-up at which everything is cut; all by default.
    seed : int, default=0
        Of what is random.
    """

    n_tickers: int = 5
    n_cuts: int = 50
    n_models: int = 3
    n_early: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Choice:
    """The tickers to audit: those that were named, or of `n_stored` the most eventful and some at random."""

    tickers: tuple[str, ...]
    n_stored: int
    named: bool = False
    n_eventful: int = 0
    n_random: int = 0


@dataclass(frozen=True)
class Stretch:
    """Part of a market, and the decisions at which it is cut."""

    market: MarketData
    cuts: tuple[Cut, ...]


def choose_tickers(market: MarketData, plan: AuditPlan, *, named: Sequence[str] = ()) -> Choice:
    """Choose the tickers to audit.

    Parameters
    ----------
    market : MarketData
    plan : AuditPlan
    named : sequence of str
        All of those that have bars are chosen, however many; without any, the tickers with the most headlines, splits
        and dividends, and others at random.
    """
    tickers = market.tickers
    wanted = tuple(ticker for ticker in named if ticker in tickers)
    if wanted:
        return Choice(wanted, len(tickers), named=True)
    if len(tickers) <= plan.n_tickers:
        return Choice(tickers, len(tickers))
    events = (market.headlines, market.actions)
    counts = pd.DataFrame({number: rows["ticker"].value_counts() for number, rows in enumerate(events)})
    ranks = counts.reindex(list(tickers)).fillna(0).rank().sum(axis=1).sort_values(ascending=False, kind="stable")
    n_random = plan.n_tickers // 2
    eventful = ranks.index[: plan.n_tickers - n_random].tolist()
    others = sorted(set(tickers) - set(eventful))
    drawn = np.random.default_rng(plan.seed).choice(others, n_random, replace=False).tolist()
    return Choice(tuple(sorted([*eventful, *drawn])), len(tickers), n_eventful=len(eventful), n_random=n_random)


def plan_stretches(market: MarketData, inputs: Inputs, clock: Clock, plan: AuditPlan) -> Iterator[Stretch]:
    """Yield the beginning of all tickers that begin together, cut at each decision of the warm-up, and the whole."""
    n_early = count_early(inputs)
    firsts = market.bars.groupby("ticker")["session"].min()
    for first, tickers in firsts.groupby(firsts):
        young = _beginning(market.of(tickers.index), first, n_early + AFTERWARDS)
        sessions = _decided(young)[1 : n_early + 1]
        chosen = sessions if plan.n_early is None else sessions[:: max(1, -(-len(sessions) // max(plan.n_early, 1)))]
        yield Stretch(young, tuple(map(clock.cut, chosen)))
    sessions = _decided(market)[n_early + 1 :]
    drawn = np.random.default_rng(plan.seed).choice(len(sessions), min(plan.n_cuts, len(sessions)), replace=False)
    yield Stretch(market, tuple(clock.cut(sessions[number]) for number in sorted(drawn)))


def count_early(inputs: Inputs) -> int:
    """Return the first sessions of a ticker at which every decision is cut: until rows and windows have begun."""
    return inputs.warm_up + inputs.lookback + BEYOND


def _decided(market: MarketData) -> pd.DatetimeIndex:
    """Return the sessions that have a bar, and the one that follows the last, which is decided but not traded."""
    sessions = sorted(market.bars["session"].unique())
    return pd.DatetimeIndex([*sessions, market.calendar.next_session(sessions[-1])])


def _beginning(market: MarketData, first: pd.Timestamp, n_sessions: int) -> MarketData:
    """Return what came in the first sessions."""
    sessions = market.calendar.sessions
    last = sessions[min(int(sessions.searchsorted(first)) + n_sessions, len(sessions) - 1)]
    until = last.tz_localize("UTC")
    return replace(
        market,
        bars=market.bars[market.bars["session"] <= last].reset_index(drop=True),
        actions=market.actions[market.actions["session"] <= last].reset_index(drop=True),
        headlines=market.headlines[market.headlines["published_at"] <= until].reset_index(drop=True),
    )
