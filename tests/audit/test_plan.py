"""Which tickers an audit looks at, and where it cuts them."""

import pandas as pd

from stockseq.audit.clock import Clock
from stockseq.audit.plan import AuditPlan, choose_tickers, count_early, plan_stretches
from stockseq.dataset.dataset import Inputs
from stockseq.market import MarketData


def test_named_tickers_are_audited_however_many(market: MarketData) -> None:
    """Who names three wants three, and of these the ones that have bars."""
    choice = choose_tickers(market, AuditPlan(n_tickers=1), named=("NONE", *market.tickers))
    assert (choice.tickers, choice.named) == (market.tickers, True)


def test_of_many_tickers_the_most_eventful_and_some_at_random_are_audited(market: MarketData) -> None:
    """A leak needs something to leak: headlines, splits and dividends."""
    choice = choose_tickers(market, AuditPlan(n_tickers=2))
    assert (len(choice.tickers), choice.n_eventful, choice.n_random, choice.n_stored) == (2, 1, 1, 3)
    busiest = market.headlines["ticker"].value_counts().add(market.actions["ticker"].value_counts(), fill_value=0)
    assert busiest.idxmax() in choice.tickers


def test_every_decision_of_the_warm_up_is_cut_and_random_ones_after_it(market: MarketData, clock: Clock) -> None:
    """What is filled backwards shows in the first sessions alone, what reaches far shows anywhere."""
    inputs = Inputs(lookback=2, features=Inputs().features[:1])
    early, whole = plan_stretches(market, inputs, clock, AuditPlan(n_cuts=3))
    sessions = pd.DatetimeIndex(market.bars["session"].unique())
    n_early = min(count_early(inputs), len(sessions))
    assert [cut.session for cut in early.cuts] == [
        *sessions[1 : n_early + 1],
        *([market.calendar.next_session(sessions[-1])] if n_early == len(sessions) else []),
    ]
    assert all(cut.session > sessions[n_early - 1] for cut in whole.cuts)
    assert whole.market is market
