"""A story that two sources tell is one headline wherever headlines are read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.features.news import Latency
from stockseq.features.stories import REPEATED
from stockseq.forecasting.morning import headlines_read
from stockseq.market import MarketData
from stockseq.schemas import Headlines, as_headlines
from stockseq.sources.simulated import SimulatedMarket

INPUTS = Inputs(lookback=3)


@pytest.fixture(scope="module")
def alone() -> MarketData:
    """Headlines of one source, some of which were first seen days after their publication."""
    drawn = SimulatedMarket(kind="leak_backdated", n_sessions=90, n_tickers=2, seed=3)
    now = drawn.calendar.opens_at(drawn.sessions[-1])
    return MarketData(drawn.bars, drawn.actions, drawn.headlines, drawn.calendar, now)


@pytest.fixture(scope="module")
def by_one(alone: MarketData) -> Dataset:
    return build_dataset(alone, INPUTS)


def told_again(headlines: Headlines, *, later: pd.Timedelta) -> Headlines:
    """Return the headlines with each once more from another source, in capitals, later."""
    once_more = headlines.assign(
        headline_id=[f"again-{n}" for n in range(len(headlines))],
        source="wire",
        text=headlines["text"].str.upper() + " - The Wire",
        publisher="The Wire",
        published_at=headlines["published_at"] + later,
        first_seen_at=headlines["first_seen_at"] + later,
    )
    return as_headlines(pd.concat([headlines, once_more]))


def test_every_reader_of_headlines_reads_the_story_once(alone: MarketData, by_one: Dataset) -> None:
    """Features, texts, late news, coverage and the morning's page are those of the first source, to the last bit."""
    both = replace(alone, headlines=told_again(alone.headlines, later=pd.Timedelta(minutes=10)))
    data = build_dataset(both, INPUTS)
    pd.testing.assert_frame_equal(data.features, by_one.features)
    assert data.panel.texts == by_one.panel.texts
    assert data.panel.late is not None
    assert by_one.panel.late is not None
    assert data.panel.late.to_bytes() == by_one.panel.late.to_bytes()
    assert np.array_equal(data.samples.ends, by_one.samples.ends)
    assert data.coverage == by_one.coverage
    session = data.sessions[-1]
    tickers = pd.DataFrame({"ticker": alone.tickers})
    pd.testing.assert_frame_equal(headlines_read(data, tickers, session), headlines_read(by_one, tickers, session))
    repeated = [drop for drop in data.dropped if drop.reason == REPEATED]
    assert sum(drop.n_rows for drop in repeated) == len(alone.headlines)
    assert {drop.ticker for drop in repeated} == set(alone.tickers)


def test_the_story_counts_from_the_first_source_that_had_it(alone: MarketData, by_one: Dataset) -> None:
    """The slower source's copies are passed over; the faster one's stand where they were known."""
    both = replace(alone, headlines=told_again(alone.headlines, later=pd.Timedelta(minutes=-10)))
    data = build_dataset(both, INPUTS)
    assert set(data.headlines["source"]) == {"wire"}
    assert len(data.headlines) == len(by_one.headlines)
    assert (data.headlines["available_at"] < by_one.headlines["available_at"].max()).all()


def test_of_several_sources_the_newest_by_publication_come_last(alone: MarketData) -> None:
    """A network of few headlines per session reads the newest, whichever source each is from."""
    drawn = alone.headlines.head(1)
    at = alone.calendar.opens_at(alone.bars["session"].iloc[80]) - pd.Timedelta(hours=3)
    hours = [0, 1, 2]
    three = as_headlines(
        pd.concat([drawn] * 3).assign(
            headline_id=["x", "y", "z"],
            ticker=alone.tickers[0],
            source=["edgar", "alpaca", "yahoo"],
            text=["first", "second", "third"],
            published_at=[at + pd.Timedelta(hours=hour) for hour in hours],
            first_seen_at=[pd.NaT, pd.NaT, at + pd.Timedelta(hours=2)],
            known_by=None,
        )
    )
    latency = Latency(by_source={"alpaca": pd.Timedelta(0), "edgar": pd.Timedelta(minutes=5)})
    data = build_dataset(replace(alone, headlines=three), replace(INPUTS, latency=latency, headlines_per_session=2))
    assert [texts for texts in data.panel.texts if texts] == [("first", "second", "third")]
    unread = [drop.n_rows for drop in data.dropped if drop.reason.startswith("older than the newest")]
    assert unread == [1]
    tickers = pd.DataFrame({"ticker": alone.tickers[:1]})
    read = headlines_read(data, tickers, alone.bars["session"].iloc[80])
    assert read["text"].tolist() == ["third", "second", "first"]
