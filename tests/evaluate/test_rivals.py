"""The model beside all its baselines: corrected for their number, and never a NaN."""

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from stockseq.evaluate.rivals import compare_with_best, compare_with_rivals


def forecasts(skill: float, *, seed: int, n_sessions: int = 120) -> pd.DataFrame:
    """Forecasts of 10 tickers that see `skill` of one set of outcomes."""
    outcomes = np.random.default_rng(1).standard_normal((n_sessions, 10))
    noise = np.random.default_rng(seed).standard_normal((n_sessions, 10))
    sessions = pd.bdate_range("2024-01-01", periods=n_sessions)
    return pd.DataFrame(
        {
            "session": np.repeat(sessions, 10),
            "ticker": np.tile([f"T{place}" for place in range(10)], n_sessions),
            "probability_up": 1 / (1 + np.exp(-(skill * outcomes + 0.2 * noise).ravel())),
            "realised_return": 0.01 * outcomes.ravel(),
        }
    )


def test_p_is_corrected_for_the_number_of_rivals_as_by_statsmodels() -> None:
    """Holm's correction of each measure's own family."""
    rivals = {"blind": forecasts(0.0, seed=2), "near": forecasts(0.18, seed=3), "better": forecasts(0.6, seed=4)}
    compared = compare_with_rivals(forecasts(0.2, seed=5), rivals)
    for measure in ("accuracy", "log_loss"):
        plain = [compared[name][measure]["p"] for name in rivals]
        corrected = [compared[name][measure]["p_holm"] for name in rivals]
        assert corrected == pytest.approx(multipletests(plain, method="holm")[1])
    assert compared["blind"]["accuracy"]["difference"] > 0 > compared["better"]["accuracy"]["difference"]


def test_all_together_the_better_one_is_found_and_the_worse_one_beaten() -> None:
    """Some baseline is better; against blind ones alone the model is."""
    own = forecasts(0.3, seed=5)
    blind, better = forecasts(0.0, seed=2), forecasts(0.8, seed=4)
    found = compare_with_best(own, {"blind": blind, "better": better}, seed=1)
    assert found["best"] == "better"
    assert found["any_better_p"] < 0.01
    assert found["better_than_best_p"] > 0.4
    beaten = compare_with_best(own, {"blind": blind}, seed=1)
    assert beaten["better_than_best_p"] < 0.01
    assert beaten["any_better_p"] > 0.4


def test_a_rival_that_forecasts_as_the_model_does_is_no_test() -> None:
    """Nothing differs, so nothing can be resampled: None and a sentence."""
    own = forecasts(0.3, seed=5)
    compared = compare_with_rivals(own, {"same": own})
    assert compared["same"]["accuracy"]["p_holm"] is None
    together = compare_with_best(own, {"same": own}, seed=1)
    assert together["any_better_p"] is None
    assert "there are 120 and 0" in together["note"]
    json.dumps([compared, together], allow_nan=False)


def test_no_baseline_at_all_is_said() -> None:
    """A universe may leave none possible."""
    assert compare_with_rivals(forecasts(0.3, seed=5), {}) == {}
    assert compare_with_best(forecasts(0.3, seed=5), {}, seed=1)["note"].startswith("A test of all baselines")


def test_nineteen_sessions_are_too_few_for_a_bootstrap() -> None:
    """A block of four sessions leaves five."""
    rivals = {"blind": forecasts(0.0, seed=2, n_sessions=19)}
    assert compare_with_best(forecasts(0.3, seed=5, n_sessions=19), rivals, seed=1)["any_better_p"] is None
