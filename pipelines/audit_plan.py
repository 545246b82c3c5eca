"""What an audit looks at: which tickers, and where their history is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.context import Context
from stockseq.evaluate.lookahead import Clock, Cut, Tables
from stockseq.features.block import WARM_UP
from stockseq.schemas import Actions, Bars, Headlines

# Beyond the warm-up and the first window, the first rows and samples are looked at too.
BEYOND = 5
# Sessions after the warm-up from which something could be filled backwards into it.
AFTERWARDS = 60


@dataclass(frozen=True)
class Plan:
    """How much is audited: tickers where none are named, random cuts, cuts with a model, and the seed of all."""

    n_tickers: int = 5
    n_cuts: int = 50
    n_models: int = 3
    n_early: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Stretch:
    """Some tables, and the decisions at which they are cut."""

    name: str
    tables: Tables
    cuts: tuple[Cut, ...]


def choose_tickers(context: Context, held: Sequence[str], plan: Plan) -> tuple[tuple[str, ...], str]:
    """Return the tickers to audit, and why in words: those named, or else the most eventful and some others."""
    named = tuple(ticker for ticker in context.settings.tickers if ticker in held)
    if named:
        return named, "as TICKERS names them"
    if len(held) <= plan.n_tickers:
        return tuple(held), "all that the store holds"
    counts = pd.DataFrame(
        {name: context.read(name, columns=["ticker"])["ticker"].value_counts() for name in ("headlines", "actions")}
    )
    ranks = counts.reindex(list(held)).fillna(0).rank().sum(axis=1).sort_values(ascending=False, kind="stable")
    n_random = plan.n_tickers // 2
    eventful = ranks.index[: plan.n_tickers - n_random].tolist()
    others = sorted(set(held) - set(eventful))
    drawn = np.random.default_rng(plan.seed).choice(others, n_random, replace=False).tolist()
    reason = (
        f"{len(eventful)} with the most headlines, splits and dividends and {n_random} at random of {len(held)}; "
        "TICKERS names others"
    )
    return tuple(sorted([*eventful, *drawn])), reason


def read_tables(context: Context, tickers: Sequence[str]) -> Tables:
    """Return what the store knows of the tickers at the instant of the run."""
    return Tables(
        Bars(context.read("bars", tickers=tickers)),
        Actions(context.read("actions", tickers=tickers)),
        Headlines(context.read("headlines", tickers=tickers)),
    )


def plan_stretches(context: Context, tables: Tables, clock: Clock, plan: Plan) -> Iterator[Stretch]:
    """Yield the beginning of all tickers that begin together, cut at each decision of the warm-up, and the whole."""
    n_early = count_early(context)
    firsts = tables.bars.groupby("ticker")["session"].min()
    for first, tickers in firsts.groupby(firsts):
        young = _narrow(tables, tickers.index.tolist(), context.calendar.sessions, first, n_early + AFTERWARDS)
        sessions = _decided(context, young)[1 : n_early + 1]
        chosen = sessions if plan.n_early is None else sessions[:: max(1, -(-len(sessions) // max(plan.n_early, 1)))]
        yield Stretch(f"warm-up from {first.date()}", young, tuple(map(clock.cut, chosen)))
    sessions = _decided(context, tables)[n_early + 1 :]
    drawn = np.random.default_rng(plan.seed).choice(len(sessions), min(plan.n_cuts, len(sessions)), replace=False)
    yield Stretch("random", tables, tuple(clock.cut(sessions[place]) for place in sorted(drawn)))


def count_early(context: Context) -> int:
    """Return the first sessions of a ticker at which every decision is cut: until rows and windows have begun."""
    warm_up = max([WARM_UP, *(feature.warm_up for feature in context.features)])
    return warm_up + context.settings.network.lookback + BEYOND


def _decided(context: Context, tables: Tables) -> pd.DatetimeIndex:
    """Return the sessions that have a bar, and the one that follows the last, which is decided but not traded."""
    sessions = sorted(tables.bars["session"].unique())
    return pd.DatetimeIndex([*sessions, context.calendar.next_session(sessions[-1])])


def _narrow(tables: Tables, tickers: Sequence[str], sessions: pd.DatetimeIndex, first: pd.Timestamp, n: int) -> Tables:
    last = sessions[min(int(sessions.searchsorted(first)) + n, len(sessions) - 1)]
    until = last.tz_localize("UTC")
    bars, actions, headlines = (
        rows[rows["ticker"].isin(tickers)] for rows in (tables.bars, tables.actions, tables.headlines)
    )
    return Tables(
        Bars(bars[bars["session"] <= last].reset_index(drop=True)),
        Actions(actions[actions["session"] <= last].reset_index(drop=True)),
        Headlines(headlines[headlines["published_at"] <= until].reset_index(drop=True)),
    )
