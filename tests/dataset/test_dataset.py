"""The dataset is built once from one vintage, and says what was left out on the way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import stockseq.dataset.dataset
import stockseq.dataset.labels
from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import FoldSettings, cut_folds
from stockseq.errors import TooFewSessions
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.market import MarketData
from stockseq.prices import volatility_path
from stockseq.schemas import Bars, Headlines
from stockseq.sources.simulated import SimulatedMarket

# 80 sessions, and the 81st that is decided and not traded yet. BELDANE pays no dividend in them and never splits.
N_SESSIONS, TICKERS = 80, 3
INPUTS = Inputs(lookback=3)


@pytest.fixture(scope="module")
def market() -> MarketData:
    simulated = SimulatedMarket(n_sessions=N_SESSIONS, n_tickers=TICKERS)
    now = simulated.calendar.opens_at(simulated.sessions[-1])
    return MarketData(simulated.bars, simulated.actions, simulated.headlines, simulated.calendar, now)


@pytest.fixture(scope="module")
def data(market: MarketData) -> Dataset:
    return build_dataset(market, INPUTS)


def test_volatility_is_computed_once_and_is_the_same_on_windows_and_labels(
    market: MarketData, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that was scaled by another volatility than its forecast would be turned into another return."""
    asked: list[int] = []

    def path(*tables: pd.DataFrame) -> pd.DataFrame:
        asked.append(len(tables[0]))
        return volatility_path(*tables)

    for module in (stockseq.dataset.dataset, stockseq.dataset.labels):
        monkeypatch.setattr(module, "volatility_path", path)
    again = build_dataset(market, INPUTS, scores=data.scores, stored=data.features)
    assert asked == [N_SESSIONS * TICKERS]
    windows = pd.DataFrame({name: getattr(again.windows, name) for name in ("ticker", "session", "volatility")})
    both = windows.merge(again.labels, on=["ticker", "session"], suffixes=("", "_of_label"))
    assert len(both) == len(again.samples)
    assert both["volatility"].tolist() == both["volatility_of_label"].tolist() == again.samples.volatility.tolist()


def test_the_session_to_come_has_windows_with_the_volatility_of_all_closes_before_it(data: Dataset) -> None:
    """By numpy 2.4: 79 squared returns of BELDANE, the newest weighing 1 and each older one .94 of the next."""
    to_come = data.windows.sessions[-1]
    assert to_come == data.market.calendar.next_session(data.market.bars["session"].max())
    assert data.sessions[-1] == data.market.bars["session"].max()
    last = data.windows.on(pd.DatetimeIndex([to_come]))
    assert last.ticker.tolist() == list(data.market.tickers)
    closes = data.market.of(["BELDANE"]).bars["close"].to_numpy()
    squared = (closes[1:] / closes[:-1] - 1) ** 2
    by_hand = np.sqrt(np.average(squared, weights=0.94 ** np.arange(N_SESSIONS - 1)[::-1]))
    assert last.volatility[1] == pytest.approx(by_hand, rel=1e-12)


def test_coverage_counts_what_the_samples_stand_on(data: Dataset) -> None:
    """By hand: of 80 sessions 60 warm the features up and the windows of 3 rows end from the third row after on."""
    assert (data.coverage.sessions, data.coverage.bars, data.coverage.tickers) == (17, 240, 3)
    assert data.coverage.headlines == len(data.market.headlines)
    with_news = [text for text in data.panel.texts if text]
    assert data.coverage.share_with_news == len(with_news) / len(data.panel)
    assert repr(data).startswith("Dataset(51 samples of 3 tickers, 17 sessions from 2018-04-04 to 2018-04-26, ")


def test_what_was_scored_and_built_before_is_taken_as_it_is(market: MarketData, data: Dataset) -> None:
    """The second morning scores the night's headlines alone."""

    class Scored:
        name = INPUTS.scorer.name

        def score(self, text: str) -> tuple[float, float, float, float]:
            raise AssertionError(text)

    again = build_dataset(market, replace(INPUTS, scorer=Scored()), scores=data.scores, stored=data.features)
    pd.testing.assert_frame_equal(again.features, data.features)
    assert again.samples.realised_return.tolist() == data.samples.realised_return.tolist()


def test_a_market_without_headlines_has_samples_of_prices_alone(market: MarketData) -> None:
    """Many a user has prices and no news: the columns stay, and say that there is none."""
    silent = build_dataset(replace(market, headlines=Headlines(market.headlines.iloc[:0])), INPUTS)
    assert (silent.coverage.headlines, silent.coverage.share_with_news) == (0, 0.0)
    assert silent.panel.names == INPUTS.names
    assert set(silent.panel.indicators[:, silent.panel.names.index("no_news")]) == {1.0}
    assert len(silent.samples) == 51


def test_headlines_that_the_network_does_not_read_are_counted(market: MarketData, data: Dataset) -> None:
    """Of each session's headlines the newest one is read here; with room for eight none is left out."""
    inputs = replace(INPUTS, headlines_per_session=1)
    fewer = build_dataset(market, inputs, scores=data.scores, stored=data.features)
    n_unread = [d.n_rows for d in fewer.dropped if d.stage == "text"]
    assert n_unread == [sum(len(texts) - 1 for texts in data.panel.texts if texts)]
    assert [d for d in data.dropped if d.stage == "text"] == []


def test_a_dataset_without_samples_says_what_a_sample_needs(market: MarketData, data: Dataset) -> None:
    """40 bars of a ticker are less than its features warm up on."""
    short = replace(market, bars=Bars(market.bars.groupby("ticker").head(40).reset_index(drop=True)))
    empty = build_dataset(short, INPUTS, scores=data.scores)
    assert repr(empty) == "Dataset(no samples)"
    assert (len(empty.windows), len(empty.samples), empty.coverage.share_with_news) == (0, 0, 0.0)
    with pytest.raises(TooFewSessions) as refused:
        empty.require_samples()
    assert str(refused.value) == (
        "No sample could be built of 120 bars of 3 tickers: of each, 60 sessions warm the indicators up and 3 fill the "
        "first window. Ingest a longer history."
    )
    assert data.require_samples() is data


def test_too_few_sessions_to_fold_say_where_the_others_went(data: Dataset) -> None:
    """17 of 80 alone would look like lost data."""
    with pytest.raises(TooFewSessions) as refused, data.explain_sessions():
        cut_folds(data.sessions, FoldSettings(min_train=900))
    assert str(refused.value) == (
        "Walk-forward needs more than 905 sessions (900 to train, 5 purged), received 17. Ingest a longer history or "
        "lower `min_train`. Of 80 sessions with bars 17 are left for that: 60 sessions warm the indicators up and 3 "
        "fill the first window."
    )


def test_the_features_of_the_inputs_are_the_columns_of_the_panel(data: Dataset) -> None:
    """Layers are checked by these names before a panel is there."""
    assert INPUTS.names == data.panel.names
    assert (INPUTS.horizon, replace(INPUTS, label="open_to_next_open").horizon) == (0, 1)


def test_features_stored_before_are_taken_and_not_computed_again(market: MarketData, data: Dataset) -> None:
    """A value changed by hand in the stored rows, whose inputs are as they were, comes back."""
    stored = data.features.assign(return_1=0.125)
    again = build_dataset(market, INPUTS, scores=data.scores, stored=stored)
    assert set(again.features["return_1"]) == {0.125}


def test_only_scores_of_its_scorer_and_of_its_headlines_are_taken(market: MarketData, data: Dataset) -> None:
    """The store holds what other scorers gave, and headlines of other tickers."""
    foreign = data.scores.assign(scorer="another", compound=1.0)
    unknown = data.scores.iloc[:1].assign(headline_id="of another market")
    scores = pd.concat([foreign, unknown, data.scores])
    again = build_dataset(market, INPUTS, scores=scores, stored=data.features)
    pd.testing.assert_frame_equal(again.scores, data.scores)


def test_each_input_reaches_its_stage(market: MarketData, data: Dataset) -> None:
    """By hand: two features, windows of 5 rows, and the next open after the open as the trade."""
    two = build_dataset(market, INPUTS, scores=data.scores, lookback=5, features=INPUTS.features[:2])
    assert two.panel.names == (*(feature.name for feature in INPUTS.features[:2]), *SENTIMENT_COLUMNS)
    assert two.inputs.lookback == 5
    following = build_dataset(market, INPUTS, scores=data.scores, stored=data.features, label="open_to_next_open")
    opens = market.of(["BELDANE"]).bars["open"].to_numpy()
    realised = following.samples.realised_return[following.samples.ticker == "BELDANE"]
    assert realised[-1] == pytest.approx(opens[-1] / opens[-2] - 1, rel=1e-12)
    longer = build_dataset(market, INPUTS, scores=data.scores, stored=data.features, label="open_to_open( 4 )")
    assert (longer.inputs.label, longer.inputs.horizon) == ("open_to_open(4)", 4)
    realised = longer.samples.realised_return[longer.samples.ticker == "BELDANE"]
    assert realised[-1] == pytest.approx(opens[-1] / opens[-5] - 1, rel=1e-12)
    # Over four sessions a price moves twice as far as over one; windows without a label know it too.
    np.testing.assert_allclose(longer.windows.volatility, 2 * data.windows.volatility, rtol=1e-15)
    late = build_dataset(market, INPUTS, scores=data.scores, latency=pd.Timedelta(days=30))
    backfilled = late.headlines["first_seen_at"].isna()
    waited = late.headlines["available_at"] - late.headlines["published_at"]
    assert (waited[backfilled & ~late.headlines["date_only"]] == pd.Timedelta(days=30)).all()


def test_a_spliced_series_is_named_among_the_jumps(market: MarketData, data: Dataset) -> None:
    """All prices of BELDANE from its 41st session on times 3, as if another share went on under its name."""
    bars, before = market.bars.copy(), market.of(["BELDANE"]).bars
    session, closes = before["session"].iloc[40], before["close"].to_numpy()
    spliced = (bars["ticker"] == "BELDANE") & (bars["session"] >= session)
    bars.loc[spliced, ["open", "high", "low", "close"]] *= 3
    found = build_dataset(replace(market, bars=Bars(bars)), INPUTS, scores=data.scores).jumps
    assert found[["ticker", "session"]].to_numpy().tolist() == [["BELDANE", session]]
    assert found["move"].item() == pytest.approx(3 * closes[40] / closes[39] - 1, rel=1e-12)
    assert data.jumps.empty
