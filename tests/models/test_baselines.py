"""The baselines know little, and what they know is worked out by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from model_rows import TinyMarket

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.errors import TooFewSessions
from stockseq.models.baselines import forecast_baseline, forecast_baselines
from stockseq.schemas import Labels


def rows(momentum: list[float], returns: list[float]) -> tuple[Panel, Samples]:
    """Return one ticker's panel and samples of one row each."""
    sessions = pd.bdate_range("2024-01-01", periods=len(momentum)).astype("datetime64[us]")
    decided = (sessions + pd.Timedelta(hours=14)).tz_localize("UTC")
    keys = pd.DataFrame({"ticker": pd.Series(["A"] * len(momentum), dtype="str"), "session": sessions})
    keys["decision_at"] = decided
    panel = Panel(keys, np.array(momentum, np.float32)[:, None], ("momentum_60_5",), ((),) * len(momentum))
    labels = keys.assign(exit_at=decided, realised_return=returns, volatility=0.01)
    return panel, build_samples(panel, Labels(labels), lookback=1)


def split(samples: Samples, n_train: int) -> tuple[Samples, Samples]:
    sessions = pd.DatetimeIndex(samples.session)
    return samples.on(sessions[:n_train]), samples.on(sessions[n_train:])


def test_the_majority_forecasts_the_share_of_up() -> None:
    """3 of 4 went up, by 1 % on average: p = .75, expected (2 x .75 - 1) x 1 % = .5 %."""
    panel, samples = rows([0, 0, 0, 0, 0], [0.01, 0.01, 0.01, -0.01, -0.01])
    forecasts = forecast_baseline("majority", panel, *split(samples, 4))
    assert forecasts["probability_up"].tolist() == [0.75]
    assert forecasts["expected_return"].tolist() == pytest.approx([0.005])


def test_momentum_is_believed_as_often_as_it_was_right() -> None:
    """Right 3 times of 4 in training: .75 for a rise, .25 for a fall."""
    panel, samples = rows([1, 1, -1, -1, 1, -1], [0.01, 0.01, -0.01, 0.01, 0.01, 0.01])
    forecasts = forecast_baseline("momentum", panel, *split(samples, 4))
    assert forecasts["probability_up"].tolist() == [0.75, 0.25]


def test_momentum_that_was_wrong_is_not_turned_round() -> None:
    """Turned round it would be reversal, which is another baseline."""
    panel, samples = rows([1, 1, -1, 1], [-0.01, -0.01, 0.01, 0.01])
    assert forecast_baseline("momentum", panel, *split(samples, 3))["probability_up"].round(5).tolist() == [0.5]


def test_logistic_regression_finds_a_planted_effect(market: TinyMarket) -> None:
    """It reads the indicator but not the news: right more often than the base rate, less than the network."""
    train, test = market.samples.on(market.train), market.samples.on(market.test)
    forecasts = forecast_baselines(market.panel, train, test)
    assert sorted(forecasts) == ["logistic", "majority"]
    right = ((forecasts["logistic"]["probability_up"] > 0.5).to_numpy() == test.up).mean()
    assert max(test.up.mean(), 1 - test.up.mean()) < right < 0.9


def test_logistic_regression_on_one_class_is_the_majority(market: TinyMarket) -> None:
    """There is nothing to regress; the share of up is all that is known."""
    train = market.samples.on(market.train)
    train = replace(train, up=np.ones(len(train), dtype=bool))
    forecasts = forecast_baseline("logistic", market.panel, train, market.samples.on(market.test))
    assert (forecasts["probability_up"] == 1 - 1e-6).all()


def test_a_baseline_without_training_samples_is_refused(market: TinyMarket, no_sessions: pd.DatetimeIndex) -> None:
    """A mean of nothing is no number."""
    with pytest.raises(TooFewSessions, match="A baseline needs training samples"):
        forecast_baseline("majority", market.panel, market.samples.on(no_sessions), market.samples)


def test_an_unknown_baseline_or_feature_is_named(market: TinyMarket) -> None:
    """The message lists what there is."""
    with pytest.raises(ValueError, match="A baseline is one of majority, momentum, logistic, received 'oracle'"):
        forecast_baseline("oracle", market.panel, market.samples, market.samples)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Momentum follows the feature 'momentum_60_5', which the panel lacks"):
        forecast_baseline("momentum", market.panel, market.samples, market.samples)
