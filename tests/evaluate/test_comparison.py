"""Models are compared on the same rows with sessions as clusters; baselines are corrected for their number."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import ttest_1samp
from statsmodels.stats.multitest import multipletests

from stockseq.errors import DataError
from stockseq.evaluate.comparison import compare_forecasts, compare_with_baselines, compare_with_best
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
    ours = compared.log_loss
    assert [getattr(ours, key) for key in ("difference", "standard_error", "z", "p")] == pytest.approx(
        [fitted.params[0], fitted.bse[0], fitted.tvalues[0], fitted.pvalues[0]], rel=1e-8
    )


def test_the_better_model_has_the_smaller_loss() -> None:
    """Differences are a less b: a better a has a positive accuracy and negative losses; turned round, the reverse."""
    a, b = forecasts(2.0, 72), forecasts(0.0, 73)
    one, other = compare_forecasts(a, b), compare_forecasts(b, a)
    assert one.accuracy.z > 3
    assert one.brier.z < -3
    assert one.log_loss.z < -3
    assert one.log_loss.z == pytest.approx(-other.log_loss.z)


def test_diebold_mariano_is_of_the_session_means_of_the_log_loss() -> None:
    """Over one session without autocovariances it is the t-test of a mean: scipy 1.17.1 `ttest_1samp`."""
    a, b = forecasts(0.3, 72), forecasts(0.1, 73)
    up = RETURNS > 0
    loss = [-np.log(np.where(up, f["probability_up"], 1 - f["probability_up"])) for f in (a, b)]
    theirs = ttest_1samp((loss[0] - loss[1]).reshape(N_SESSIONS, N_TICKERS).mean(axis=1), 0.0)
    ours = compare_forecasts(a.sample(frac=1, random_state=1), b).diebold_mariano
    assert ours is not None
    assert (ours.t, ours.p, ours.n) == pytest.approx((theirs.statistic, theirs.pvalue, N_SESSIONS), rel=1e-10)
    assert compare_forecasts(a, a).diebold_mariano is None


def test_equal_models_have_no_z() -> None:
    """No difference in any session is no evidence; None with a note, and JSON takes it."""
    compared = compare_forecasts(forecasts(1.0, 72), forecasts(1.0, 72))
    assert compared.accuracy.difference == 0
    assert compared.accuracy.z is compared.log_loss.z is None
    assert len(compared.notes) == 3
    json.dumps(compared.to_dict(), allow_nan=False)


def test_only_shared_forecasts_count() -> None:
    """A model must not win by leaving out the hard rows; what is left out is counted."""
    a, b = forecasts(1.0, 72), forecasts(0.0, 73)
    compared = compare_forecasts(a.iloc[:-5], b.iloc[3:])
    assert compared.n == 392
    assert compared.n_left_out == 8


def test_what_can_not_be_compared_is_a_sentence() -> None:
    """No common session, and outcomes of two vintages."""
    a = forecasts(1.0, 72)
    with pytest.raises(DataError, match="share 0"):
        compare_forecasts(a.iloc[:200], a.iloc[200:])
    with pytest.raises(DataError, match="400 of 400 differ, first T0 on 2024-01-01"):
        compare_forecasts(a, a.assign(realised_return=a["realised_return"] + 1e-4))


def views(skill: float, *, seed: int, n_sessions: int = 120) -> pd.DataFrame:
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


def test_p_is_corrected_for_the_number_of_baselines_as_by_statsmodels() -> None:
    """Holm's correction of each measure's own family."""
    baselines = {"blind": views(0.0, seed=2), "near": views(0.18, seed=3), "better": views(0.6, seed=4)}
    compared = compare_with_baselines(views(0.2, seed=5), baselines)
    for measure in ("accuracy", "log_loss"):
        plain = [getattr(compared[name], measure).p for name in baselines]
        corrected = [getattr(compared[name], measure).p_holm for name in baselines]
        assert corrected == pytest.approx(multipletests(plain, method="holm")[1])
    assert compared["blind"].accuracy.difference > 0 > compared["better"].accuracy.difference


def test_all_together_the_better_one_is_found_and_the_worse_one_beaten() -> None:
    """Some baseline is better; against blind ones alone the model is."""
    own = views(0.3, seed=5)
    blind, better = views(0.0, seed=2), views(0.8, seed=4)
    found = compare_with_best(own, {"blind": blind, "better": better}, seed=1)
    assert found.best == "better"
    assert found.any_better_p < 0.01
    assert found.better_than_best_p > 0.4
    beaten = compare_with_best(own, {"blind": blind}, seed=1)
    assert beaten.better_than_best_p < 0.01
    assert beaten.any_better_p > 0.4


def test_a_baseline_that_forecasts_as_the_model_does_is_no_test() -> None:
    """Nothing differs, so nothing can be resampled: None and a sentence."""
    own = views(0.3, seed=5)
    compared = compare_with_baselines(own, {"same": own})
    assert compared["same"].accuracy.p_holm is None
    together = compare_with_best(own, {"same": own}, seed=1)
    assert together.any_better_p is None
    assert "there are 120 and 0" in together.note
    json.dumps([compared["same"].to_dict(), together.to_dict()], allow_nan=False)


def test_no_baseline_at_all_is_said() -> None:
    """A universe may leave none possible."""
    assert compare_with_baselines(views(0.3, seed=5), {}) == {}
    assert compare_with_best(views(0.3, seed=5), {}, seed=1).note.startswith("A test of all baselines")


def test_nineteen_sessions_are_too_few_for_a_bootstrap() -> None:
    """A block of four sessions leaves five."""
    baselines = {"blind": views(0.0, seed=2, n_sessions=19)}
    assert compare_with_best(views(0.3, seed=5, n_sessions=19), baselines, seed=1).any_better_p is None
