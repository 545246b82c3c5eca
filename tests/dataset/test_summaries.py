"""With the setting, a headline is scored and read with its summary; without it, nothing changes."""

from dataclasses import replace

import pandas as pd
import pytest

from stockseq.dataset.dataset import Inputs, build_dataset
from stockseq.features.sentiment import SummaryScorer, VaderScorer
from stockseq.market import MarketData
from stockseq.schemas import as_headlines
from stockseq.sources.markets import load_simulated

TITLES = Inputs(lookback=3)
BOTH = replace(TITLES, scorer=SummaryScorer(VaderScorer()))


@pytest.fixture(scope="module")
def market() -> MarketData:
    """Every other headline has a summary."""
    market = load_simulated(n_sessions=80, n_tickers=2, seed=4)
    summaries = ["A horrible disaster" if n % 2 else "" for n in range(len(market.headlines))]
    return replace(market, headlines=as_headlines(market.headlines.assign(summary=summaries)))


def test_the_summary_is_scored_and_read_where_there_is_one(market: MarketData) -> None:
    """The network's text and the features see it; the stored headline keeps its title."""
    titles, both = build_dataset(market, TITLES), build_dataset(market, BOTH)
    read = [text for texts in both.panel.texts for text in texts]
    assert sum(text.endswith(" A horrible disaster") for text in read) > 10
    assert sum(not text.endswith(" A horrible disaster") for text in read) > 10
    assert not any("disaster" in text for texts in titles.panel.texts for text in texts)
    pd.testing.assert_frame_equal(both.headlines, titles.headlines)
    assert both.features["news_mean"].mean() < titles.features["news_mean"].mean()


def test_scores_with_and_without_summaries_stand_side_by_side(market: MarketData) -> None:
    """Those that are stored of titles aren't taken for those of both, nor the other way round."""
    titles = build_dataset(market, TITLES)
    both = build_dataset(market, BOTH, scores=titles.scores)
    assert set(both.scores["scorer"]) == {"vader-3.3.2-r2+summaries"}
    assert len(both.scores) == len(titles.scores)
    joined = pd.concat([titles.scores, both.scores])
    assert not joined.duplicated(["headline_id", "scorer"]).any()
    pd.testing.assert_frame_equal(build_dataset(market, TITLES, scores=joined).features, titles.features)
