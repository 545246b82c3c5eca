"""A forecast is a row per window, made of each network's, and refuses what it wasn't trained for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.dataset.windows import window_rows
from stockseq.models.model import Model
from tests.models.model_rows import SMALL, VOLATILITY, TinyMarket, first


def test_a_forecast_is_the_mean_of_the_seeds(market: TinyMarket, model: Model) -> None:
    """The spread of the seeds stands beside it, by the number of each seed."""
    forecasts = model.forecast(market.panel, first(market.samples, 20))
    seeds = forecasts[["probability_up_seed_0", "probability_up_seed_1"]]
    np.testing.assert_allclose(forecasts["probability_up"], seeds.mean(axis=1), rtol=1e-12)
    assert (seeds["probability_up_seed_0"] != seeds["probability_up_seed_1"]).any()
    assert forecasts["ticker"].tolist() == ["T0"] * 20
    assert forecasts["session"].tolist() == market.samples.session[:20].tolist()


def test_the_expected_return_grows_with_the_volatility(market: TinyMarket, model: Model) -> None:
    """The heads forecast in units of volatility: half as volatile, half the log return and half the size."""
    wild = first(market.samples, 20)
    calm = replace(wild, volatility=np.full(20, VOLATILITY / 2))
    more, less = (model.forecast(market.panel, windows) for windows in (wild, calm))
    for column in ("expected_return", "low_80", "high_80", "low_95", "high_95"):
        np.testing.assert_allclose(np.log1p(more[column]), 2 * np.log1p(less[column]), rtol=1e-9)
    np.testing.assert_allclose(more["sigma"], 2 * less["sigma"], rtol=1e-12)
    assert more["probability_up"].tolist() == less["probability_up"].tolist()


def test_features_are_found_by_name(market: TinyMarket, model: Model) -> None:
    """A panel with its columns in another order, and more of them, gives the same forecasts."""
    panel = market.panel
    order = [2, 0, 1]
    turned = replace(
        panel,
        indicators=np.column_stack([panel.indicators[:, order], np.ones(len(panel), np.float32)]),
        names=(*(panel.names[column] for column in order), "extra"),
    )
    windows = first(market.samples, 20)
    expected = model.forecast(panel, windows)["probability_up"].tolist()
    assert model.forecast(turned, windows)["probability_up"].tolist() == expected


def test_a_missing_feature_is_named(market: TinyMarket, model: Model) -> None:
    """A model never guesses what it was trained on."""
    lacking = replace(market.panel, names=("strength", "noise", "other"))
    with pytest.raises(ValueError, match=r"trained with the features \['more_noise'\], which the panel lacks"):
        model.forecast(lacking, first(market.samples, 1))


def test_no_window_gives_no_forecast(market: TinyMarket, model: Model) -> None:
    """A day on which every ticker was refused is a table without rows."""
    forecasts = model.forecast(market.panel, first(market.samples, 0))
    assert len(forecasts) == 0
    assert "probability_up_seed_1" in forecasts


@pytest.mark.parametrize("volatility", [np.nan, np.inf, 0.0, -0.01])
def test_a_volatility_must_be_a_positive_number(market: TinyMarket, model: Model, volatility: float) -> None:
    """A NaN would become a NaN return in the ledger."""
    windows = replace(first(market.samples, 2), volatility=np.array([0.01, volatility]))
    with pytest.raises(ValueError, match="must be a positive, finite fraction; 1 of 2 are not"):
        model.forecast(market.panel, windows)


def test_the_future_does_not_move_a_forecast(market: TinyMarket, model: Model) -> None:
    """Rows after a window's end are replaced by nonsense; its forecast stays, bit for bit."""
    windows = first(market.samples, 11)
    last = windows.ends[-1]
    indicators = market.panel.indicators.copy()
    indicators[last + 1 :] = np.nan
    texts = tuple(("poison",) if row > last else text for row, text in enumerate(market.panel.texts))
    poisoned = replace(market.panel, indicators=indicators, texts=texts)
    expected = model.forecast(market.panel, windows)["probability_up"].tolist()
    assert model.forecast(poisoned, windows)["probability_up"].tolist() == expected


def test_a_forecast_of_one_session_scales_and_encodes_the_rows_of_its_windows_alone(
    market: TinyMarket, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six tickers of three rows each, whatever history lies before them: no other row is even looked at."""
    windows = market.samples.on(market.fold.test[-1:])
    expected = model.forecast(market.panel, windows)
    read = np.isin(np.arange(len(market.panel)), window_rows(windows.ends, SMALL.lookback))
    indicators = np.where(read[:, None], market.panel.indicators, np.nan)
    # No text at all: whoever analyses it fails.
    texts: Any = tuple(text if inside else (None,) for inside, text in zip(read, market.panel.texts, strict=True))
    poisoned = replace(market.panel, indicators=indicators, texts=texts)
    encoded: list[Sequence[str]] = []
    scaled: list[int] = []
    encode, transform = Vocabulary.encode, Scaler.transform

    def count_texts(self: Vocabulary, texts: Sequence[Sequence[str]], *sizes: int) -> npt.NDArray[np.int32]:
        encoded.extend(texts)
        return encode(self, texts, *sizes)

    def count_rows(self: Scaler, matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        scaled.append(len(matrix))
        return transform(self, matrix)

    monkeypatch.setattr(Vocabulary, "encode", count_texts)
    monkeypatch.setattr(Scaler, "transform", count_rows)
    forecasts = model.forecast(poisoned, windows)
    assert len(windows) == 6
    assert encoded == [text for inside, text in zip(read, market.panel.texts, strict=True) if inside]
    assert (len(encoded), scaled) == (18, [18])
    assert forecasts.equals(expected)
