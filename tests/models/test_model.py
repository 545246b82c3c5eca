"""A forecast is a row per window, made of each network's, and refuses what it wasn't trained for."""

from dataclasses import replace

import numpy as np
import pytest

from stockseq.models.model import Model
from tests.models.model_rows import TinyMarket


def test_a_forecast_is_the_mean_of_the_seeds(market: TinyMarket, model: Model) -> None:
    """The spread of the seeds stands beside it, by the number of each seed."""
    forecasts = model.forecast(market.panel, market.samples.ends[:20])
    seeds = forecasts[["probability_up_seed_0", "probability_up_seed_1"]]
    np.testing.assert_allclose(forecasts["probability_up"], seeds.mean(axis=1), rtol=1e-12)
    assert (seeds["probability_up_seed_0"] != seeds["probability_up_seed_1"]).any()
    assert forecasts["ticker"].tolist() == ["T0"] * 20
    assert forecasts["session"].tolist() == market.samples.session[:20].tolist()


def test_the_expected_return_grows_with_the_volatility(market: TinyMarket, model: Model) -> None:
    """The head forecasts in units of volatility: twice as volatile, twice the return."""
    ends = market.samples.ends[:20]
    calm = model.forecast(market.panel, ends, volatility=np.full(20, 0.01))
    wild = model.forecast(market.panel, ends, volatility=np.full(20, 0.02))
    np.testing.assert_allclose(wild["expected_return"], 2 * calm["expected_return"], rtol=1e-12)
    assert wild["probability_up"].tolist() == calm["probability_up"].tolist()


def test_features_are_found_by_name(market: TinyMarket, model: Model) -> None:
    """A panel with its columns in another order, and more of them, gives the same forecasts."""
    panel = market.panel
    order = [2, 0, 1]
    turned = replace(
        panel,
        indicators=np.column_stack([panel.indicators[:, order], np.ones(len(panel), np.float32)]),
        names=(*(panel.names[place] for place in order), "extra"),
    )
    ends = market.samples.ends[:20]
    expected = model.forecast(panel, ends)["probability_up"].tolist()
    assert model.forecast(turned, ends)["probability_up"].tolist() == expected


def test_a_missing_feature_is_named(market: TinyMarket, model: Model) -> None:
    """A model never guesses what it was trained on."""
    lacking = replace(market.panel, names=("strength", "noise", "other"))
    with pytest.raises(ValueError, match=r"trained with the features \['more_noise'\], which the panel lacks"):
        model.forecast(lacking, market.samples.ends[:1])


def test_no_window_gives_no_forecast(market: TinyMarket, model: Model) -> None:
    """A day on which every ticker was refused is a table without rows."""
    forecasts = model.forecast(market.panel, np.array([], dtype=np.int64))
    assert len(forecasts) == 0
    assert "probability_up_seed_1" in forecasts


@pytest.mark.parametrize("volatility", [[0.01], [0.01, np.nan], [0.01, 0.0]])
def test_a_volatility_must_be_a_positive_number_per_window(
    market: TinyMarket, model: Model, volatility: list[float]
) -> None:
    """A NaN would become a NaN return in the ledger."""
    with pytest.raises(ValueError, match="`volatility` must be 2 positive, finite fractions"):
        model.forecast(market.panel, market.samples.ends[:2], volatility=volatility)


def test_the_future_does_not_move_a_forecast(market: TinyMarket, model: Model) -> None:
    """Rows after a window's end are replaced by nonsense; its forecast stays, bit for bit."""
    last = market.samples.ends[10]
    indicators = market.panel.indicators.copy()
    indicators[last + 1 :] = 1e6
    texts = tuple(("poison",) if row > last else text for row, text in enumerate(market.panel.texts))
    poisoned = replace(market.panel, indicators=indicators, texts=texts)
    ends = market.samples.ends[:11]
    expected = model.forecast(market.panel, ends)["probability_up"].tolist()
    assert model.forecast(poisoned, ends)["probability_up"].tolist() == expected
