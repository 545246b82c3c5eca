"""The law's closed forms against brute force, and the best scores on ranking and size that follow from them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr
from scipy.stats import spearmanr, t

from stockseq.prices.variance import garman_klass
from stockseq.sources.simulated import SimulatedMarket, optimum
from stockseq.sources.simulated.closed_form import (
    T5_SCALE,
    _density,
    expected_range_variance,
    expected_standing,
    probability_up,
    return_bounds,
)

SEEDS = (201, 202, 203)


def draw_noise(rng: np.random.Generator, n: int, common_share: float, n_tickers: int) -> np.ndarray:
    """Draw multivariate t5 of unit variances: normals that correlate, over the root of one chi square of 5 by 3."""
    covariance = np.full((n_tickers, n_tickers), common_share) + (1 - common_share) * np.eye(n_tickers)
    normal = rng.multivariate_normal(np.zeros(n_tickers), covariance, n)
    return normal * np.sqrt(3 / rng.chisquare(5, n))[:, None]


@pytest.fixture(scope="module")
def markets() -> list[SimulatedMarket]:
    return [SimulatedMarket("signal", n_sessions=600, n_tickers=20, seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def relative() -> SimulatedMarket:
    return SimulatedMarket("relative", n_sessions=600, n_tickers=20, seed=201)


def test_probability_is_the_t_distribution_of_scipy():
    """The closed form of five degrees of freedom against scipy.special.stdtr (scipy 1.17)."""
    mean = np.linspace(-3, 3, 61)
    np.testing.assert_allclose(probability_up(mean), stdtr(5, mean * np.sqrt(5 / 3)), atol=1e-14)


def test_bounds_and_variance_are_those_of_scipy_to_the_bit():
    """Its distributions take over a second to load, so the two functions behind them are asked instead."""
    mean = np.random.default_rng(1).normal(size=1000)
    assert _density(mean).tolist() == t.pdf(mean, 5).tolist()
    for level in (0.8, 0.95):
        low, high = return_bounds(np.zeros(1), np.ones(1), level=level)
        assert high[0] == -low[0] == T5_SCALE * t.ppf(0.5 + level / 2, 5)


def test_the_standing_of_two_is_the_t_distribution_of_their_difference():
    """Means .3 and 0, volatilities .02 and .01, correlation .3: .006 / sqrt(5e-4 - .6 * 2e-4) = .3077935."""
    standing = expected_standing(np.array([[0.3, 0.0]]), np.array([[0.02, 0.01]]), common_share=0.3)
    wins = stdtr(5, 0.006 / np.sqrt(5e-4 - 1.2e-4) * np.sqrt(5 / 3))
    np.testing.assert_allclose(standing, np.sqrt(12) * (wins - 0.5) * np.array([[1, -1]]), atol=1e-12)


@pytest.mark.parametrize("common_share", [0.3, 0.99])
def test_the_standing_is_the_mean_rank_of_simulated_returns(common_share):
    """200,000 draws of six tickers of different volatilities: the mean rank's standard error is at most .004."""
    rng = np.random.default_rng(1)
    mean, volatility = rng.normal(0, 0.2, 6), rng.uniform(0.01, 0.03, 6)
    returns = volatility * (mean + draw_noise(rng, 200_000, common_share, 6))
    ranks = returns.argsort(axis=1).argsort(axis=1).mean(axis=0) - 2.5
    standing = expected_standing(mean[None], volatility[None], common_share=common_share)[0]
    np.testing.assert_allclose(standing, ranks / 5 * np.sqrt(12), atol=0.012)


def test_no_order_ranks_better_than_the_standing():
    """All 120 orders of five tickers on the same 100,000 draws: the best is the standing's, and no other ties it."""
    rng = np.random.default_rng(2)
    mean, volatility = np.array([0.3, 0.25, 0.0, -0.1, 0.05]), np.array([0.01, 0.03, 0.02, 0.015, 0.04])
    returns = volatility * (mean + draw_noise(rng, 100_000, 0.3, 5))
    expected = returns.argsort(axis=1).argsort(axis=1).mean(axis=0)
    grid = np.stack(np.meshgrid(*[np.arange(5)] * 5)).reshape(5, -1).T
    orders = grid[[len(set(row)) == 5 for row in grid.tolist()]]
    best = orders[(orders * expected).sum(axis=1).argmax()]
    standing = expected_standing(mean[None], volatility[None], common_share=0.3)[0]
    assert best.tolist() == standing.argsort().argsort().tolist()
    # By the mean in volatilities the order is another: 0.3, 0.25, 0.05, 0.0, -0.1.
    assert best.tolist() != mean.argsort().argsort().tolist()


def test_a_lone_ticker_has_no_standing():
    """Nobody to rank against."""
    assert expected_standing(np.array([[0.4]]), np.array([[0.01]]), common_share=0.3).tolist() == [[0.0]]


def test_the_expected_range_variance_is_the_mean_of_drawn_bars():
    """A million bars of volatility .001, where first order is all there is: within .3 %, at means 0 and 1."""
    rng = np.random.default_rng(3)
    for mean in (0.0, 1.0, -1.0):
        move = 0.001 * (mean + draw_noise(rng, 1_000_000, 0.0, 1)[:, 0])
        above, below = 0.5 * 0.001 / np.sqrt(0.7) * np.abs(rng.standard_normal((2, len(move))))
        prices = {"open": np.ones(len(move)), "close": 1 + move}
        high, low = np.maximum(1.0, 1 + move) * (1 + above), np.minimum(1.0, 1 + move) / (1 + below)
        drawn = garman_klass(pd.DataFrame({**prices, "high": high, "low": low})).mean()
        assert expected_range_variance(np.array(mean), np.array(0.001)) == pytest.approx(drawn, rel=0.01)


def test_bounds_hold_as_often_as_they_say():
    """t5 at .90 and .975 is 1.475884 and 2.570582 (scipy 1.17), times sqrt(3/5), about the mean."""
    low, high = return_bounds(np.array(0.5), np.array(0.02), level=0.95)
    assert (low, high) == pytest.approx((0.02 * (0.5 - 1.9911642), 0.02 * (0.5 + 1.9911642)))
    low, high = return_bounds(np.array(0.0), np.array(0.02), level=0.80)
    assert (low, high) == pytest.approx((-0.02 * 1.1432148, 0.02 * 1.1432148))


def test_the_bounds_of_the_truth_hold_on_a_market(markets):
    """36,000 returns, clustered by session: 80 % and 95 % within three standard errors."""
    truth = pd.concat(market.truth.assign(market=market.seed) for market in markets).dropna(subset="realised_return")
    for level in (80, 95):
        inside = truth["realised_return"].between(truth[f"low_{level}"], truth[f"high_{level}"])
        by_session = (inside - level / 100).groupby([truth["market"], truth["session"]]).mean()
        assert abs(by_session.mean()) < 3 * by_session.std() / np.sqrt(len(by_session))


def test_the_variance_of_the_truth_is_that_of_its_log_returns(markets):
    """Squares of surprises of the log return over sigma squared: 1 within three standard errors (t5 has fat tails)."""
    for market in markets:
        truth = market.truth.dropna(subset="realised_return")
        surprise = np.log1p(truth["realised_return"]) / truth["sigma"] - truth["mean"]
        by_session = (surprise**2 - 1).groupby(truth["session"]).mean()
        assert abs(by_session.mean()) < 3 * by_session.std() / np.sqrt(len(by_session))


def test_no_scaling_of_the_expected_variance_costs_less(markets):
    """QLIKE over three markets: 1.04 and .94 of it cost more, the return's variance (1.4 times smaller) far more."""
    truth = pd.concat(market.truth for market in markets).dropna(subset="realised_variance")
    ratio = truth["realised_variance"] / truth["expected_variance"]

    def cost(scale: float) -> float:
        return float((ratio / scale - np.log(ratio / scale) - 1).mean())

    assert cost(1.0) < min(cost(1.04), cost(0.94))
    assert cost(1.0) - cost(float(ratio.mean())) < 0.001
    assert float(np.mean(ratio - np.log(ratio) - 1)) == pytest.approx(
        np.mean([optimum(market.truth).qlike for market in markets])
    )
    assert cost(1 / 1.4) > cost(1.0) + 0.05


def test_the_optimum_of_size_is_worked_by_hand():
    """Variances 1, 4 of expected 2: (.5 - ln .5 - 1 + 2 - ln 2 - 1) / 2 = .25; the constant 2.5: ln 2.5 - ln 2."""
    columns = {"session": [1, 2], "probability_up": [0.5, 0.5], "mean": [0.0, 0.0], "relative": [0.0, 0.0]}
    truth = pd.DataFrame({**columns, "realised_variance": [1.0, 4.0], "expected_variance": [2.0, 2.0]})
    best = optimum(truth)
    assert best.qlike == pytest.approx(0.25)
    assert best.qlike_constant == pytest.approx(np.log(2.5) - np.log(2.0))
    assert best.rank_ic == 0.0
    untraded = optimum(truth.assign(realised_variance=np.nan))
    assert (untraded.qlike, untraded.qlike_constant) == (None, None)


def test_the_optimum_of_ranking_is_the_mean_rank_correlation_of_brute_force():
    """Ten tickers, 4,000 draws of one session's returns: Spearman's coefficient by scipy 1.17, standard error .005."""
    rng = np.random.default_rng(4)
    mean, volatility = rng.normal(0, 0.25, 10), rng.uniform(0.01, 0.03, 10)
    standing = expected_standing(mean[None], volatility[None], common_share=0.3)[0]
    returns = volatility * (mean + draw_noise(rng, 4_000, 0.3, 10))
    drawn = np.mean([spearmanr(standing, row).statistic for row in returns])
    columns = {"session": 1, "probability_up": 0.5, "mean": mean, "relative": standing}
    best = optimum(pd.DataFrame({**columns, "realised_variance": np.nan, "expected_variance": 1.0}))
    assert best.rank_ic == pytest.approx(drawn, abs=0.015)


def test_in_the_relative_market_the_direction_is_nearly_unknown_and_the_rank_is_not(relative):
    """.025 of the news less the session's mean: direction .5 + .49 E|mean| at best, rank correlation above .2."""
    truth = relative.truth
    news = truth["news"] - truth.groupby("session")["news"].transform("mean")
    np.testing.assert_allclose(truth["mean"], 0.025 * news, atol=1e-12)
    best = optimum(truth)
    # The density of t5 of unit variance at 0 is 8 / (3 pi sqrt 3) = .4901.
    assert best.accuracy == pytest.approx(0.5 + 8 / (3 * np.pi * np.sqrt(3)) * truth["mean"].abs().mean(), abs=1e-5)
    assert 0.505 < best.accuracy < 0.515
    assert best.rank_ic > 0.2


def test_in_the_relative_market_the_best_ranking_has_its_expected_correlation(relative):
    """Realised Spearman coefficients over 600 sessions, within three standard errors of the closed form."""
    truth = relative.truth.dropna(subset="realised_return")
    realised = truth.groupby("session")[["relative", "realised_return"]].apply(
        lambda rows: spearmanr(rows["relative"], rows["realised_return"]).statistic
    )
    expected = optimum(truth).rank_ic
    assert abs(realised.mean() - expected) < 3 * realised.std() / np.sqrt(len(realised))


def test_in_the_relative_market_tickers_move_together(relative):
    """Correlation .99, and one volatility for all, so that no ticker ranks high or low by how much it moves."""
    returns = relative.truth.dropna().pivot(index="session", columns="ticker", values="realised_return")
    assert returns.corr().to_numpy().min() > 0.97
    by_session = relative.truth.groupby("session")["volatility"]
    assert (by_session.max() == by_session.min()).all()


@pytest.mark.parametrize("kind", ["null", "leak_recap", "leak_overnight", "leak_backdated"])
def test_no_order_is_known_where_nothing_is(kind):
    """Every ticker stands in the middle; size is known there as everywhere."""
    best = optimum(SimulatedMarket(kind, n_sessions=60, n_tickers=10, seed=4).truth)
    assert best.rank_ic == 0.0
    assert best.qlike < best.qlike_constant
