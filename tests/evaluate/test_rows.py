"""What the scores of columns refuse, each in a sentence, before numpy can warn or pair the wrong rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.sharpe import deflated_sharpe
from stockseq.evaluate.bootstrap import block_length, bootstrap_interval
from stockseq.evaluate.direction import (
    accuracy,
    accuracy_by_chance,
    area_under_curve,
    balanced_accuracy,
    matthews_correlation,
)
from stockseq.evaluate.pesaran_timmermann import (
    pesaran_timmermann,
    pesaran_timmermann_clustered,
    pesaran_timmermann_serial,
)
from stockseq.evaluate.probability import (
    brier_losses,
    calibration,
    decompose_brier,
    expected_calibration_error,
    log_loss,
    log_losses,
)
from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.significance import (
    clustered_interval,
    clustered_mean,
    diebold_mariano,
    newey_west_mean,
)

UP = np.array([True, False, True, False])
DAYS = np.array([1, 1, 2, 2])
P = np.array([0.6, 0.4, 0.3, 0.5])

DIRECTIONS: list[Callable[..., Any]] = [
    accuracy,
    accuracy_by_chance,
    balanced_accuracy,
    matthews_correlation,
    pesaran_timmermann,
    lambda up, forecast_up: pesaran_timmermann_clustered(up, forecast_up, np.arange(len(up))),
    lambda up, forecast_up: pesaran_timmermann_serial(up, forecast_up, np.arange(len(up)), np.arange(len(up))),
]
PROBABILITIES: list[Callable[..., Any]] = [
    brier_losses,
    log_loss,
    log_losses,
    calibration,
    expected_calibration_error,
    decompose_brier,
]
MEANS: list[Callable[..., Any]] = [
    newey_west_mean,
    diebold_mariano,
    block_length,
    lambda values: clustered_mean(values, np.arange(len(values))),
    lambda values: clustered_interval(values, np.arange(len(values))),
    lambda values: bootstrap_interval(values, np.arange(len(values)), seed=1),
    lambda values: deflated_sharpe(values, n_trials=1),
    lambda values: area_under_curve(np.arange(len(values)) > 1, values),
]


@pytest.mark.parametrize("score", DIRECTIONS)
def test_directions_must_match_row_by_row(score: Callable[..., Any]) -> None:
    """Numbers for flags negate to -1 and -2, unequal lengths broadcast, and no row has no mean."""
    with pytest.raises(TypeError, match=r"`up` must be true or false in every row, received an array .* dtype int64"):
        score(UP.astype(int), UP)
    with pytest.raises(ValueError, match="received 4 of `up`, 1 of `forecast_up`"):
        score(UP, UP[:1])
    with pytest.raises(ValueError, match="at least one row"):
        score(UP[:0], UP[:0])
    with pytest.raises(TypeError, match=r"received a Series; of a Series, pass `\.to_numpy\(\)`"):
        score(UP, pd.Series(UP, index=[3, 2, 1, 0]))


@pytest.mark.parametrize("score", PROBABILITIES)
def test_probabilities_must_be_such(score: Callable[..., Any]) -> None:
    """A percentage, a NaN, or text that reads like a number."""
    with pytest.raises(ValueError, match=r"`probability` must lie in \[0, 1\], received 60.0 in row 0"):
        score(UP, 100 * P)
    with pytest.raises(ValueError, match="`probability` must be finite, received nan in row 2"):
        score(UP, np.where(P == 0.3, np.nan, P))
    with pytest.raises(TypeError, match=r"`probability` must be numbers, received an array .* dtype object"):
        score(UP, P.astype(str).astype(object))
    with pytest.raises(ValueError, match="received 4 of `up`, 3 of `probability`"):
        score(UP, P[:3])


@pytest.mark.parametrize("score", MEANS)
def test_means_need_finite_numbers(score: Callable[..., Any]) -> None:
    """An infinite return would make every figure infinite or NaN."""
    with pytest.raises(ValueError, match="must be finite, received inf in row 1"):
        score(np.array([1.0, np.inf, 2.0, 0.0]))
    with pytest.raises(ValueError, match="at least one row"):
        score(np.array([]))
    with pytest.raises(TypeError, match="must be numbers"):
        score(np.array([1.0, None, 2.0, 0.0], dtype=object))


def test_sessions_must_be_present() -> None:
    """A missing session would be a cluster of its own, or none."""
    missing = np.array(["2024-01-02", "NaT", "2024-01-03", "2024-01-03"], dtype="datetime64[ns]")
    with pytest.raises(ValueError, match="`sessions` must be present, received NaT in row 1"):
        clustered_mean(P, missing)
    with pytest.raises(ValueError, match="received 4 of `values`, 3 of `sessions`"):
        clustered_mean(P, DAYS[:3])


def test_options_out_of_range_are_a_sentence() -> None:
    """Each would give a plausible number."""
    with pytest.raises(ValueError, match="`level` must be a fraction between 0 and 1, received 95"):
        clustered_interval(P, DAYS, level=95)
    with pytest.raises(ValueError, match="`lag` must be at least 0 sessions, received -1"):
        newey_west_mean(P, lag=-1)
    for options in ({"level": 1.0}, {"n_resamples": 0}, {"block": 0}):
        with pytest.raises(ValueError, match="A bootstrap needs"):
            bootstrap_interval(P, DAYS, seed=1, **options)


def test_good_rows_pass() -> None:
    """Integers and floats are numbers; sessions and tickers may be of any kind."""
    require_rows(flags={"up": UP}, numbers={"days": DAYS}, probabilities={"p": P}, labels={"who": UP.astype(str)})
