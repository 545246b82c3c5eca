"""A forecaster is settings and an executor; what it is fitted on decides the rest."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from stockseq.dataset.folds import FoldSettings
from stockseq.errors import SettingsError, TooFewSessions
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import TrainingSettings
from tests.models.model_rows import FAST, SMALL, TinyMarket

ONE = TrainingSettings(n_seeds=1, epochs=1)


def test_single_options_change_the_settings_that_were_given() -> None:
    """Those of the network and of the training by one list of names; what is no option is refused."""
    forecaster = Forecaster(SMALL, FAST, units=2, n_seeds=3)
    assert forecaster.network == SMALL.model_copy(update={"units": 2})
    assert forecaster.training == FAST.model_copy(update={"n_seeds": 3})
    assert repr(Forecaster(units=2, seed=7)) == "Forecaster(units=2, seed=7)"
    assert Forecaster() == Forecaster()
    with pytest.raises(SettingsError, match="no option `epoch`; did you mean `epochs`"):
        Forecaster(epoch=3)  # type: ignore[call-arg]


def test_another_number_of_seeds_changes_nothing_else() -> None:
    """A placebo is fitted where its run is."""
    with ThreadPoolExecutor(1) as pool:
        forecaster = Forecaster(SMALL, FAST, executor=pool)
        fewer = forecaster.with_seeds(1)
    assert (fewer.network, fewer.executor, fewer.progress) == (SMALL, pool, forecaster.progress)
    assert fewer.training == FAST.model_copy(update={"n_seeds": 1})


def test_it_is_fitted_up_to_the_gap_before_the_session_to_come(market: TinyMarket) -> None:
    """By hand: five sessions up to the 24th are purged. The lookback is the dataset's, or windows would be torn."""
    forecaster = Forecaster(SMALL, ONE, lookback=9)  # type: ignore[call-arg]
    fitted = forecaster.fit(market.data, folds=FoldSettings(min_train=60, validation_size=20))
    assert fitted.model.network.lookback == fitted.inputs.lookback == 3
    assert fitted.model.trained_through == pd.Timestamp("2024-06-14")
    assert repr(fitted) == "FittedForecaster(1 network, trained through 2024-06-14)"


def test_too_few_sessions_to_fit_say_where_they_went(market: TinyMarket) -> None:
    """By default 500 sessions are asked for."""
    with pytest.raises(TooFewSessions, match=r"Training needs 500 sessions .* Of 120 sessions with bars 118 are left"):
        Forecaster(SMALL, ONE).fit(market.data)
