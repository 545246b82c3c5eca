"""What is shown of a ticker agrees with itself, and intervals hold as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from stockseq.models.distribution import (
    Calibration,
    Readings,
    calibrate,
    describe,
    describe_apart,
    probabilities,
    read_outputs,
)

VOLATILITY = np.full(4, 0.01)
HEADS = {
    "direction": np.array([0.3, 0.5, 0.6, 0.9]),
    "return": np.array([-1.0, 0.0, 0.5, 1.0]),
    "relative": np.array([2.0, 1.0, 0.0, -1.0]),
    "size": np.log([0.5, 1.0, 1.0, 2.0]),
}


def test_the_quantiles_without_a_calibration_are_those_of_the_normal_law():
    """As scipy 1.17 gives them, to the bit."""
    default = Calibration()
    assert (default.quantile_80, default.quantile_95) == (norm.ppf(0.9), norm.ppf(0.975))


def without(*heads: str) -> dict[str, np.ndarray]:
    return {head: values for head, values in HEADS.items() if head not in heads}


def flat(n: int) -> Readings:
    """Forecasts of no direction and a sigma of 1 %."""
    return read_outputs([{"direction": np.full(n, 0.5)}], np.full(n, 0.01))


def calibrate_moves(moves: np.ndarray) -> Calibration:
    """Calibrate flat forecasts on log returns of so many percent."""
    return calibrate(flat(len(moves)), np.full(len(moves), 0.01), np.expm1(0.01 * moves))


def test_the_quantiles_are_the_conformal_ones() -> None:
    """Of 99 distances 1 to 99, 80 % of 100 is the 80th and 95 % the 95th; their signs play no part."""
    distances = np.arange(1.0, 100.0)
    learnt = calibrate_moves(np.where(distances % 2 == 0, distances, -distances) / 10)
    assert (learnt.quantile_80, learnt.quantile_95) == pytest.approx((8.0, 9.5), rel=1e-12)
    assert learnt.n == 99


def test_with_few_outcomes_the_largest_stands_for_what_was_not_seen() -> None:
    """95 % of 11 is the 11th of ten."""
    assert calibrate_moves(np.arange(1.0, 11.0)).quantile_95 == pytest.approx(10.0, rel=1e-12)


@pytest.mark.parametrize(("freedom", "near", "far"), [(3, 1.6377, 3.1824), (5, 1.4759, 2.5706), (30, 1.3104, 2.0423)])
def test_the_freedom_is_that_of_the_table(freedom: int, near: float, far: float) -> None:
    """Quantiles .90 and .975 of Student's t, from the printed tables; planted as the 80th and 95th of 99 outcomes."""
    moves = np.concatenate([np.full(79, 0.1), np.full(15, near), np.full(5, far)])
    moves[np.arange(0, 99, 2)] *= -1
    assert calibrate_moves(moves).freedom == pytest.approx(freedom, rel=0.01)


def test_thin_tails_are_the_normal_law() -> None:
    """Uniform outcomes have thinner tails than any Student t."""
    learnt = calibrate_moves(np.linspace(-1.0, 1.0, 400))
    assert learnt.freedom is None
    assert learnt.location(np.array([0.9]))[0] == pytest.approx(learnt.quantile_80, rel=1e-12)


def test_what_never_moved_teaches_nothing() -> None:
    """An interval of no width would be a claim that no sample can show."""
    assert calibrate_moves(np.zeros(5)) == Calibration()
    assert calibrate_moves(np.zeros(0)) == Calibration()


def test_without_a_calibration_the_law_is_the_normal_one() -> None:
    """By hand: 1.2816 and 1.96 standard deviations of 1 %, in logarithms."""
    columns, _ = describe(flat(1), Calibration(), np.array([0.01]), 0.01)
    assert columns["high_80"][0] == pytest.approx(np.expm1(0.012815516), abs=1e-9)
    assert columns["low_95"][0] == pytest.approx(np.expm1(-0.01959964), abs=1e-9)


def test_the_direction_alone_keeps_its_probability() -> None:
    """The location follows from it: at .9 it lies one 80 % distance above 0."""
    readings = read_outputs([without("return")], VOLATILITY)
    calibration = Calibration(quantile_80=1.5, quantile_95=2.6, freedom=5.0, n=9)
    columns, by_network = describe(readings, calibration, VOLATILITY, 0.01)
    assert by_network.tolist() == [HEADS["direction"].tolist()]
    assert columns["expected_return"][3] == pytest.approx(np.expm1(1.5 * 0.02), rel=1e-9)


@pytest.mark.parametrize("heads", [HEADS, without("direction")])
def test_the_return_gives_the_probability(heads: dict[str, np.ndarray]) -> None:
    """A return of one volatility at a sigma of two is half a sigma: Phi(.5) = .6915; the direction only trains."""
    readings = read_outputs([heads], VOLATILITY)
    assert probabilities(readings, Calibration(), VOLATILITY)[0, 3] == pytest.approx(0.6914624613, abs=1e-9)


def test_sigma_is_the_volatility_times_the_size() -> None:
    """The ensemble's is the geometric mean; without the head it is the volatility."""
    twice = read_outputs([{"size": np.log([1.0])}, {"size": np.log([4.0])}], np.array([0.01]))
    assert twice.sigma.tolist() == pytest.approx([0.02])
    assert read_outputs([without("size")], VOLATILITY).sigma.tolist() == VOLATILITY.tolist()


def test_the_rank_counts_both_views() -> None:
    """By hand: half a standard deviation, and a return of one volatility of 2 %, which is two of the median's 1 %."""
    heads = {"return": np.array([1.0, 0.0]), "relative": np.array([0.5, 0.5])}
    volatility = np.full(2, 0.02)
    columns, _ = describe(read_outputs([heads], volatility), Calibration(), volatility, 0.01)
    assert columns["relative"].tolist() == [2.5, 0.5]
    columns, _ = describe(read_outputs([without("return")], VOLATILITY), Calibration(), VOLATILITY, 0.01)
    assert columns["relative"].tolist() == HEADS["relative"].tolist()


def test_a_model_from_before_names_each_head_by_itself() -> None:
    """As 0.2 did: the mean return times the volatility, whatever the probability says."""
    columns, by_network = describe_apart(read_outputs([without("size")], VOLATILITY), VOLATILITY)
    assert columns["expected_return"].tolist() == pytest.approx([-0.01, 0.0, 0.005, 0.01])
    assert by_network.tolist() == [HEADS["direction"].tolist()]
    assert set(columns) == {"probability_up", "expected_return", "relative"}


FINITE = st.floats(-3.0, 3.0)


@given(
    direction=st.lists(st.floats(1e-4, 1 - 1e-4), min_size=1, max_size=3),
    scaled=FINITE,
    size=FINITE,
    ratio=st.floats(1.01, 4.0),
    one_head=st.sampled_from([(), ("direction",), ("return",)]),
)
def test_what_is_shown_agrees_with_itself(
    direction: list[float], scaled: float, size: float, ratio: float, one_head: tuple[str, ...]
) -> None:
    """Whatever the heads say: one sign, and the expected return inside both intervals, the wide around the narrow."""
    outputs = [
        {"direction": np.array([up]), "return": np.array([scaled]), "size": np.array([size])} for up in direction
    ]
    outputs = [{head: values for head, values in output.items() if head not in one_head} for output in outputs]
    volatility = np.array([0.01])
    calibration = Calibration(quantile_80=1.2, quantile_95=1.2 * ratio, freedom=4.0, n=9)
    columns, _ = describe(read_outputs(outputs, volatility), calibration, volatility, 0.01)
    shown = {name: float(values[0]) for name, values in columns.items()}
    assert (shown["probability_up"] > 0.5) == (shown["expected_return"] > 0) or shown["expected_return"] == 0
    assert shown["low_95"] < shown["low_80"] < shown["expected_return"] < shown["high_80"] < shown["high_95"]
