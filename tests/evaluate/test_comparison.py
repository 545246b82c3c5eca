"""Two models are compared on the same rows, with sessions as clusters."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from stockseq.errors import DataError
from stockseq.evaluate.comparison import compare_forecasts
from tests.evaluate.evaluate_vectors import normals

N_SESSIONS, N_TICKERS = 50, 8
RETURNS = 0.01 * normals(400, 71)


def forecasts(skill: float, seed: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session": np.repeat(pd.bdate_range("2024-01-01", periods=N_SESSIONS), N_TICKERS),
            "ticker": [f"T{i}" for i in range(N_TICKERS)] * N_SESSIONS,
            "probability_up": 1 / (1 + np.exp(-0.5 * (skill * np.sign(RETURNS) + normals(400, seed)))),
            "realised_return": RETURNS,
        }
    )


def test_it_equals_a_clustered_regression_of_the_differences() -> None:
    """statsmodels 0.15.0, OLS on a constant with the sessions as clusters."""
    a, b = forecasts(0.3, 72), forecasts(0.1, 73)
    compared = compare_forecasts(a, b)
    up = RETURNS > 0
    loss = [-np.log(np.where(up, f["probability_up"], 1 - f["probability_up"])) for f in (a, b)]
    fitted = sm.OLS(loss[0] - loss[1], np.ones(400)).fit(
        cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(N_SESSIONS), N_TICKERS)}, use_t=True
    )
    ours = compared["log_loss"]
    assert [ours[key] for key in ("difference", "standard_error", "z", "p")] == pytest.approx(
        [fitted.params[0], fitted.bse[0], fitted.tvalues[0], fitted.pvalues[0]], rel=1e-8
    )


def test_the_better_model_has_the_smaller_loss() -> None:
    """Differences are a less b: a better a has a positive accuracy and negative losses; turned round, the reverse."""
    a, b = forecasts(2.0, 72), forecasts(0.0, 73)
    one, other = compare_forecasts(a, b), compare_forecasts(b, a)
    assert one["accuracy"]["z"] > 3
    assert one["brier"]["z"] < -3
    assert one["log_loss"]["z"] < -3
    assert one["log_loss"]["z"] == pytest.approx(-other["log_loss"]["z"])


def test_equal_models_have_no_z() -> None:
    """No difference in any session is no evidence; None with a note, and JSON takes it."""
    compared = compare_forecasts(forecasts(1.0, 72), forecasts(1.0, 72))
    assert compared["accuracy"]["difference"] == 0
    assert compared["accuracy"]["z"] is compared["log_loss"]["z"] is None
    assert len(compared["notes"]) == 3
    json.dumps(compared, allow_nan=False)


def test_only_shared_forecasts_count() -> None:
    """A model must not win by leaving out the hard rows; what is left out is counted."""
    a, b = forecasts(1.0, 72), forecasts(0.0, 73)
    compared = compare_forecasts(a.iloc[:-5], b.iloc[3:])
    assert compared["n"] == 392
    assert compared["n_left_out"] == 8


def test_what_can_not_be_compared_is_a_sentence() -> None:
    """No common session, and outcomes of two vintages."""
    a = forecasts(1.0, 72)
    with pytest.raises(DataError, match="share 0"):
        compare_forecasts(a.iloc[:200], a.iloc[200:])
    with pytest.raises(DataError, match="400 of 400 differ, first T0 on 2024-01-01"):
        compare_forecasts(a, a.assign(realised_return=a["realised_return"] + 1e-4))
