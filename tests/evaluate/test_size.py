"""Losses, intervals and comparisons of forecasts of size: by hand, and against scipy 1.17.1."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from stockseq.errors import DataError
from stockseq.evaluate.coverage import christoffersen, kupiec, score_interval
from stockseq.evaluate.significance import clustered_interval, diebold_mariano, mean_over_time
from stockseq.evaluate.size import compare_sizes, score_size
from stockseq.evaluate.size_losses import crps_normal, pinball, qlike
from tests.evaluate.evaluate_vectors import normals

TEN_TICKERS = [f"T{number}" for number in range(10)]


def forecasts(n_sessions: int = 60, *, sigma: float = 0.01) -> pd.DataFrame:
    """Return ten tickers whose log returns are normal, of a standard deviation of 1 %."""
    n = 10 * n_sessions
    return pd.DataFrame(
        {
            "session": np.repeat(pd.bdate_range("2023-11-01", periods=n_sessions), 10),
            "ticker": TEN_TICKERS * n_sessions,
            "realised_return": np.expm1(0.01 * normals(n, 71)),
            "realised_variance": 1e-4 * np.exp(0.5 * normals(n, 72)),
            "expected_return": 0.0,
            "sigma": sigma * np.exp(0.2 * normals(n, 73)),
        }
    )


def bounded(rows: pd.DataFrame) -> pd.DataFrame:
    for name, z in (("80", 1.2815515655), ("95", 1.9599639845)):
        rows = rows.assign(**{f"low_{name}": np.expm1(-0.01 * z), f"high_{name}": np.expm1(0.01 * z)})
    return rows


def test_the_losses_of_the_reference() -> None:
    """Worked by hand: QLIKE(1, 2) = .5 + ln 2 - 1."""
    assert qlike([1, 1, 2, 4e-4], [1, 2, 1, 1e-4]) == pytest.approx([0, 0.1931471806, 0.3068528194, 1.6137056389])
    assert [float(pinball(*row)) for row in ((1, 0, 0.9), (-1, 0, 0.9), (0.5, 0.7, 0.1))] == pytest.approx(
        [0.9, 0.1, 0.18]
    )
    found = crps_normal([0, 1, 0.02, -0.5], [0, 0, 0, 0.1], [1, 1, 0.01, 0.4])
    assert found == pytest.approx([0.2336949773, 0.6024413576, 0.0145279182, 0.3977696016], abs=1e-10)


@pytest.mark.parametrize("y", [-2.0, 0.1, 3.5])
def test_the_score_of_a_distribution_is_the_integral_of_its_squared_error(y: float) -> None:
    """CRPS = integral of (F(x) - 1[x >= y])^2, by scipy 1.17.1 `quad` on either side of the outcome."""
    mean, scale = 0.3, 0.7

    def integral(law: stats.rv_continuous) -> float:
        below = integrate.quad(lambda x: law.cdf(x) ** 2, -np.inf, y)[0]
        return float(below + integrate.quad(lambda x: law.sf(x) ** 2, y, np.inf)[0])

    assert float(crps_normal(y, mean, scale)) == pytest.approx(integral(stats.norm(mean, scale)), abs=1e-7)


def test_impossible_arguments_are_named() -> None:
    """A variance of 0 has no logarithm."""
    for refused in (
        lambda: qlike([1.0], [0.0]),
        lambda: pinball([1.0], [0.0], 1.0),
        lambda: crps_normal([1.0], 0.0, [0.0]),
        lambda: kupiec(10, 11, 0.05),
        lambda: christoffersen(np.array([True]), 0.05),
    ):
        with pytest.raises(ValueError, match=r"must|needed|Violations"):
            refused()


def test_kupiec_of_the_reference() -> None:
    """14 of 250 where 12.5 are expected; none at all is -2 * 100 ln .95, and p is that of chi squared."""
    found = kupiec(250, 14, 0.05)
    assert found.statistic == pytest.approx(0.1826968806)
    assert found.p == pytest.approx(stats.chi2.sf(0.1826968806, 1))
    assert kupiec(100, 0, 0.05).statistic == pytest.approx(-200 * math.log(0.95))
    assert kupiec(100, 5, 0.05).statistic == 0.0


def test_christoffersen_by_hand() -> None:
    """0 1 0 1 1: after a 0 always a 1 (likelihood 1), after a 1 half (1/4); four independent ones of .5 have 1/16.

    Twice the log of their ratio 4 is 2.7726. Runs are found where Kupiec finds the right number.
    """
    found = christoffersen(np.array([False, True, False, True, True]), 0.5)
    assert found.statistic == pytest.approx(2 * math.log(4))
    assert found.p == pytest.approx(math.exp(-math.log(4)))
    runs = np.zeros(250, dtype=bool)
    runs[:13] = True
    assert kupiec(250, 13, 0.05).p > 0.5
    assert christoffersen(runs, 0.05).p < 1e-6


def test_coverage_by_hand() -> None:
    """Of 8 outcomes 6 lie within, bounds included: 3 of 4 in 2023, 3 of 4 in 2024; widths are 2."""
    sessions = pd.to_datetime(["2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03"])
    rows = pd.DataFrame({"session": np.tile(sessions, 2), "ticker": ["A"] * 4 + ["B"] * 4, "low": -1.0, "high": 1.0})
    scores = score_interval(rows.assign(outcome=[1.0, -1.0, 1.1, 0.0, 0.5, -1.2, 0.0, 0.1]), level=0.8, horizon=0)
    assert (scores.n, scores.n_sessions, scores.coverage, scores.width) == (8, 4, 0.75, 2.0)
    assert scores.by_year == {"2023": 0.75, "2024": 0.75}
    # Four sessions hold less than five violations, so no ticker is tested.
    assert (scores.n_tested, scores.kupiec_rejected) == (0, None)
    inside = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    assert scores.coverage_ci == pytest.approx(clustered_interval(inside, np.array([1, 1, 2, 2, 3, 3, 4, 4])))


def test_trades_that_overlap_are_thinned_by_ticker_and_pooled_with_their_lag() -> None:
    """60 sessions of h = 5: 12 of each ticker, 2.4 violations expected at 80 %, so none is tested; lag 8."""
    rows = bounded(forecasts())
    scores = score_size(rows, horizon=5)
    assert scores is not None
    assert scores.intervals["80"].n_tested == 0
    inside = rows["realised_return"].between(rows["low_80"], rows["high_80"]).to_numpy(dtype=float)
    low, high = clustered_interval(inside, rows["session"].to_numpy(), horizon=5)
    wider = max(1.0, (0.8 * 0.2 / (inside.mean() * (1 - inside.mean()))) ** 0.5)
    found = scores.intervals["80"].coverage_ci
    assert found is not None
    assert found[1] - found[0] == pytest.approx(wider * (high - low))


def test_a_score_of_sizes_by_hand() -> None:
    """Ratios 1 and 2: QLIKE 0 and 1 - ln 2; root of the mean of 1e-4 and 2e-4; nothing said without a spread."""
    rows = (
        forecasts().iloc[:2].assign(realised_variance=[1e-4, 2e-4], sigma=0.01, realised_return=[0.0, math.e**0.01 - 1])
    )
    scores = score_size(rows, horizon=0)
    assert scores is not None
    assert scores.qlike == pytest.approx((1 - math.log(2)) / 2)
    assert scores.crps == pytest.approx(0.01 * (0.2336949773 + 0.6024413576) / 2)
    assert (scores.sigma, scores.realised) == pytest.approx((0.01, math.sqrt(1.5e-4)))
    assert (scores.share_explained, scores.pinball, scores.intervals) == (None, None, {})


def test_honest_intervals_pass_and_narrow_ones_do_not() -> None:
    """Normal returns of 1 %: right bounds, and bounds of 0.8 %; levels and years by counting."""
    rows = bounded(forecasts(260))
    honest = score_size(rows, horizon=0)
    assert honest is not None
    for name, level in (("80", 0.8), ("95", 0.95)):
        inside = rows["realised_return"].between(rows[f"low_{name}"], rows[f"high_{name}"])
        interval = honest.intervals[name]
        assert interval.coverage == pytest.approx(inside.mean())
        assert abs(interval.coverage - level) < 0.02
        assert interval.p is not None
        assert interval.p > 0.05
        assert interval.n_tested == 10
        assert interval.kupiec_holm == 0
        assert sorted(interval.by_year) == ["2023", "2024"]
    bounds = ["low_80", "high_80", "low_95", "high_95"]
    narrow = score_size(rows.assign(**{name: 0.8 * rows[name] for name in bounds}), horizon=0)
    assert narrow is not None
    assert narrow.intervals["80"].p is not None
    assert narrow.intervals["80"].p < 1e-6
    assert narrow.intervals["95"].kupiec_holm > 0
    assert narrow.pinball is not None
    assert honest.pinball is not None
    assert narrow.pinball > honest.pinball


def test_a_forecaster_without_sigma_has_no_score() -> None:
    """Old runs, and baselines of the direction; rows without a realised variance are counted."""
    rows = forecasts()
    assert score_size(rows.drop(columns="sigma"), horizon=0) is None
    assert score_size(rows.assign(sigma=np.nan), horizon=0) is None
    rows.loc[:4, "realised_variance"] = np.nan
    scores = score_size(rows, horizon=0)
    assert scores is not None
    assert (scores.n, scores.n_left_out) == (595, 5)
    assert scores.from_dict(scores.to_dict()) == scores
    with pytest.raises(DataError, match="T0 on 2023-11-01 has none"):
        score_size(rows.assign(realised_return=np.nan), horizon=0)


def test_two_sizes_are_compared_by_the_means_of_sessions() -> None:
    """Diebold and Mariano's own arithmetic on the session means, and p of a test that allows for errors that last."""
    model, rival = forecasts(), forecasts(sigma=0.014)
    compared = compare_sizes(model, rival.iloc[100:], horizon=0)
    assert compared is not None
    losses = qlike(model["realised_variance"], model["sigma"] ** 2) - qlike(
        model["realised_variance"], rival["sigma"] ** 2
    )
    means = pd.Series(losses[100:]).groupby(model["session"].to_numpy()[100:]).mean()
    expected = diebold_mariano(means.to_numpy())
    assert expected is not None
    assert compared.diebold_mariano is not None
    assert compared.diebold_mariano.t == pytest.approx(expected.t)
    # 1.3 times the root of 50 sessions is 9.2.
    robust = mean_over_time(means.to_numpy(), horizon=0, lag=9)
    assert compared.test is not None
    assert robust is not None
    assert compared.test.t == pytest.approx(robust.t)
    assert (compared.n, compared.n_sessions) == (500, 50)
    assert compared.relative == pytest.approx(compared.qlike / compared.rival_qlike - 1)
    assert compared.better_p == pytest.approx(robust.p / 2)
    against = compare_sizes(rival, model, horizon=0)
    assert against is not None
    assert against.better_p is not None
    assert against.better_p > 0.5


def test_equal_or_unsized_forecasts_give_no_test() -> None:
    """A copy leaves no noise; without a sigma, or without a common row, there is nothing to compare."""
    rows = forecasts()
    same = compare_sizes(rows, rows, horizon=0)
    assert same is not None
    assert (same.relative, same.test, same.better_p) == (0.0, None, None)
    assert compare_sizes(rows, rows.drop(columns="sigma"), horizon=0) is None
    assert compare_sizes(rows.iloc[:100], rows.iloc[100:], horizon=0) is None
