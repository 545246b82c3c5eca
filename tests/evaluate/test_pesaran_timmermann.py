"""Tests of direction against a published example, formulas worked out here, scipy 1.17.1 and statsmodels 0.15.0."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import chi2_contingency
from scipy.stats import t as student

from stockseq.evaluate.pesaran_timmermann import (
    pesaran_timmermann,
    pesaran_timmermann_clustered,
    pesaran_timmermann_serial,
)
from tests.evaluate.evaluate_vectors import normals, uniforms

PANEL_SESSIONS = np.repeat(np.arange(40), 15)
PANEL_UP = normals(600, 1) + np.repeat(normals(40, 2), 15) > 0.2
PANEL_FORECAST = normals(600, 3) + 0.3 * PANEL_UP + np.repeat(normals(40, 4), 15) > 0

N_SESSIONS, N_TICKERS = 60, 8
SHAPE = (N_SESSIONS, N_TICKERS)
SESSIONS = np.repeat(np.arange(N_SESSIONS), N_TICKERS)
TICKERS = np.tile(np.array([f"T{i}" for i in range(N_TICKERS)], dtype=object), N_SESSIONS)


def test_luck_of_overlapping_trades_is_not_taken_for_skill() -> None:
    """Trades of ten sessions of random walks, and views that last: 120 panels at 5 %, 6 expected, give or take 2.4.

    Sessions taken for independent reject about one panel in five.
    """
    generator = np.random.default_rng(10)
    shape, horizon, rejected = (250, 6), 10, {0: 0, 10: 0}
    sessions = np.repeat(np.arange(shape[0]), shape[1])
    for _ in range(120):
        walk = np.cumsum(
            generator.standard_normal((shape[0] + horizon + 1, 1))
            + generator.standard_normal((shape[0] + horizon + 1, shape[1])),
            axis=0,
        )
        up = (walk[horizon + 1 :] > walk[1:-horizon]).ravel()
        view, steps = np.zeros(shape), generator.standard_normal(shape)
        for row in range(1, shape[0]):
            view[row] = 0.9 * view[row - 1] + steps[row]
        for allowed in rejected:
            test = pesaran_timmermann_clustered(up, (view > 0).ravel(), sessions, horizon=allowed)
            assert test is not None
            rejected[allowed] += test.p < 0.05
    assert rejected[10] <= 13
    assert rejected[0] > rejected[10]


def runs(seed: int) -> np.ndarray:
    """Return directions that a ticker keeps for three sessions on average."""
    turns = uniforms(SESSIONS.size, seed).reshape(SHAPE) < 1 / 3
    return np.asarray(np.cumsum(turns, axis=0) % 2 == 1).ravel()


UP = runs(91)
FORECAST_UP = np.where(uniforms(SESSIONS.size, 92) < 0.2, UP, runs(93))


def lagged(lags: int, keep: np.ndarray) -> pd.DataFrame:
    """Return outcome, forecast and their lags by pandas, over the whole calendar, rows without a past left out."""
    frame = pd.DataFrame({"session": SESSIONS, "ticker": TICKERS, "up": UP, "forecast": FORECAST_UP})[keep]
    wide = frame.astype({"up": float, "forecast": float}).pivot(index="session", columns="ticker")
    parts = {("now", 0): wide, **{("lag", lag): wide.shift(lag) for lag in range(1, lags + 1)}}
    long = {f"{name}_{lag}": part.stack(future_stack=True) for (name, lag), part in parts.items()}
    columns = {f"{name}_{column}": values[column] for name, values in long.items() for column in ("up", "forecast")}
    return pd.DataFrame(columns).dropna()


@pytest.mark.parametrize("lags", [1, 2])
def test_it_equals_a_regression_with_lags_and_clustered_errors(lags: int) -> None:
    """statsmodels' OLS with `cov_type="cluster"`; a tenth of the rows are missing, and their successors with them."""
    keep = uniforms(SESSIONS.size, 94) > 0.1
    rows = lagged(lags, keep)
    regressors = rows.drop(columns="now_0_up")
    sessions = rows.index.get_level_values("session")
    fitted = sm.OLS(rows["now_0_up"], sm.add_constant(regressors)).fit(
        cov_type="cluster", cov_kwds={"groups": sessions}, use_t=True
    )
    test = pesaran_timmermann_serial(UP[keep], FORECAST_UP[keep], SESSIONS[keep], TICKERS[keep], lags=lags)
    assert test is not None
    assert test.n == len(rows) < keep.sum() - N_TICKERS
    assert (test.estimate, test.standard_error, test.t, test.p) == pytest.approx(
        (
            fitted.params["now_0_forecast"],
            fitted.bse["now_0_forecast"],
            fitted.tvalues["now_0_forecast"],
            fitted.pvalues["now_0_forecast"] / 2,
        ),
        rel=1e-9,
    )
    assert test.degrees_of_freedom == sessions.nunique() - 1


def test_a_trade_that_is_not_over_is_no_past() -> None:
    """Trades of three sessions overlap with the three before, so the fourth is the last whose outcome is known."""
    wide = pd.DataFrame({"session": SESSIONS, "ticker": TICKERS, "up": UP * 1.0, "forecast": FORECAST_UP * 1.0})
    wide = wide.pivot(index="session", columns="ticker")
    both = pd.concat([wide.stack(future_stack=True), wide.shift(4).stack(future_stack=True)], axis=1).dropna()
    columns = np.column_stack([both.iloc[:, 1:], np.ones(len(both))])
    slope = np.linalg.lstsq(columns, both.iloc[:, 0].to_numpy(), rcond=None)[0][0]
    test = pesaran_timmermann_serial(UP, FORECAST_UP, SESSIONS, TICKERS, horizon=3)
    assert test is not None
    assert (test.n, test.estimate) == (len(both), pytest.approx(slope, rel=1e-9))


def test_without_lags_it_is_the_clustered_test() -> None:
    """No past partialled out leaves the headline test, to the last digits."""
    serial = pesaran_timmermann_serial(UP, FORECAST_UP, SESSIONS, TICKERS, lags=0)
    clustered = pesaran_timmermann_clustered(UP, FORECAST_UP, SESSIONS)
    assert serial is not None
    assert clustered is not None
    assert (serial.estimate, serial.t, serial.p, serial.n) == pytest.approx(
        (clustered.estimate, clustered.t, clustered.p, clustered.n)
    )


def test_the_order_of_rows_and_the_names_of_tickers_do_not_matter() -> None:
    """Lags follow sessions and tickers, not places; otherwise an unsorted table gave another p."""
    order = np.argsort(uniforms(SESSIONS.size, 95))
    names = np.array([f"{ticker[::-1]}-renamed" for ticker in TICKERS], dtype=object)
    one = pesaran_timmermann_serial(UP, FORECAST_UP, SESSIONS, TICKERS)
    other = pesaran_timmermann_serial(UP[order], FORECAST_UP[order], SESSIONS[order], names[order])
    assert one is not None
    assert other is not None
    assert (one.t, one.p, one.n) == pytest.approx((other.t, other.p, other.n))


def test_runs_that_agree_by_luck_fool_the_clustered_test_alone() -> None:
    """300 panels of 100 sessions, tickers alike, in runs of ten: nominal 5 %, standard error 1.3 %."""
    rng = np.random.default_rng(96)
    sessions, tickers = np.repeat(np.arange(100), 4), np.tile(np.arange(4), 100)
    fooled, held = [], []
    for _ in range(300):
        up, forecast_up = (np.repeat(np.cumsum(rng.random(100) < 0.1) % 2 == 1, 4) for _ in range(2))
        clustered = pesaran_timmermann_clustered(up, forecast_up, sessions)
        serial = pesaran_timmermann_serial(up, forecast_up, sessions, tickers)
        fooled.append(clustered is not None and clustered.p < 0.05)
        held.append(serial is not None and serial.p < 0.05)
    assert np.mean(fooled) > 0.15
    assert np.mean(held) < 0.09


def test_a_past_that_tells_all_leaves_no_test() -> None:
    """Constant columns, a forecast that alternates, sessions apart or two alone: None, not a division by 0."""
    always = np.ones(SESSIONS.size, dtype=bool)
    alternating = SESSIONS % 2 == 0
    for up, forecast_up in ((UP, always), (always, UP), (UP, alternating), (alternating, UP), (UP, UP)):
        assert pesaran_timmermann_serial(up, forecast_up, SESSIONS, TICKERS) is None
    apart = (SESSIONS + np.tile(np.arange(N_TICKERS), N_SESSIONS)) % 2 == 0
    assert pesaran_timmermann_serial(UP[apart], FORECAST_UP[apart], SESSIONS[apart], TICKERS[apart]) is None
    few = SESSIONS < 2
    assert pesaran_timmermann_serial(UP[few], FORECAST_UP[few], SESSIONS[few], TICKERS[few]) is None


def test_a_lag_that_says_nothing_costs_no_degree_of_freedom() -> None:
    """Tickers that live for two sessions and never rise in their first: statsmodels' OLS without that lag."""
    odd = SESSIONS % 2 == 1
    up = np.where(odd, UP, False)
    lives = np.array([f"{ticker} {session // 2}" for ticker, session in zip(TICKERS, SESSIONS, strict=True)])
    test = pesaran_timmermann_serial(up, FORECAST_UP, SESSIONS, lives)
    before = np.roll(FORECAST_UP, N_TICKERS)
    regressors = sm.add_constant(np.column_stack([FORECAST_UP, before])[odd].astype(float))
    fitted = sm.OLS(up[odd].astype(float), regressors).fit(
        cov_type="cluster", cov_kwds={"groups": SESSIONS[odd]}, use_t=True
    )
    assert test is not None
    assert (test.estimate, test.t, test.n) == pytest.approx((fitted.params[1], fitted.tvalues[1], odd.sum()), rel=1e-9)


def test_what_can_not_be_tested_is_a_sentence() -> None:
    """A repeated pair has two pasts, and one session none."""
    twice = np.r_[0, np.arange(SESSIONS.size)]
    with pytest.raises(ValueError, match="1 rows repeat"):
        pesaran_timmermann_serial(UP[twice], FORECAST_UP[twice], SESSIONS[twice], TICKERS[twice])
    with pytest.raises(ValueError, match="at least 2 sessions"):
        pesaran_timmermann_serial(UP[:8], FORECAST_UP[:8], SESSIONS[:8], TICKERS[:8])
    with pytest.raises(ValueError, match="`lags` must be at least 0"):
        pesaran_timmermann_serial(UP, FORECAST_UP, SESSIONS, TICKERS, lags=-1)


def test_pesaran_timmermann_of_a_published_example() -> None:
    """V. Pekar's example of 15 changes: .7333333333, 1.9683399719, p .0245144669."""
    returns = np.array([23, -2, 56, 51, 4, -45, -12, -24, -51, 78, -6, -7, -39, 31, 35])
    forecasts = np.array([14, 3, 45, 23, -5, -56, 4, -11, -34, 29, 3, -11, -12, 24, 3])
    test = pesaran_timmermann(returns > 0, forecasts > 0)
    assert test is not None
    assert ((returns > 0) == (forecasts > 0)).mean() == pytest.approx(0.7333333333, abs=1e-10)
    assert (test.t, test.p) == pytest.approx((1.9683399719, 0.0245144669), abs=1e-10)


def test_pesaran_timmermann_is_the_root_of_the_chi_square_of_the_table() -> None:
    """PT^2 (n-1)/n is the chi-square of the 2x2 table without Yates' correction: scipy 1.17.1 `chi2_contingency`."""
    test = pesaran_timmermann(PANEL_UP, PANEL_FORECAST)
    assert test is not None
    table = [[int((a & b).sum()) for b in (PANEL_FORECAST, ~PANEL_FORECAST)] for a in (PANEL_UP, ~PANEL_UP)]
    chi_square = chi2_contingency(table, correction=False).statistic
    assert test.t**2 * 599 / 600 == pytest.approx(chi_square, rel=1e-10)


def test_the_clustered_test_is_that_of_the_formula() -> None:
    """EVALUATION 3: the slope on the forecast, CR1 clusters G/(G-1) * (N-1)/(N-2), one-sided t with G - 1 degrees."""
    regressor = PANEL_FORECAST - PANEL_FORECAST.mean()
    slope = (regressor * PANEL_UP).sum() / (regressor**2).sum()
    residuals = PANEL_UP - PANEL_UP.mean() - slope * regressor
    sums = [(regressor * residuals)[session == PANEL_SESSIONS].sum() for session in range(40)]
    error = np.sqrt(40 / 39 * 599 / 598 * np.square(sums).sum()) / (regressor**2).sum()
    test = pesaran_timmermann_clustered(PANEL_UP, PANEL_FORECAST, PANEL_SESSIONS)
    assert test is not None
    assert (test.estimate, test.standard_error, test.t) == pytest.approx((slope, error, slope / error), rel=1e-12)
    assert (test.degrees_of_freedom, test.p) == (39, pytest.approx(student.sf(slope / error, 39)))


def test_the_slope_is_the_accuracy_beyond_chance() -> None:
    """accuracy - chance = 2 slope p (1 - p) of the forecast direction: the interval of the edge rests on it."""
    naive, clustered = (
        pesaran_timmermann(PANEL_UP, PANEL_FORECAST),
        pesaran_timmermann_clustered(PANEL_UP, PANEL_FORECAST, PANEL_SESSIONS),
    )
    assert naive is not None
    assert clustered is not None
    share = PANEL_FORECAST.mean()
    assert naive.estimate == pytest.approx(2 * clustered.estimate * share * (1 - share), rel=1e-12)


def test_forecasts_that_never_change_have_no_test() -> None:
    """Always up can't be told from skill or from luck; None, not a division by 0."""
    always = np.ones(600, dtype=bool)
    assert pesaran_timmermann(PANEL_UP, always) is None
    assert pesaran_timmermann_clustered(PANEL_UP, always, PANEL_SESSIONS) is None
    assert pesaran_timmermann_clustered(always, PANEL_UP, PANEL_SESSIONS) is None
    assert pesaran_timmermann_clustered(PANEL_UP, PANEL_UP, PANEL_SESSIONS) is None


def test_one_view_for_all_tickers_fools_the_naive_test_and_not_the_clustered_one() -> None:
    """400 null panels of 120 sessions x 12 tickers that move together; nominal 5 %, standard error 1.1 %."""
    rng = np.random.default_rng(81)
    sessions = np.repeat(np.arange(120), 12)
    naive, clustered = [], []
    for _ in range(400):
        up = (np.sqrt(0.3) * rng.normal(size=(120, 1)) + np.sqrt(0.7) * rng.normal(size=(120, 12)) > 0).ravel()
        forecast_up = np.repeat(rng.random(120) > 0.5, 12)
        for results, test in (
            (naive, pesaran_timmermann(up, forecast_up)),
            (clustered, pesaran_timmermann_clustered(up, forecast_up, sessions)),
        ):
            assert test is not None
            results.append(test.p < 0.05)
    assert np.mean(naive) > 0.12
    assert 0.02 < np.mean(clustered) < 0.085
