"""A decision's rows are those of the dataset, and without a headline those of a dataset that never had it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.left_out import Decision, cut_decision
from stockseq.market import MarketData
from stockseq.schemas import Headlines
from stockseq.sources.markets import load_simulated

LOOKBACK = 5


@pytest.fixture(scope="module")
def market() -> MarketData:
    """Two tickers of which every other headline was first seen three days late."""
    market = load_simulated(n_tickers=2, n_sessions=90)
    rows = market.headlines
    late = (rows["published_at"] + pd.Timedelta(days=3)).where(np.arange(len(rows)) % 2 == 0)
    rows = rows.assign(first_seen_at=late.fillna(rows["first_seen_at"]))
    return replace(market, headlines=Headlines(rows[rows["published_at"] < market.now].reset_index(drop=True)))


@pytest.fixture(scope="module")
def data(market: MarketData) -> Dataset:
    return build_dataset(market, lookback=LOOKBACK)


def decision_of(data: Dataset, number: int) -> Decision:
    """What the decision of one of the sessions knows."""
    windows = data.windows.on(data.windows.sessions[[number]])
    return cut_decision(data, windows, lookback=LOOKBACK)


def test_with_nothing_left_out_the_rows_are_rebuilt_to_the_last_bit(data: Dataset) -> None:
    """The way back to the rows is the one that they came by, with late headlines among them."""
    assert data.panel.late is not None
    for number in range(0, len(data.windows.sessions), 6):
        decision = decision_of(data, number)
        for panel in decision.without_each([(0, "none of them"), (1, "none of them")]):
            np.testing.assert_array_equal(panel.indicators, decision.panel.indicators)
            assert panel.texts == decision.panel.texts


def test_a_decision_knows_nothing_of_later_sessions(data: Dataset) -> None:
    """Neither a row nor a headline of after it."""
    decision = decision_of(data, 10)
    assert decision.panel.keys["session"].max() == decision.session
    assert (decision.headlines["session"] <= decision.session).all()
    ends = decision.panel.keys.iloc[decision.ends]
    assert ends["session"].unique().tolist() == [decision.session]


def test_the_only_headline_can_be_left_out(market: MarketData) -> None:
    """Then the ticker has none, and its rows say so."""
    headlines = market.headlines.tail(1)
    headlines = headlines.assign(first_seen_at=headlines["published_at"])
    data = build_dataset(replace(market, headlines=Headlines(headlines.reset_index(drop=True))), lookback=LOOKBACK)
    number = int(data.windows.sessions.searchsorted(data.headlines["session"].iloc[0]))
    decision = decision_of(data, number)
    window = data.headlines["ticker"].iloc[0] == sorted(market.tickers)[1]
    alone = decision.window_headlines(int(window))
    assert alone["sessions_ago"].tolist() == [0]
    (panel,) = decision.without_each([(int(window), alone["headline_id"].iloc[0])])
    assert not any(panel.texts)
    no_news = panel.indicators[:, panel.names.index("no_news")]
    assert no_news.tolist() == [1.0] * len(panel)


def test_windows_of_two_sessions_are_refused(data: Dataset) -> None:
    """Each session knows something else."""
    with pytest.raises(ValueError, match="must be of one session, received 2"):
        cut_decision(data, data.windows.on(data.windows.sessions[:2]), lookback=LOOKBACK)
