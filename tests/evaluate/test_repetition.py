"""A forecast that repeats the last value is called that, and no other is."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from stockseq.dataset.labels import compute_labels
from stockseq.errors import DataError
from stockseq.evaluate.repetition import find_repetition, last_realised_returns
from stockseq.sources.simulated import SimulatedMarket


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket(n_sessions=300, n_tickers=8, seed=100)


@pytest.fixture(scope="module")
def labels(market: SimulatedMarket) -> pd.DataFrame:
    return compute_labels(market.bars, market.actions, calendar=market.calendar)


@pytest.fixture
def optimum(market: SimulatedMarket, labels: pd.DataFrame) -> pd.DataFrame:
    """The best possible forecast of every session that has a label."""
    columns = ["ticker", "session", "decision_at", "expected_return"]
    return market.truth[columns].merge(labels[["ticker", "session"]], on=["ticker", "session"])


def test_the_copy_of_the_last_return_is_called_out(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """The curve looks like the market's, one session late."""
    copied = optimum.assign(expected_return=last_realised_returns(optimum, labels)).dropna()
    found = find_repetition(copied, labels)
    assert (found.repeats, found.share) == ("last", pytest.approx(1.0))


def test_the_copy_of_its_sign_is_called_out(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """The persistence baseline; by hand about 3/4, the squared correlation of a sign with uniform ranks."""
    sign = np.sign(last_realised_returns(optimum, labels)) * 0.003
    found = find_repetition(optimum.assign(expected_return=sign).dropna(), labels)
    assert found.repeats == "last"
    assert found.share == pytest.approx(0.75, abs=0.02)


def test_the_copy_turned_round_is_called_out_as_such(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Reversal of one session is a copy as well."""
    turned = optimum.assign(expected_return=-last_realised_returns(optimum, labels)).dropna()
    assert find_repetition(turned, labels).repeats == "reversed"


def test_the_best_possible_forecast_is_no_copy(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """It may lean on the last return, as far as that tells something; it is not that."""
    found = find_repetition(optimum, labels)
    assert found.repeats is None
    assert found.share < 0.1
    assert found.n_tickers == 8


def test_the_correlation_is_that_of_scipy_on_the_median_ticker(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """scipy.stats.spearmanr, ticker by ticker."""
    rows = optimum.assign(last=last_realised_returns(optimum, labels)).dropna()
    by_ticker = [spearmanr(own["expected_return"], own["last"]).statistic for _, own in rows.groupby("ticker")]
    assert find_repetition(optimum, labels).correlation == pytest.approx(np.median(by_ticker))


def test_a_trade_that_ends_at_the_decision_is_not_known() -> None:
    """Its outcome could not be read before the order; and the other ticker's never counts."""
    at = pd.Timestamp("2024-11-26 14:30", tz="UTC")
    labels = pd.DataFrame(
        {
            "ticker": ["A", "A", "B"],
            "exit_at": [at - pd.Timedelta(days=1), at, at - pd.Timedelta(hours=1)],
            "realised_return": [0.01, 0.02, 0.03],
        }
    )
    forecasts = pd.DataFrame({"ticker": ["B", "A"], "decision_at": at}, index=[7, 3])
    assert last_realised_returns(forecasts, labels).to_dict() == {7: 0.03, 3: 0.01}


def test_constant_and_short_forecasts_are_not_judged_but_counted(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """None and a sentence, never a NaN."""
    constant = find_repetition(optimum.assign(expected_return=0.001), labels)
    assert (constant.repeats, constant.n_tickers, constant.n_tickers_left_out) == (None, 0, 8)
    assert constant.note.startswith("No ticker has 20 sessions")
    assert find_repetition(optimum.groupby("ticker").head(19), labels).n_tickers == 0
    json.dumps(constant.to_dict(), allow_nan=False)


def test_forecasts_of_no_return_are_refused(optimum: pd.DataFrame, labels: pd.DataFrame) -> None:
    """The gate is about the expected return."""
    with pytest.raises(DataError, match=r"needs the columns \['expected_return'\]"):
        find_repetition(optimum.drop(columns="expected_return"), labels)
