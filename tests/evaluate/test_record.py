"""Tests of the record by stretch, probability and ticker."""

import numpy as np
import pandas as pd
import pytest

from stockseq.evaluate.record import Z95, by_ticker, calibration_bins, mark_hits, rolling_accuracy


def forecasts(probabilities: list[list[float]], returns: list[list[float]]) -> pd.DataFrame:
    """Rows of `mark_hits`: one inner list a session, one column a ticker."""
    n_sessions, n_tickers = np.shape(probabilities)
    return mark_hits(
        pd.DataFrame(
            {
                "ticker": list("ABCDEFGH"[:n_tickers]) * n_sessions,
                "session": np.repeat(pd.bdate_range("2024-01-01", periods=n_sessions), n_tickers),
                "probability_up": np.ravel(probabilities),
                "realised_return": np.ravel(returns),
            }
        )
    )


def test_a_return_of_zero_and_a_probability_of_one_half_count_as_not_up() -> None:
    """The class rule of the labels: up means strictly above zero."""
    rows = forecasts([[0.5, 0.6]], [[0.0, 0.0]])
    assert rows["up"].tolist() == [False, False]
    assert rows["hit"].tolist() == [True, False]


def test_rolling_accuracy_has_the_interval_clustered_by_session() -> None:
    """By hand: 2, 1, 0 hits of 2; over two sessions m = 3/4, se^2 = 2 * (0.5^2 + 0.5^2) / 4^2 = 1/16."""
    rows = forecasts([[0.6, 0.6]] * 3, [[0.1, 0.1], [0.1, -0.1], [-0.1, -0.1]])
    frame = rolling_accuracy(rows, window=2)
    assert frame["accuracy"].tolist() == [0.75, 0.25]
    assert frame["low"].tolist() == pytest.approx([0.75 - Z95 / 4, 0.25 - Z95 / 4])
    assert frame["high"].tolist() == pytest.approx([0.75 + Z95 / 4, 0.25 + Z95 / 4])


def test_the_base_rate_is_the_more_frequent_direction_of_the_stretch() -> None:
    """By hand: 3 of 4 rise in the first stretch, 1 of 4 in the second; either way one direction is right on 3 of 4."""
    rows = forecasts([[0.6, 0.6]] * 3, [[0.1, 0.1], [0.1, -0.1], [-0.1, -0.1]])
    assert rolling_accuracy(rows, window=2)["base_rate"].tolist() == [0.75, 0.75]


def test_calibration_counts_each_forecast_once_with_its_clustered_error() -> None:
    """By hand: in the first bin one session rises and one falls, so se^2 = 2 * (0.5^2 + 0.5^2) / 2^2 = 1/4."""
    bins = calibration_bins(forecasts([[0.52, 0.58], [0.52, 0.58]], [[0.1, 0.1], [-0.1, 0.1]]))
    assert bins["low"].tolist() == pytest.approx([0.52, 0.58])
    assert bins["rose"].tolist() == [0.5, 1.0]
    assert bins["error"].tolist() == pytest.approx([Z95 / 2, 0.0])
    assert bins["n"].tolist() == [2, 2]


def test_a_bin_of_one_session_has_no_error() -> None:
    """One session says nothing of the spread between sessions."""
    assert calibration_bins(forecasts([[0.52, 0.52]], [[0.1, -0.1]]))["error"].isna().all()


def test_certain_forecasts_fall_into_the_outermost_bins() -> None:
    """A probability of exactly 1 belongs to the last bin, not to one beyond it."""
    bins = calibration_bins(forecasts([[0.0, 1.0]], [[-0.1, 0.1]]))
    assert bins[["low", "high"]].to_numpy().tolist() == [[0.0, 0.1], [0.9, 1.0]]


def test_the_record_by_ticker_puts_the_most_accurate_first() -> None:
    """By hand: A is right on 1 of 2 and B on 2 of 2; B rises both times."""
    table = by_ticker(forecasts([[0.6, 0.6], [0.6, 0.6]], [[0.1, 0.1], [-0.1, 0.1]]))
    assert table["ticker"].tolist() == ["B", "A"]
    assert table["accuracy"].tolist() == [1.0, 0.5]
    assert table["base_rate"].tolist() == [1.0, 0.5]
