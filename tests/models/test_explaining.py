"""What is told of a forecast holds: by hand for planted networks, and against a market without the headline."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import FoldSettings
from stockseq.dataset.panel import Panel
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.dataset.windows import Windows, build_windows
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.layers.backend import tf
from stockseq.market import MarketData
from stockseq.models.explaining import explain_forecasts, groups_read
from stockseq.models.forecaster import FittedForecaster, Forecaster
from stockseq.models.forecasting import windows_read
from stockseq.models.model import Model
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.shapley import plan_shapley
from stockseq.models.why import Why
from stockseq.schemas import Headlines
from stockseq.sources.markets import load_simulated

LOOKBACK = 4
ONE = TrainingSettings(n_seeds=1)


@pytest.fixture(scope="module")
def market() -> MarketData:
    """Five tickers; every third headline was first seen two days late, and every fifth is told by another source."""
    market = load_simulated(n_tickers=5, n_sessions=112)
    rows = market.headlines
    number = np.arange(len(rows))
    late = (rows["published_at"] + pd.Timedelta(days=2)).where(number % 3 == 0)
    rows = rows.assign(first_seen_at=late.fillna(rows["first_seen_at"]))
    again = rows[number % 5 == 0]
    again = again.assign(headline_id=again["headline_id"] + "-b", source="other")
    both = pd.concat([rows, again]).sort_values(["ticker", "published_at", "headline_id"], ignore_index=True)
    return replace(market, headlines=Headlines(both[both["published_at"] < market.now]))


@pytest.fixture(scope="module")
def data(market: MarketData) -> Dataset:
    return build_dataset(market, lookback=LOOKBACK)


@pytest.fixture(scope="module")
def fitted(data: Dataset) -> FittedForecaster:
    forecaster = Forecaster(units=2, n_seeds=2, epochs=1, batch_size=64, learning_rate=0.05, headlines_per_session=2)
    return forecaster.fit(data, folds=FoldSettings(min_train=25, validation_size=5, gap=0))


def newest(model: Model, data: Dataset) -> Windows:
    """The windows of the newest session but two, which late headlines have come in after."""
    windows = windows_read(model, data)
    return windows.on(windows.sessions[-3:-2])


@pytest.fixture(scope="module")
def explained(fitted: FittedForecaster, data: Dataset) -> tuple[Why, ...]:
    return explain_forecasts(fitted.model, data, newest(fitted.model, data))


def test_the_parts_sum_to_the_forecast_less_a_base_that_all_share(
    explained: tuple[Why, ...], fitted: FittedForecaster, data: Dataset
) -> None:
    """The forecast is the very one that is entered into the ledger."""
    forecasts = fitted.model.forecast(data.panel, newest(fitted.model, data))
    assert [why.ticker for why in explained] == forecasts["ticker"].tolist()
    assert np.abs(forecasts["probability_up"] - [why.probability_up for why in explained]).max() < 1e-9
    assert np.ptp([why.base for why in explained]) < 1e-7
    for why in explained:
        assert sum(part.contribution for part in why.parts) == pytest.approx(why.probability_up - why.base, abs=1e-9)
        assert [part.name for part in why.parts if part.kind == "group"] == [
            group.name for group in groups_read(fitted.model, data) if not group.is_news
        ]


def test_a_headline_moves_the_forecast_by_what_a_market_without_it_says(
    explained: tuple[Why, ...], fitted: FittedForecaster, market: MarketData, data: Dataset
) -> None:
    """Another path: the story's rows are taken out of the market, and everything is built and forecast anew."""
    stale = set(data.headlines.loc[data.headlines["published_session"] < data.headlines["session"], "headline_id"])
    told = [(why, part) for why in explained for part in why.parts if part.kind == "headline"]
    strongest = sorted(told, key=lambda pair: -abs(pair[1].contribution))[:1]
    late = [pair for pair in told if pair[1].name in stale][:1]
    # The first telling of a story is listed; of two at one instant, that of the source first by name.
    repeated = [pair for pair in told if pair[1].name.endswith("-b")][:1]
    assert len(late) == 1
    assert len(repeated) == 1
    for why, part in [*strongest, *late, *repeated]:
        headlines = market.headlines
        gone = headlines["headline_id"].isin([part.name, part.name.removesuffix("-b")])
        less = build_dataset(
            replace(market, headlines=Headlines(headlines[~gone].reset_index(drop=True))),
            data.inputs,
            scores=data.scores,
            stored=data.features,
        )
        windows = newest(fitted.model, less)
        without = fitted.model.forecast(less.panel, windows.where(windows.ticker == why.ticker))
        moved = why.probability_up - float(without["probability_up"].iloc[0])
        assert moved == pytest.approx(part.contribution, abs=1e-6)


def test_a_fitted_forecaster_says_why_of_the_newest_session_or_a_named_one(
    fitted: FittedForecaster, market: MarketData, explained: tuple[Why, ...]
) -> None:
    """In memory, as `forecast_next` is."""
    again = fitted.why(market, session=explained[0].session)
    assert [why.probability_up for why in again] == [why.probability_up for why in explained]
    assert again[0].parts == explained[0].parts
    with pytest.raises(ValueError, match="no forecast of 1999-01-04 to explain"):
        fitted.why(market.of(market.tickers[:1]), session="1999-01-04")


def planted(data: Dataset, function: Any, names: tuple[str, ...], **settings: int) -> Model:
    """A model whose one network says of a window what `function` makes of its inputs; indicators aren't scaled."""
    network = NetworkSettings(lookback=LOOKBACK, cross_section=False, **{"headlines_per_session": 0, **settings})

    def forward(inputs: dict[str, Any], training: bool) -> dict[str, Any]:
        assert not training
        return {"direction": function(inputs)[:, tf.newaxis]}

    scaler = Scaler((0.0,) * len(names), (1.0,) * len(names), limit=100.0)
    words = Vocabulary(tuple(f"w{number}" for number in range(9)))
    through = data.sessions[-9]
    return Model((forward,), names, scaler, words, network, ONE, through, 0.01)


def test_shapley_values_of_a_planted_network_are_those_by_hand(data: Dataset) -> None:
    """p = .5 + .01 r + .02 m + .03 r m of an RSI r and a plug-in m: the product is shared out, half to each."""
    days = pd.bdate_range("2024-01-01", periods=LOOKBACK).astype("datetime64[us]")
    keys = pd.DataFrame({"ticker": "A", "session": days, "decision_at": days.tz_localize("UTC")})
    values = np.tile(np.array([[2.0, -3.0]], dtype=np.float32), (LOOKBACK, 1))
    panel = Panel(keys, values, ("rsi_14", "moon"), ((),) * LOOKBACK)
    windows = build_windows(panel, np.full(LOOKBACK, 0.02), lookback=LOOKBACK)

    def function(inputs: dict[str, Any]) -> Any:
        rsi, moon = inputs["indicators"][:, -1, 0], inputs["indicators"][:, -1, 1]
        return 0.5 + 0.01 * rsi + 0.02 * moon + 0.03 * rsi * moon

    model = planted(data, function, ("rsi_14", "moon"))
    why = explain_forecasts(model, replace(data, panel=panel), windows)[0]
    assert why.base == pytest.approx(0.5)
    assert why.probability_up == pytest.approx(0.28)
    # .02 + half of -.18, and -.06 + half of -.18.
    assert [part.contribution for part in why.parts] == pytest.approx([-0.07, -0.15])
    assert [(part.name, part.feature, part.value) for part in why.parts] == [
        ("oscillators", "rsi_14", 2.0),
        ("moon", "moon", -3.0),
    ]


def test_a_model_that_reads_no_news_lists_no_headline(data: Dataset) -> None:
    """Nothing of what it can't read moves it, and no rest is left."""
    model = planted(data, lambda inputs: 0.5 + 0.1 * inputs["indicators"][:, -1, 0], ("return_1",))
    for why in explain_forecasts(model, data, newest(model, data)):
        assert {part.kind for part in why.parts} == {"group"}
        assert why.n_left_out == 0


def test_a_model_that_counts_words_is_moved_by_each_headline_by_its_words(data: Dataset) -> None:
    """A thousandth a word, where each session has at most as many headlines as are read: nothing else is left over."""
    model = planted(
        data,
        lambda inputs: 0.4 + 0.001 * tf.cast(tf.math.count_nonzero(inputs["text"], axis=[1, 2, 3]), tf.float32),
        ("return_1",),
        headlines_per_session=50,
    )
    n = 0
    for why in explain_forecasts(model, data, newest(model, data)):
        for part in why.parts:
            if part.kind == "headline":
                words = [word for word in part.text.replace("'", " ").replace("-", " ").split() if len(word) > 1]
                assert part.contribution == pytest.approx(0.001 * len(words), abs=1e-6)
                n += 1
            else:
                assert part.contribution == pytest.approx(0.0, abs=1e-6)
    assert n > 5


def test_headlines_beyond_those_read_are_counted_and_left_in_the_rest(data: Dataset) -> None:
    """A network that reads one headline of each session; the rest takes what their tone adds."""
    model = planted(
        data,
        lambda inputs: 0.5 + 0.1 * inputs["indicators"][:, -1, 0],
        SENTIMENT_COLUMNS,
        headlines_per_session=1,
    )
    explained = explain_forecasts(model, data, newest(model, data))
    for why in explained:
        listed = [part for part in why.parts if part.kind == "headline"]
        assert len({part.published_at.date() for part in listed}) <= len(listed) <= LOOKBACK
    assert sum(why.n_left_out for why in explained) > 0


def test_drawn_orders_sum_up_as_exact_ones_do(data: Dataset) -> None:
    """With many plug-ins there are too many coalitions; what is told still adds up."""
    model = planted(
        data, lambda inputs: 0.5 + tf.reduce_prod(inputs["indicators"][:, -1], axis=1), ("return_1", "atr_14", "rsi_14")
    )
    plan = plan_shapley(3, most_exact=0, n_permutations=2)
    for why in explain_forecasts(model, data, newest(model, data), plan=plan):
        assert sum(part.contribution for part in why.parts) == pytest.approx(why.probability_up - why.base, abs=1e-9)
