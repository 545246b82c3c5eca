"""Linear models of windows that are never laid out, against scikit-learn 1.9 on windows that are."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from stockseq.models import lagged_linear
from stockseq.models.lagged_linear import LaggedWindows, fit_logistic, fit_ridge

LOOKBACK, N_FEATURES = 3, 4


@pytest.fixture(params=[4_000_000, 60], ids=["one chunk", "many chunks"])
def windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LaggedWindows:
    """Windows of some of 400 rows, in one piece and in pieces of 15 and 5."""
    monkeypatch.setattr(lagged_linear, "CHUNK_NUMBERS", request.param)
    drawn = np.random.default_rng(3)
    rows = drawn.standard_normal((400, N_FEATURES)).astype(np.float32)
    return LaggedWindows(rows, np.sort(drawn.choice(np.arange(2, 400), 250, replace=False)), LOOKBACK)


def lay_out(windows: LaggedWindows) -> np.ndarray:
    rows = windows.ends[:, None] + np.arange(1 - LOOKBACK, 1)
    return windows.rows[rows].reshape(len(windows.ends), -1).astype(np.float64)


def draw_scores(windows: LaggedWindows) -> np.ndarray:
    drawn = np.random.default_rng(4)
    laid_out = lay_out(windows)
    return 0.5 + laid_out @ drawn.standard_normal(laid_out.shape[1]) + drawn.standard_normal(len(laid_out))


def test_products_with_windows_are_those_of_the_laid_out_matrix(windows: LaggedWindows) -> None:
    """Numpy multiplies the matrix of all windows."""
    laid_out, weights = lay_out(windows), np.random.default_rng(5).standard_normal((LOOKBACK, N_FEATURES))
    values = np.random.default_rng(6).standard_normal(len(laid_out))
    np.testing.assert_allclose(windows.dot(weights), laid_out @ weights.reshape(-1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(windows.transposed_dot(values).reshape(-1), laid_out.T @ values, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(windows.products(), laid_out.T @ laid_out, rtol=1e-12)


def test_logistic_regression_finds_the_weights_of_scikit_learn(windows: LaggedWindows) -> None:
    """The same function has one minimum; ours stops near it as the library does by default, at a gradient of 1e-4."""
    up = draw_scores(windows) > 0
    weights, intercept = fit_logistic(windows, up, weight_spread=0.3)
    reference = LogisticRegression(C=0.3**2, tol=1e-8, max_iter=1000).fit(lay_out(windows), up)
    np.testing.assert_allclose(weights.reshape(-1), reference.coef_[0], atol=1e-3)
    assert intercept == pytest.approx(reference.intercept_[0], abs=1e-3)


def test_ridge_regression_finds_the_weights_of_scikit_learn(windows: LaggedWindows) -> None:
    """The same function has one minimum."""
    target = draw_scores(windows)
    weights, intercept = fit_ridge(windows, target, penalty=20.0)
    reference = Ridge(alpha=20.0).fit(lay_out(windows), target)
    np.testing.assert_allclose(weights.reshape(-1), reference.coef_, atol=1e-5)
    assert intercept == pytest.approx(reference.intercept_, abs=1e-5)


def test_no_window_has_no_score() -> None:
    """A fold may have no test sample."""
    nothing = LaggedWindows(np.zeros((5, 2), np.float32), np.empty(0, np.int64), 2)
    assert nothing.dot(np.ones((2, 2))).tolist() == []
